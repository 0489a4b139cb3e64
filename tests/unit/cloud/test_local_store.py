"""A visit written as it happens, and read back whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bee_robot.clock import SteppedClock
from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LocalStore, default_root
from bee_robot.cloud.picture_files import NotAPicture
from bee_robot.cloud.records import FaceStatus, InspectionStart, InspectionState, LoadSample, ProblemKind
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate, FaceAnalysis, PictureSource
from bee_robot.hive.inspection import EndState, EventKind, FrameVisit, Phase, VisitEvent, VisitOutcome
from bee_robot.rulebook import Violation

Photographer = Callable[[int], bytes]


def analysis(bees: float = 120.0) -> FaceAnalysis:
    return FaceAnalysis(
        bees=Estimate(bees, bees * 0.8, bees * 1.3, "bees", "counted by colour"),
        bee_coverage=Estimate(0.3, 0.25, 0.36, "share", "dark pixels"),
        comb_area=None,
        areas={CellClass.HONEY: Estimate(2.0, 1.5, 2.6, "dm2", "shine")},
        warnings=("brood is not told apart",),
        pictures=(PictureSource("ab" * 32, 80, 60, "left_half"),),
        model="simple",
        model_version="1",
        runtime_provider="opencv",
    )


def outcome(inspection: str, end_state: EndState = EndState.CLOSED, **more: object) -> VisitOutcome:
    frame = FrameVisit(1, -150.0, -175.0, {"rear": ("ab" * 32,)}, taken_s=1.0, done_s=9.0)
    facts = {
        "frames": (frame,),
        "was_opened": True,
        "open_time_s": 301.5,
        "phases_s": {"frames": 200.0},
        **more,
    }
    return VisitOutcome(end_state, inspection, "linden", 1, **facts)  # type: ignore[arg-type]


def test_a_visit_is_read_back_as_it_was_written(
    store: LocalStore, start: InspectionStart, clock: SteppedClock
) -> None:
    visit = store.begin_inspection(start)
    peel = VisitEvent(
        104.5, EventKind.LOADS, Phase.PEEL, 0, 10, "the stack came free", {"left_kg": 21.5, "part": "lid"}
    )
    frame = VisitEvent(110.0, EventKind.FRAME, Phase.FRAMES, 3, 10, "frame 3")
    violation = Violation("R6", 111.0, "scan_left", 41.0, 40.0, "frame lift")
    store.add_event(visit, peel)
    store.add_event(visit, frame)
    store.add_loads(visit, [LoadSample(104.0, 20.0, 19.5), LoadSample(104.5, 21.5, 20.0)])
    store.add_violation(visit, violation)
    clock.advance_to(400.0)
    ended = outcome(visit)
    store.end_inspection(visit, ended)

    record = store.inspection(visit)
    assert record.start == start
    assert record.state is InspectionState.CLOSED
    assert record.outcome == ended
    assert record.ended_utc == clock.utc()
    assert [stored.event for stored in record.events] == [peel, frame]
    assert record.loads == (LoadSample(104.0, 20.0, 19.5), LoadSample(104.5, 21.5, 20.0))
    assert record.violations == (violation,)
    assert [stored.event for stored in store.events(visit, after=record.events[0].id)] == [frame]


def test_a_held_visit_keeps_what_a_person_has_to_do(store: LocalStore, start: InspectionStart) -> None:
    visit = store.begin_inspection(start)
    store.end_inspection(
        visit, outcome(visit, EndState.HELD, instruction="Lift the lid off", alert="contact_early")
    )
    summary = store.inspections()[0]
    assert summary.state is InspectionState.HELD
    assert summary.outcome is not None and summary.outcome.instruction == "Lift the lid off"


def test_a_visit_ends_only_once(store: LocalStore, start: InspectionStart) -> None:
    visit = store.begin_inspection(start)
    store.end_inspection(visit, outcome(visit))
    with pytest.raises(StoreError, match="already ended"):
        store.end_inspection(visit, outcome(visit, EndState.HELD))
    assert store.inspection(visit).state is InspectionState.CLOSED


def test_a_visit_runs_while_its_writer_lives_and_is_interrupted_after(
    tmp_path: Path, start: InspectionStart
) -> None:
    writer = LocalStore.open(tmp_path)
    visit = writer.begin_inspection(start)
    with LocalStore.open(tmp_path, create=False) as reader:
        assert reader.inspection(visit).state is InspectionState.RUNNING
        writer.close()
        assert reader.inspection(visit).state is InspectionState.INTERRUPTED
        assert reader.inspections()[0].state is InspectionState.INTERRUPTED
        reader.end_inspection(visit, outcome(visit))  # recovery closed the hive
        assert reader.inspection(visit).state is InspectionState.CLOSED


def test_a_face_carries_its_photographs_and_what_was_found(
    store: LocalStore, start: InspectionStart, photograph: Photographer
) -> None:
    visit = store.begin_inspection(start)
    place = {"inspection": visit, "box": 1, "frame": 3, "face": "rear"}
    left = store.save_picture(photograph(1), camera="rear_left", view="left_half", source="rendered", **place)
    right = store.save_picture(
        photograph(2), camera="rear_right", view="right_half", source="rendered", **place
    )
    face_id = store.add_face(**place, pictures=(left, right), frame_tag="17")
    assert [face.id for face in store.pending_faces(visit)] == [face_id]

    store.record_analysis(face_id, analysis(), photograph(3))

    assert store.pending_faces() == ()
    face = store.inspection(visit).faces[0]
    assert (face.status, face.frame, face.frame_tag, face.take) == (FaceStatus.ANALYSED, 3, "17", 1)
    assert [(p.camera, p.view, p.width_px, p.height_px) for p in face.pictures] == [
        ("rear_left", "left_half", 80, 60),
        ("rear_right", "right_half", 80, 60),
    ]
    assert face.analysis == analysis()
    assert face.latest is not None
    assert [store.picture_bytes(p.sha256) for p in face.latest.straight] == [photograph(3)]
    assert store.inspection(visit).loose_pictures == ()


def test_faces_come_in_the_order_of_the_box_rear_before_front(
    store: LocalStore, start: InspectionStart, photograph: Photographer
) -> None:
    visit = store.begin_inspection(start)
    for frame, side in ((2, "front"), (1, "front"), (2, "rear"), (1, "rear")):
        sha256 = store.save_picture(photograph(frame), camera="hand", view="whole")
        store.add_face(visit, box=1, frame=frame, face=side, pictures=[sha256])
    assert [(face.frame, face.face) for face in store.inspection(visit).faces] == [
        (1, "rear"),
        (1, "front"),
        (2, "rear"),
        (2, "front"),
    ]


def test_the_same_photograph_is_stored_once_but_counts_for_every_face_it_was_taken_of(
    store: LocalStore, start: InspectionStart, photograph: Photographer
) -> None:
    visit = store.begin_inspection(start)
    for frame in (1, 2, 3):
        sha256 = store.save_picture(
            photograph(7), camera="rear_left", view="whole", inspection=visit, box=1, frame=frame, face="rear"
        )
        store.add_face(visit, box=1, frame=frame, face="rear", pictures=[sha256])
    assert [face.pictures[0].frame for face in store.inspection(visit).faces] == [1, 2, 3]
    assert len(list((store.root / "pictures").glob("??/*.jpg"))) == 1
    assert store.picture_path(sha256).name == f"{sha256[2:]}.jpg"


def test_a_face_told_twice_is_one_face_and_photographed_again_a_new_take(
    store: LocalStore, start: InspectionStart, photograph: Photographer
) -> None:
    visit = store.begin_inspection(start)
    blurred = store.save_picture(photograph(1), camera="rear_left", view="whole")
    first = store.add_face(visit, box=1, frame=1, face="rear", pictures=[blurred])
    assert store.add_face(visit, box=1, frame=1, face="rear", pictures=[blurred]) == first
    sharp = store.save_picture(photograph(2), camera="rear_left", view="whole")
    second = store.add_face(visit, box=1, frame=1, face="rear", pictures=[sharp])
    assert second != first
    assert [face.id for face in store.inspection(visit).faces] == [second]
    assert store.find_face(visit, 1, 1, "rear") == store.face(second)
    assert [face.id for face in store.pending_faces()] == [second]
    assert store.face(first).pictures[0].sha256 == blurred


def test_a_face_without_photograph_says_why(store: LocalStore, start: InspectionStart) -> None:
    visit = store.begin_inspection(start)
    store.add_face(visit, box=1, frame=2, face="front", missing_because="camera front_left gave no picture")
    face = store.inspection(visit).faces[0]
    assert (face.status, face.missing_because) == (FaceStatus.MISSING, "camera front_left gave no picture")
    assert store.pending_faces() == ()
    with pytest.raises(ValueError, match="reason"):
        store.add_face(visit, box=1, frame=2, face="rear")


def test_a_failed_analysis_is_kept_until_a_later_one_succeeds(
    store: LocalStore, start: InspectionStart, photograph: Photographer
) -> None:
    visit = store.begin_inspection(start)
    sha256 = store.save_picture(photograph(1), camera="rear_left", view="whole")
    face_id = store.add_face(visit, box=1, frame=1, face="rear", pictures=[sha256])
    store.record_failed_analysis(face_id, "the photograph is black")
    failed = store.face(face_id)
    assert failed.status is FaceStatus.FAILED
    assert failed.latest is not None and failed.latest.error == "the photograph is black"
    assert store.pending_faces() == ()
    store.record_analysis(face_id, analysis())
    assert store.face(face_id).status is FaceStatus.ANALYSED


def test_a_photograph_whose_face_was_never_told_stays_with_its_visit(
    store: LocalStore, start: InspectionStart, photograph: Photographer
) -> None:
    visit = store.begin_inspection(start)
    sha256 = store.save_picture(
        photograph(1), camera="rear_left", view="left_half", inspection=visit, box=1, frame=4, face="rear"
    )
    record = store.inspection(visit)
    assert record.faces == ()
    assert [(p.sha256, p.frame, p.face) for p in record.loose_pictures] == [(sha256, 4, "rear")]


def test_inspections_are_listed_newest_first_and_found_by_the_beginning_of_their_id(
    store: LocalStore, start: InspectionStart
) -> None:
    first = store.begin_inspection(start)
    second = store.begin_inspection(replace(start, box=2, started_utc=start.started_utc - timedelta(days=9)))
    third = store.begin_inspection(replace(start, hive="oak"))
    assert [summary.id for summary in store.inspections()] == [third, second, first]
    assert [summary.id for summary in store.inspections(hive="linden", box=2)] == [second]
    assert store.find_inspection() == third
    assert store.find_inspection(first[:13]) == first
    with pytest.raises(StoreError, match="no inspection zzz"):
        store.find_inspection("zzz")


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\xff\xd8\xff", b"\xff\xd8 not really", b"\x89PNG\r\n\x1a\n"]
)
def test_bytes_that_are_no_picture_are_refused(store: LocalStore, data: bytes) -> None:
    with pytest.raises(NotAPicture):
        store.save_picture(data, camera="rear_left", view="whole")
    assert list((store.root / "pictures").glob("??/*")) == []


def test_a_damaged_and_a_lost_picture_are_found_by_the_integrity_check(
    store: LocalStore, photograph: Photographer
) -> None:
    kept, bent, lost = (
        store.save_picture(photograph(n), camera="rear_left", view="whole") for n in (1, 2, 3)
    )
    assert store.verify().is_sound
    path = store.picture_path(bent)
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    store.picture_path(lost).unlink()

    report = store.verify()

    assert report.pictures_checked == 3
    assert {problem.kind for problem in report.problems} == {ProblemKind.DAMAGED, ProblemKind.MISSING}
    assert all(kept[2:] not in problem.what for problem in report.problems)
    with pytest.raises(StoreError, match="damaged"):
        store.picture_bytes(bent)
    with pytest.raises(StoreError, match="missing"):
        store.picture_bytes(lost)
    assert store.picture_bytes(kept) == photograph(1)


def test_storing_a_lost_picture_again_heals_the_store(store: LocalStore, photograph: Photographer) -> None:
    sha256 = store.save_picture(photograph(1), camera="rear_left", view="whole")
    store.picture_path(sha256).write_bytes(b"")
    store.save_picture(photograph(1), camera="rear_left", view="whole")
    assert store.verify().is_sound


# -- folders that cannot be a store


def test_a_folder_without_store_is_not_made_one_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store here.*--store"):
        LocalStore.open(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("honey")
    with pytest.raises(StoreError, match="folder"):
        LocalStore.open(tmp_path / "notes.txt")


def test_a_text_file_in_the_place_of_the_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_text("this is not a database, whatever its name says" * 100)
    with pytest.raises(StoreError, match="no usable store"):
        LocalStore.open(tmp_path)
    assert (tmp_path / "store.sqlite").read_text().startswith("this is not a database")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.sqlite") as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(StoreError, match="not a bee_robot store"):
        LocalStore.open(tmp_path)


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    LocalStore.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "store.sqlite") as newer:
        newer.execute("INSERT INTO schema_versions VALUES (999, 'future', '2030-01-01T00:00:00.000000Z')")
    with pytest.raises(StoreError, match="schema 999.*update the software"):
        LocalStore.open(tmp_path)


def test_the_default_store_can_be_moved_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BEE_STORE", str(tmp_path))
    assert default_root() == tmp_path
    monkeypatch.delenv("BEE_STORE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert default_root() == tmp_path / "state" / "bee_robot" / "store"
