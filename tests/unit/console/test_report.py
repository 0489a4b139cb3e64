"""The report of a visit: says what is known, nothing else, and needs nothing but itself."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from seen_comb import record_visit

from bee_robot.cli import report as verb
from bee_robot.cli.locations import remember_store
from bee_robot.cli.main import main as bee
from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import InspectionStart
from bee_robot.console.report import write_report
from bee_robot.console.report_pictures import PictureShelf, pictures_of
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate, FaceAnalysis, FaceMap
from bee_robot.hive.inspection import EndState, EventKind, Phase, VisitEvent, VisitOutcome
from bee_robot.rulebook import Violation
from bee_robot.sim.hive_world import HiveWorld

Photographer = Callable[..., bytes]
VOID = {"meta", "input", "img", "br", "hr", "link", "rect", "polyline"}


class Page(HTMLParser):
    """Text, tags and pictures of a report; complains about tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID or (tag == "rect" and not (self.get_starttag_text() or "").endswith("/>")):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing that is open: {self.open}"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.text.replace("\u202f", " "))


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def analysis(bees: float, brood_dm2: float, *warnings: str) -> FaceAnalysis:
    return FaceAnalysis(
        bees=Estimate(bees, bees * 0.8, bees * 1.2, "bees", "counted by a child"),
        bee_coverage=Estimate(0.5, 0.4, 0.6, "share", "dark pixels"),
        comb_area=Estimate(11.0, 10.5, 11.5, "dm2", "outline"),
        areas={
            CellClass.CAPPED_BROOD: Estimate(brood_dm2, brood_dm2 * 0.8, brood_dm2 * 1.2, "dm2", "texture")
        },
        warnings=warnings,
        pictures=(),
        model="simple",
        model_version="1",
        runtime_provider="opencv",
    )


def photographed(store: LocalStore, visit: str, frame: int, face: str, data: bytes) -> int:
    place = {"inspection": visit, "box": 1, "frame": frame, "face": face}
    sha256 = store.save_picture(data, camera=f"{face}_left", view="whole", source="rendered", **place)
    return store.add_face(**place, pictures=[sha256])


def ended(visit: str, **facts: object) -> VisitOutcome:
    values = {
        "end_state": EndState.CLOSED,
        "was_opened": True,
        "open_time_s": 425.0,
        "visit_time_s": 500.0,
        **facts,
    }
    return VisitOutcome(inspection=visit, hive="linden", box=1, **values)  # type: ignore[arg-type]


@pytest.fixture
def visit(store: LocalStore, start: InspectionStart, photograph: Photographer) -> str:
    """Two frames, four faces: two analysed, one failed, one without photograph; closed after 7 min 05 s."""
    visit = store.begin_inspection(start)
    for t_s, kind, phase, frame in (
        (1000.0, EventKind.PHASE, Phase.PEEL, 0),
        (1010.0, EventKind.OPENED, Phase.PEEL, 0),
        (1060.0, EventKind.FRAME, Phase.FRAMES, 1),
        (1100.0, EventKind.FRAME_DONE, Phase.FRAMES, 1),
        (1100.0, EventKind.FRAME, Phase.FRAMES, 2),
        (1140.0, EventKind.FRAME_DONE, Phase.FRAMES, 2),
        (1435.0, EventKind.CLOSED, Phase.CLOSE, 0),
        (1500.0, EventKind.END, Phase.END, 0),
    ):
        store.add_event(visit, VisitEvent(t_s, kind, phase, frame, 2, ""))
    for face, bees in (("rear", 100.0), ("front", 300.0)):
        face_id = photographed(store, visit, 1, face, photograph(90))
        warnings = ("no brood told", "it is hidden") if face == "rear" else ("no brood told",)
        store.record_analysis(face_id, analysis(bees, 2.0, *warnings), photograph(180))
    dark = photographed(store, visit, 2, "rear", photograph(0))
    store.record_failed_analysis(dark, "the photograph is black; check the strobe")
    store.add_face(visit, box=1, frame=2, face="front", missing_because="camera front_left gave no picture")
    store.end_inspection(visit, ended(visit))
    return visit


