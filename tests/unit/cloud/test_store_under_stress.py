"""Killed writers, several writers at once, a full disk: what was confirmed is there, and nothing is torn."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import InspectionStart, InspectionState

WRITER = Path(__file__).with_name("visit_writer.py")
PROJECT = Path(__file__).parents[3]
KILLS = 20


def start_writer(root: Path, seed: int, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(root), str(seed), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def confirmed_until(writer: subprocess.Popen[str], lines: int) -> list[list[str]]:
    """What the writer says, up to so many lines or its end."""
    assert writer.stdout is not None
    said = []
    for line in writer.stdout:
        said.append(line.split())
        if len(said) == lines:
            break
    return said


def assert_all_there(root: Path, said: list[list[str]]) -> None:
    with LocalStore.open(root, create=False) as store:
        records = {value: store.inspection(value) for what, value in said if what == "begun"}
        events = {stored.id for record in records.values() for stored in record.events}
        faces = {face.id for record in records.values() for face in record.faces}
        for what, value in said:
            if what == "event":
                assert int(value) in events
            if what == "face":
                assert int(value) in faces
            if what == "picture":
                assert store.picture_bytes(value)
        assert store.verify().problems == ()


def test_a_writer_killed_at_any_instant_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    numbers = random.Random(5)
    said: list[list[str]] = []
    for kill in range(KILLS):
        writer = start_writer(tmp_path, kill)
        said += confirmed_until(writer, numbers.randint(1, 60))
        writer.kill()
        assert writer.stdout is not None
        said += [
            line.split() for line in writer.stdout if line.endswith("\n")
        ]  # confirmed before the kill arrived
        writer.wait(10)
        if kill % 5 == 4:
            assert_all_there(tmp_path, said)
    with LocalStore.open(tmp_path, create=False) as store:
        states = [summary.state for summary in store.inspections()]
        assert len(states) >= KILLS
        assert set(states) == {InspectionState.INTERRUPTED}
        assert store.verify().leftovers <= KILLS  # at most the picture in hand, each time


def test_three_processes_write_at_once(tmp_path: Path) -> None:
    writers = [start_writer(tmp_path, seed) for seed in (1, 2, 3)]  # the first to come creates the store
    said = []
    try:
        for writer in writers:
            said += confirmed_until(writer, 250)
    finally:
        for writer in writers:
            writer.terminate()
            writer.wait(10)
    assert all(writer.returncode == -15 for writer in writers), [w.stderr.read() for w in writers if w.stderr]
    assert len(said) == 750
    assert_all_there(tmp_path, said)
    with LocalStore.open(tmp_path, create=False) as store:
        assert {summary.start.robot[:7] for summary in store.inspections()} == {
            "tower_1",
            "tower_2",
            "tower_3",
        }


def test_on_a_full_disk_the_store_says_so_and_what_was_confirmed_stays(tmp_path: Path) -> None:
    writer = start_writer(tmp_path, 1, "1500000")  # the database's log outgrows this after some faces
    said = confirmed_until(writer, 100_000)
    assert writer.stderr is not None
    complaint = writer.stderr.read()
    assert writer.wait(30) == 3
    assert "cannot be written" in complaint and "free space" in complaint and str(tmp_path) in complaint
    assert len(said) > 50
    assert_all_there(tmp_path, said)


def test_a_picture_that_no_longer_fits_is_refused_whole(tmp_path: Path, start: InspectionStart) -> None:
    with LocalStore.open(tmp_path) as store:
        store.begin_inspection(start)
    writer = start_writer(tmp_path, 1, "32000")  # less than one photograph
    said = confirmed_until(writer, 100)
    assert writer.wait(30) == 3
    assert not [value for what, value in said if what == "picture"]
    with LocalStore.open(tmp_path, create=False) as store:
        report = store.verify()
        assert (report.problems, report.unreferenced, report.leftovers) == ((), 0, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere: run the tests as another user")
def test_a_store_that_may_not_be_written_is_an_error_with_a_remedy(
    tmp_path: Path, photograph: Callable[[int], bytes]
) -> None:
    with LocalStore.open(tmp_path / "store") as store:
        (tmp_path / "store" / "pictures" / "incoming").chmod(0o500)
        with pytest.raises(StoreError, match="permission"):
            store.save_picture(photograph(1), camera="rear_left", view="whole")
        (tmp_path / "store" / "pictures" / "incoming").chmod(0o700)


def test_a_folder_that_does_not_exist_and_cannot_be_made_is_an_error_with_a_remedy() -> None:
    with pytest.raises(StoreError, match="--store DIR"):
        LocalStore.open(Path("/proc/nowhere/store"))
