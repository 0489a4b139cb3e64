"""Clocks that drift, round trips that are late, counters that overflow: the truth lies within what is claimed."""

from __future__ import annotations

import math
import random

import pytest

from bee_robot.mcu.clock_relation import DRIFT_MAX, ClockRelation


class Clocks:
    """A host and a board whose clock runs `fast` times as fast and began at `begin_s` of the host's."""

    def __init__(self, begin_s: float, fast: float, chance: random.Random, start_us: int = 0) -> None:
        self.begin_s, self.fast, self.chance, self.start_us = begin_s, fast, chance, start_us
        self.relation = ClockRelation()

    def board_us(self, host_s: float) -> int:
        return int((host_s - self.begin_s) * self.fast * 1e6 + self.start_us) & 0xFFFFFFFF

    def heartbeat(self, at_s: float) -> None:
        """There and back take 1 ms at least; now and then the host is held up for 100 ms."""
        there_s = 0.0005 + self.chance.expovariate(1 / 0.0004)
        back_s = 0.0005 + self.chance.expovariate(1 / 0.0004) + (0.1 if self.chance.random() < 0.1 else 0)
        self.relation.add(at_s, at_s + there_s + back_s, self.board_us(at_s + there_s))


@pytest.mark.parametrize("fast", [1.0, 1.004, 0.9962, 1.00003])
@pytest.mark.parametrize("start_us", [0, 2**32 - 20_000_000])
def test_stamps_of_the_board_are_known_to_the_millisecond_whatever_its_resonator(
    fast: float, start_us: int
) -> None:
    clocks = Clocks(1000.0, fast, random.Random(int(fast * 1e6) + start_us), start_us)
    for beat in range(200 * 20):  # 200 s at 20 Hz
        at_s = 1005.0 + beat * 0.05
        clocks.heartbeat(at_s)
        if beat > 40:
            event_s = at_s - clocks.chance.uniform(0, 1.0)
            found = clocks.relation.board_time_to_host_s(clocks.board_us(event_s))
            assert (
                abs(found.time_s - event_s) <= found.uncertainty_s + 2e-6
            )  # the board counts whole microseconds
            assert found.uncertainty_s < (0.01 if beat < 400 else 0.003 if beat < 1280 else 0.0017)
    assert clocks.relation.drift == pytest.approx(1 / fast - 1, abs=clocks.relation.drift_uncertainty + 1e-7)
    assert clocks.relation.drift_uncertainty < 1e-4


def test_stamps_before_the_overflow_are_found_after_it() -> None:
    relation = ClockRelation()
    relation.add(10.0, 10.002, 2**32 - 500_000)
    relation.add(11.0, 11.002, 500_000)
    before = relation.board_time_to_host_s(2**32 - 1)
    after = relation.board_time_to_host_s(1)
    assert before.time_s == pytest.approx(10.501, abs=1e-4) and after.time_s == pytest.approx(
        10.501, abs=1e-4
    )
    assert after.time_s > before.time_s
    assert after.board_s == pytest.approx((2**32 + 1) / 1e6)


def test_without_an_echo_nothing_is_claimed() -> None:
    found = ClockRelation().board_time_to_host_s(123)
    assert found.uncertainty_s == math.inf and not ClockRelation().is_known


def test_one_echo_gives_an_offset_and_an_uncertainty_that_grows_with_the_worst_resonator() -> None:
    relation = ClockRelation()
    relation.add(100.0, 100.004, 7_000_000)
    now, later = relation.board_time_to_host_s(7_000_000), relation.board_time_to_host_s(17_000_000)
    assert now == (pytest.approx(100.002), pytest.approx(0.002), pytest.approx(7.0))
    assert later.time_s == pytest.approx(110.002)
    assert later.uncertainty_s == pytest.approx(0.002 + 10 * DRIFT_MAX)
    assert relation.offset_s == pytest.approx(93.002)


def test_a_held_up_host_does_not_spoil_what_was_known() -> None:
    clocks = Clocks(0.0, 1.0, random.Random(5))
    for beat in range(400):
        clocks.heartbeat(beat * 0.05)
    before_s = clocks.relation.board_time_to_host_s(clocks.board_us(19.9)).time_s
    clocks.relation.add(20.0, 21.5, clocks.board_us(20.1))  # the host slept for 1.4 s
    after_s = clocks.relation.board_time_to_host_s(clocks.board_us(19.9)).time_s
    assert after_s == pytest.approx(before_s, abs=1e-9)