def test_the_report_says_what_the_visit_found_and_how_it_ended(store: LocalStore, visit: str) -> None:
    path = write_report(store, visit)
    page = read(path)
    assert path.parent == store.root / "reports"
    assert "linden, box 1" in page.words and "Sunday 21 June 2026, 12:00 (UTC+3)" in page.words
    assert "Closed and safe" in page.words
    assert "Open for 7 min 05 s" in page.words and "within the limit" in page.words
    assert "3 of 4 comb faces were photographed, 2 analysed" in page.words
    assert "About 400 bees (320 to 480) on the 2 faces counted." in page.words
    assert "comb sides hidden by bees1.0 of 2" in page.words
    assert "4.0 dm²" in page.words and "3.2 to 4.8, 90 % interval" in page.words
    assert "Capped brood takes about 18 % of the comb" in page.words
    assert "The analysis failed: the photograph is black; check the strobe" in page.words
    assert "No photograph: camera front_left gave no picture" in page.words
    assert "Counted by a child" in page.words and "simple 1, run by opencv" in page.words


def test_what_every_face_warns_of_is_said_once(store: LocalStore, visit: str) -> None:
    page = read(write_report(store, visit))
    assert page.words.count("On all faces: no brood told") == page.words.count("no brood told") == 1
    assert page.words.count("It is hidden") == 1


def test_what_the_method_cannot_tell_is_not_made_up(store: LocalStore, visit: str) -> None:
    page = read(write_report(store, visit))
    assert "Honey and nectar not known" in page.words
    assert "could not tell: larvae, eggs, drone brood, capped honey, nectar, bee bread" in page.words


def test_a_number_that_differs_from_face_to_face_becomes_its_range(
    store: LocalStore, visit: str, photograph: Photographer
) -> None:
    for face, hidden_dm2 in (("rear", "10.5"), ("front", "2.25")):
        read_by = analysis(100.0, 2.0)
        area = replace(
            read_by.areas[CellClass.CAPPED_BROOD], method=f"told by 1 child; {hidden_dm2} dm2 under bees"
        )
        again = photographed(store, visit, 2, face, photograph(90))
        store.record_analysis(again, replace(read_by, areas={CellClass.CAPPED_BROOD: area}), photograph(180))
    assert "Told by 1 child; 2.25 to 10.5 dm² under bees" in read(write_report(store, visit)).words


def test_the_report_needs_nothing_outside_itself(store: LocalStore, visit: str) -> None:
    html = write_report(store, visit).read_text(encoding="utf-8")
    page = Page(html)
    assert page.of("link") == []
    assert all((image["src"] or "").startswith("data:") for image in page.of("img"))
    assert all("src" not in script for script in page.of("script"))
    assert not re.search(r"https?://|url\(|@import", html)


def test_every_photograph_is_there_with_words_for_who_cannot_see_it(store: LocalStore, visit: str) -> None:
    page = read(write_report(store, visit))
    shown = {image["alt"]: image["src"] or "" for image in page.of("img") if image["alt"]}
    assert list(shown) == [
        "Rear face of frame 1",
        "Front face of frame 1",
        "Rear face of frame 2",
    ]
    greys = [round(float(picture_of(uri).mean()), -1) for uri in shown.values()]
    assert greys == [180, 180, 0]  # the straightened face where there is one
    assert all(
        svg.get("aria-label") or svg.get("aria-hidden") or svg.get("role") != "img" for svg in page.of("svg")
    )


def test_a_twelve_megapixel_photograph_is_shown_at_900_pixels(
    store: LocalStore, start: InspectionStart, photograph: Photographer
) -> None:
    visit = store.begin_inspection(start)
    photographed(store, visit, 1, "rear", photograph(120, width_px=3000, height_px=4000))
    page = read(write_report(store, visit))
    uri = next(image["src"] or "" for image in page.of("img") if image["alt"])
    assert picture_of(uri).shape == (900, 675, 3)


def test_both_halves_of_a_face_stand_beside_each_other_left_first(
    store: LocalStore, start: InspectionStart, photograph: Photographer
) -> None:
    visit = store.begin_inspection(start)
    right = store.save_picture(photograph(200), camera="rear_right", view="right_half")
    left = store.save_picture(photograph(50), camera="rear_left", view="left_half")
    store.add_face(visit, box=1, frame=1, face="rear", pictures=[right, left])
    page = read(write_report(store, visit))
    assert [image["alt"] for image in page.of("img") if image["alt"]] == [
        "Rear face of frame 1, left half",
        "Rear face of frame 1, right half",
    ]


def picture_of(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.partition(",")[2])
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels


def test_the_same_facts_lie_beside_it_as_json(store: LocalStore, visit: str) -> None:
    path = write_report(store, visit)
    data = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert data["record"]["id"] == visit
    assert data["ending"] == "closed"
    assert data["open_time_s"] == 425.0
    assert data["summary"]["bees"]["estimate"]["value"] == 400.0
    assert data["summary"]["areas"]["capped_brood"]["estimate"]["high"] == pytest.approx(4.8)
    picture = data["record"]["faces"][0]["pictures"][0]
    assert (store.root / picture["path"]).read_bytes() == store.picture_bytes(picture["sha256"])


