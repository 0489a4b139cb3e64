"""A visit killed at forty instants in every way there is: it ends closed, or held with one instruction that helps.

bench/sections/visit_kill.py does so at 1400 points.
"""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from visit_kills import FAULTS, HOST_LIVES, KillEnd, Kills, instants_s, programme_starts_s

POINTS = 40
SEED = 2
ALWAYS_CLOSE = ("extractor_killed", "driver_killed", "cable", "estop", "door")


@pytest.fixture(scope="module")
def ends(robot) -> list[KillEnd]:
    starts_s, ends_s = programme_starts_s(robot, SEED)
    instants = instants_s(starts_s, ends_s, POINTS, SEED)
    return Kills(robot, SEED).run(zip(instants, cycle(FAULTS)))


def test_every_end_is_closed_or_held_with_one_instruction_and_nothing_is_violated(ends) -> None:
    assert len(ends) == POINTS
    assert [str(end) for end in ends if end.wrong] == []
    assert {end.end for end in ends} <= {"closed", "held"}
    assert sum(end.violations for end in ends) == 0
    for end in ends:
        assert end.end == "closed" or end.instruction.count("bee recover") == 1, end


def test_where_host_and_board_keep_their_wits_the_hive_is_closed_without_a_person(ends) -> None:
    assert [str(end) for end in ends if end.fault in ALWAYS_CLOSE and end.end != "closed"] == []
    assert set(HOST_LIVES) - {"board_reset"} <= set(ALWAYS_CLOSE)


def test_after_a_person_has_done_what_was_asked_the_hive_is_closed(ends) -> None:
    held = [end for end in ends if end.end == "held"]
    assert [str(end) for end in held if end.by_hand != "closed"] == []


def test_points_are_spread_over_the_whole_visit() -> None:
    starts_s = [20.0, 30.0, 55.0, 90.0]
    instants = instants_s(starts_s, 400.0, 60)
    assert len(set(instants)) == 60 and instants == sorted(instants)
    assert instants[0] < 30.0 and instants[-1] > 380.0
    soon = [at for at in instants if any(0 < at - start < 0.3 for start in starts_s)]
    assert len(soon) >= 6
