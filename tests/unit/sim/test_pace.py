"""A fast simulation waits for a slow host, and does not wait for a dead one."""

from __future__ import annotations

import pytest

from bee_robot.sim.pace import Pace

DEADLINE_S = 0.3


def test_time_runs_at_the_speed_asked_for_while_the_host_keeps_up() -> None:
    pace = Pace(4.0, DEADLINE_S, robot_s=0.0, wall_s=100.0)
    robot_s = 0.0
    for tick in range(1, 1001):
        robot_s = pace.may_reach_s(100.0 + tick * 0.002, last_heartbeat_s=max(0.001, robot_s))
    assert robot_s == pytest.approx(4.0 * 2.0, rel=0.01)


def test_never_further_ahead_of_a_living_host_than_half_the_deadline() -> None:
    pace = Pace(50.0, DEADLINE_S, robot_s=10.0, wall_s=0.0)
    for tick in range(1, 400):
        reached_s = pace.may_reach_s(tick * 0.002, last_heartbeat_s=10.0)
        assert reached_s <= 10.0 + DEADLINE_S / 2
    assert reached_s == pytest.approx(10.15)


def test_a_host_silent_for_a_second_of_wall_time_is_dead_and_time_runs_on() -> None:
    pace = Pace(1.0, DEADLINE_S, robot_s=10.0, wall_s=0.0)
    wall_s, reached_s = 0.0, 10.0
    while wall_s < 0.99:
        wall_s += 0.01
        reached_s = pace.may_reach_s(wall_s, last_heartbeat_s=10.0)
    assert reached_s <= 10.15 and pace.is_host_alive
    while wall_s < 2.0:
        wall_s += 0.01
        reached_s = pace.may_reach_s(wall_s, last_heartbeat_s=10.0)
    assert not pace.is_host_alive
    assert reached_s > 10.0 + DEADLINE_S


def test_before_the_first_heartbeat_nobody_is_waited_for() -> None:
    pace = Pace(2.0, DEADLINE_S, robot_s=0.0, wall_s=0.0)
    for tick in range(1, 101):
        reached_s = pace.may_reach_s(tick * 0.01, last_heartbeat_s=0.0)
    assert reached_s == pytest.approx(2.0)


def test_a_host_that_comes_back_is_waited_for_again() -> None:
    pace = Pace(1.0, DEADLINE_S, robot_s=0.0, wall_s=0.0)
    for tick in range(1, 301):
        reached_s = pace.may_reach_s(tick * 0.01, last_heartbeat_s=0.0)
    for tick in range(1, 50):
        assert pace.may_reach_s(3.0 + tick * 0.01, last_heartbeat_s=reached_s) <= reached_s + DEADLINE_S / 2


def test_a_suspended_computer_does_not_make_time_jump_or_the_host_die() -> None:
    pace = Pace(10.0, DEADLINE_S, robot_s=5.0, wall_s=0.0)
    pace.may_reach_s(0.01, last_heartbeat_s=5.0)
    assert pace.may_reach_s(3600.0, last_heartbeat_s=5.0) <= 5.15
    assert pace.is_host_alive


def test_time_never_goes_back_when_wall_time_does() -> None:
    pace = Pace(1.0, DEADLINE_S, robot_s=5.0, wall_s=10.0)
    before_s = pace.may_reach_s(10.05, last_heartbeat_s=5.0)
    assert pace.may_reach_s(9.0, last_heartbeat_s=5.0) >= before_s


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed factor"):
        Pace(speed, DEADLINE_S, 0.0, 0.0)
