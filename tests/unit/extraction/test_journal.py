"""The journal remembers what the machine holds, whatever happens to the process that wrote it."""

from __future__ import annotations

import resource
import sqlite3
from pathlib import Path

import pytest

from bee_robot.clock import SteppedClock
from bee_robot.extraction.journal import CLOSED_STEP, OVERRIDE_STEP, Journal, JournalError

PAGE_BYTES = 4096
SYNCHRONOUS_FULL = 2  # of SQLite


def write(journal: Journal, step: str, box: int = 1, note: str = "", **belief: object) -> None:
    journal.write(step, inspection="visit_1", hive="hive_1", box=box, belief=belief, note=note)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "journal.sqlite"


def test_a_new_journal_says_nothing(path: Path) -> None:
    assert Journal(path, SteppedClock()).last() is None


def test_after_a_crash_the_last_step_is_there(path: Path) -> None:
    clock = SteppedClock(12.0)
    write(Journal(path, clock), "peel left", held=None)
    write(
        Journal(path, clock), "take frame", note="frame 4", held=[4, -8.0]
    )  # never closed: the process died

    entry = Journal(path, clock).last()

    assert entry is not None
    assert (entry.step, entry.note, entry.belief, entry.robot_s) == (
        "take frame",
        "frame 4",
        {"held": [4, -8.0]},
        12.0,
    )
    assert not entry.is_closed


def test_how_each_box_was_left_is_found_again(path: Path) -> None:
    journal = Journal(path, SteppedClock())
    write(journal, CLOSED_STEP, box=1, gap="front")
    write(journal, "approach", box=2)
    write(journal, CLOSED_STEP, box=2, gap="back")

    left = journal.last_closed("hive_1", 1)
    assert left is not None and left.belief == {"gap": "front"}
    assert journal.last_closed("hive_1", 3) is None
    assert journal.last_closed("hive_2", 1) is None


def test_an_override_is_kept_and_is_no_step_of_the_machine(path: Path) -> None:
    journal = Journal(path, SteppedClock())
    write(journal, CLOSED_STEP)
    write(journal, OVERRIDE_STEP, note="Mari: swarm cells")

    last = journal.last()
    assert last is not None and last.is_closed
    assert [entry.note for entry in journal.of_inspection("visit_1")] == ["", "Mari: swarm cells"]


def test_nothing_in_it_can_be_changed_or_removed(path: Path) -> None:
    write(Journal(path, SteppedClock()), "peel left")
    with sqlite3.connect(path) as database:
        for statement in ("UPDATE journal SET step = 'closed'", "DELETE FROM journal"):
            with pytest.raises(sqlite3.IntegrityError, match="journal"):
                database.execute(statement)


def test_a_file_that_is_no_journal_is_named_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("this is not a database, it is a letter " * 50)
    with pytest.raises(JournalError, match=r"journal.sqlite.*correct"):
        Journal(path, SteppedClock())


def test_a_damaged_journal_is_not_opened(path: Path) -> None:
    journal = Journal(path, SteppedClock())
    for number in range(200):
        write(journal, "peel left", note="x" * 200 + str(number))
    journal.close()
    content = bytearray(path.read_bytes())
    assert len(content) > 20000
    for page in range(4, len(content) // PAGE_BYTES):
        content[page * PAGE_BYTES : page * PAGE_BYTES + 16] = b"\xff" * 16
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"journal.sqlite.*(damaged|malformed)"):
        Journal(path, SteppedClock())


def test_a_journal_on_a_full_disk_says_so(path: Path) -> None:
    journal = Journal(path, SteppedClock())
    write(journal, "peel left")
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, unlimited[1]))
    try:
        with pytest.raises(JournalError, match="free space"):
            for _ in range(200):
                write(journal, "peel right", note="x" * 4000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    last = journal.last()
    assert last is not None, "what was written before can be read"


def test_every_entry_waits_for_the_disk(path: Path) -> None:
    synchronous = Journal(path, SteppedClock())._database.execute("PRAGMA synchronous").fetchone()
    assert synchronous == (SYNCHRONOUS_FULL,)


def test_the_newest_places_count_and_a_torn_write_leaves_those_before(path: Path) -> None:
    journal = Journal(path, SteppedClock())
    assert journal.kept_places() is None
    for height in range(5):
        journal.keep_places({"height": height})
    assert Journal(path, SteppedClock()).kept_places() == {"height": 4}
    file = path.with_suffix(".places")
    content = bytearray(file.read_bytes())
    newest = content.index(b'"height": 4')
    content[newest] ^= 1
    file.write_bytes(content)
    assert journal.kept_places() == {"height": 3}
    journal_again = Journal(path, SteppedClock())
    journal_again.keep_places({"height": 9})
    assert journal_again.kept_places() == {"height": 9}


def test_places_that_nobody_wrote_are_none(path: Path) -> None:
    journal = Journal(path, SteppedClock())
    path.with_suffix(".places").write_bytes(b"a letter, and no places at all")
    assert journal.kept_places() is None


def test_places_from_before_the_last_motion_are_none(path: Path) -> None:
    journal = Journal(path, SteppedClock())
    write(journal, "lower")
    journal.keep_places({"height": 1})
    write(journal, "held")
    assert journal.kept_places() == {"height": 1}, "nothing has moved since"
    write(journal, "roll closed")
    assert journal.kept_places() is None
    journal.keep_places({"height": 2})
    assert Journal(path, SteppedClock()).kept_places() == {"height": 2}


def test_places_of_another_journal_are_none(path: Path) -> None:
    journal = Journal(path, SteppedClock())
    for _ in range(3):
        write(journal, "lower")
    journal.keep_places({"height": 1})
    journal.close()
    for file in path.parent.glob("journal.sqlite*"):
        file.unlink()
    assert Journal(path, SteppedClock()).kept_places() is None