def test_a_held_visit_puts_the_instruction_first(store: LocalStore, start: InspectionStart) -> None:
    visit = store.begin_inspection(start)
    store.add_event(visit, VisitEvent(0.0, EventKind.OPENED, Phase.PEEL, 0, 2, ""))
    store.add_violation(visit, Violation("R5", 20.0, "lift_left", 14.2, 5.0, "contact while lowering"))
    outcome = ended(
        visit, end_state=EndState.HELD, instruction="Lift the lid by hand.", alert="contact_early"
    )
    store.end_inspection(visit, outcome)
    page = read(write_report(store, visit))
    assert "Held: a person is needed" in page.words and "Lift the lid by hand." in page.words
    assert "A207" in page.words
    assert "at least 7 min 05 s" in page.words and "it may be open still" in page.words
    assert "R5, contact while lowering: lift_left 14.2, limit 5" in page.words
    assert page.words.index("Lift the lid by hand.") < page.words.index("What was found")


def test_an_interrupted_visit_sends_somebody_to_the_hive(
    tmp_path: Path, start: InspectionStart, photograph: Photographer
) -> None:
    with LocalStore.open(tmp_path) as writer:
        visit = writer.begin_inspection(start)
        writer.add_event(visit, VisitEvent(5.0, EventKind.OPENED, Phase.PEEL, 0, 2, ""))
        writer.add_event(visit, VisitEvent(65.0, EventKind.FRAME, Phase.FRAMES, 1, 2, ""))
        writer.save_picture(
            photograph(9), camera="rear_left", view="whole", inspection=visit, box=1, frame=1, face="rear"
        )
    with LocalStore.open(tmp_path, create=False) as store:
        page = read(write_report(store, visit))
    assert "Interrupted" in page.words and "Look at the hive now" in page.words
    assert "nothing says that it was closed" in page.words
    assert "at least 1 min 00 s" in page.words
    assert "Photographs that no finished face claims" in page.words
    assert "Closed and safe" not in page.words


def test_a_visit_still_running_says_so(store: LocalStore, start: InspectionStart) -> None:
    visit = store.begin_inspection(start)
    assert "Still running" in read(write_report(store, visit)).words


def test_a_visit_that_opened_nothing_says_why(store: LocalStore, start: InspectionStart) -> None:
    visit = store.begin_inspection(start)
    store.end_inspection(
        visit, ended(visit, was_opened=False, open_time_s=0.0, refusals=("wind 9.1 m/s, at most 8",))
    )
    page = read(write_report(store, visit))
    assert "Not opened" in page.words and "wind 9.1 m/s, at most 8" in page.words
    assert "No face was photographed, because the box was not opened." in page.words
    assert "Open for" not in page.words


def test_an_override_is_named(store: LocalStore, start: InspectionStart) -> None:
    visit = store.begin_inspection(replace(start, override_by="Ann", override_reason="swarm in sight"))
    assert "Opened against the conditions by Ann: swarm in sight" in read(write_report(store, visit)).words


def test_hostile_names_and_texts_stay_text(
    store: LocalStore, start: InspectionStart, photograph: Photographer
) -> None:
    evil = "</style><script>alert('bees')</script>\"><img src=x onerror=alert(1)>"
    hostile = replace(
        start, hive=evil, robot=evil, override_by=evil, override_reason=evil, software_version=evil
    )
    visit = store.begin_inspection(replace(hostile, conditions={evil: evil}))
    store.add_event(
        visit, VisitEvent(0.0, EventKind.OPENED, Phase.PEEL, 0, 2, evil, {"left_kg": 1.0, "right_kg": 2.0})
    )
    store.add_event(visit, VisitEvent(9.0, EventKind.ALERT, Phase.PEEL, 0, 2, evil))
    store.add_violation(visit, Violation(evil, 1.0, evil, 1.0, 2.0, evil))
    sha256 = store.save_picture(photograph(1), camera=evil, view="whole", calibration=evil, source=evil)
    face_id = store.add_face(visit, box=1, frame=1, face="rear", pictures=[sha256], frame_tag=evil)
    store.record_analysis(face_id, replace(analysis(1.0, 1.0, evil), model=evil, runtime_provider=evil))
    failed = store.add_face(visit, box=1, frame=1, face="front", pictures=[sha256])
    store.record_failed_analysis(failed, evil)
    store.add_face(visit, box=1, frame=2, face="rear", missing_because=evil)
    store.end_inspection(visit, ended(visit, end_state=EndState.HELD, instruction=evil, explanation=evil))

    path = write_report(store, visit)

    page = read(path)
    assert len(page.of("script")) == 1
    assert all("onerror" not in attributes for _, attributes in page.tags)
    assert all((image["src"] or "").startswith("data:") for image in page.of("img"))
    assert evil in page.text
    assert path.parent == store.root / "reports" and "<" not in path.name


def test_a_damaged_photograph_leaves_a_gap_not_a_crash(store: LocalStore, visit: str) -> None:
    record = store.inspection(visit)
    latest = record.faces[0].latest
    assert latest is not None
    store.picture_path(latest.straight[0].sha256).write_bytes(b"dust")
    page = read(write_report(store, visit))
    assert "This picture cannot be shown: a picture is damaged" in page.words
    assert any(image["alt"] == "Rear face of frame 2" for image in page.of("img"))


def test_a_report_that_cannot_be_written_says_where(store: LocalStore, visit: str) -> None:
    with pytest.raises(StoreError, match="the report cannot be written.*--out FILE"):
        write_report(store, visit, Path("/proc/nowhere/report.html"))


def test_maps_are_in_the_data_in_full_and_on_one_line(store: LocalStore, start: InspectionStart) -> None:
    visit = record_visit(store, start, HiveWorld(3, boxes=1, frames_per_box=1), frames=1)
    text = write_report(store, visit).with_suffix(".json").read_text(encoding="utf-8")
    data = json.loads(text)
    assert data["format"] == "bee_robot report 2"
    found = data["record"]["faces"][0]["latest"]["analysis"]["map"]
    face = store.inspection(visit).faces[0].analysis
    assert (
        face is not None
        and face.map is not None
        and FaceMap.from_dict(found) == FaceMap.from_dict(face.map.to_dict())
    )
    assert text.count("\n") < 2500
    assert data["frames"][0]["sums"]["stores_kg"].keys() == {"honey", "nectar", "pollen"}
    assert {statement["topic"] for statement in data["colony"]["statements"]} > {"Queen", "Eggs", "Stores"}


def test_pictures_share_the_weight_of_the_page(store: LocalStore, start: InspectionStart) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1116, 1640, 3), np.uint8)  # nothing compresses worse
    data = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    visit = store.begin_inspection(start)
    face = photographed(store, visit, 1, "rear", data)
    store.record_analysis(face, analysis(1.0, 1.0), data)
    record = store.inspection(visit).faces[0]
    shown = PictureShelf(store, 20).show(pictures_of(record))[0]
    assert len(data) > 2e6 and len(shown.uri) < 8e6 / 20 * 1.4
    assert (shown.width_px, shown.height_px) == (1640, 1116)  # the place that it takes


# -- bee report


def test_bee_report_writes_the_latest_visit_of_a_store(
    store: LocalStore, visit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bee([verb.NAME, "--store", str(store.root), "--open-path-only"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert "Closed and safe" in read(path).words


def test_bee_report_takes_the_beginning_of_an_id_and_a_file_to_write(
    store: LocalStore, visit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mail" / "linden.html"
    assert bee([verb.NAME, visit[:8], "--store", str(store.root), "--out", str(out)]) == 0
    assert "linden, box 1: closed, 3 faces photographed, 2 analysed" in capsys.readouterr().out
    assert out.is_file() and out.with_suffix(".json").is_file()


def test_bee_report_lists_what_there_is(
    store: LocalStore, visit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bee([verb.NAME, "--store", str(store.root), "--list"]) == 0
    assert capsys.readouterr().out.split() == [
        visit[:8],
        "2026-06-21",
        "09:00",
        "UTC",
        "linden",
        "box",
        "1",
        "closed",
    ]


def test_bee_report_without_a_store_is_one_line_and_an_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bee([verb.NAME, "--store", str(tmp_path / "nowhere")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        captured.err.count("\n") == 1
        and "there is no store here" in captured.err
        and "--store" in captured.err
    )


def test_bee_report_finds_the_store_of_the_last_inspection_by_itself(
    store: LocalStore,
    visit: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("BEE_STORE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert bee([verb.NAME, "--list"]) == 2  # nothing was inspected here yet
    remember_store(store.root)
    assert bee([verb.NAME, "--list"]) == 0
    assert visit[:8] in capsys.readouterr().out
    monkeypatch.setenv("BEE_STORE", str(tmp_path / "another"))
    assert bee([verb.NAME, "--list"]) == 2
    assert str(tmp_path / "another") in capsys.readouterr().err
