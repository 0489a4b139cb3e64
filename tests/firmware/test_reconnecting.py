"""A cable that is pulled and put back, a board that is reset: the state is the board's again, nothing is executed twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from bench_board import AXES, programme, robot_file
from serial_board import SerialBoard

from bee_robot.clock import RealClock
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, AxisMove, BoardState, MotionEnd, Segment, TowerError

SHUTTLE = Axis.SHUTTLE_LEFT
HOME_MM, STEPS_PER_MM = -235.0, 80
CLOCK = RealClock()


@pytest.fixture
def serial(host_library: Path, tmp_path: Path) -> Iterator[SerialBoard]:
    with SerialBoard(host_library, tmp_path / "board") as made:
        yield made


async def ready(serial: SerialBoard) -> SerialTower:
    robot = robot_file()
    with serial.lock:
        for axis in AXES:
            serial.board.place_mm(robot, axis, robot.axes[axis.value].home_mm + 1)
    tower = await SerialTower.open(robot, str(serial.path), CLOCK, renews_itself=True)
    await tower.acquire_lease("test")
    await tower.arm()
    assert (await tower.home((SHUTTLE,))).end is MotionEnd.DONE
    return tower


def across(mm: float) -> Segment:
    return Segment("across", {SHUTTLE: AxisMove(mm, 80, 400)})


def pulses(serial: SerialBoard) -> int:
    with serial.lock:
        return int(serial.board.c.bench_pulses(AXES.index(SHUTTLE)))


def steps(serial: SerialBoard) -> int:
    with serial.lock:
        return serial.board.true_steps(SHUTTLE)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await CLOCK.sleep(0.02)


def has_power(serial: SerialBoard) -> bool:
    with serial.lock:
        return bool(serial.board.c.bench_rail())


def tell(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        await story()

    asyncio.run(asyncio.wait_for(told(), 60))


def test_a_cable_pulled_in_motion_and_put_back(serial: SerialBoard) -> None:
    async def story() -> None:
        tower = await ready(serial)
        before = pulses(serial)
        running = asyncio.ensure_future(tower.move(programme(*(across(mm) for mm in (-100, 0, 100, 235)))))
        await until(lambda: steps(serial) > 2000)
        serial.unplug()
        with pytest.raises(TowerError, match="unplugged|Input/output") as lost:
            await running
        assert lost.value.alert == "link_lost"
        assert tower.state.board is BoardState.LOST
        with pytest.raises(TowerError, match="not connected"):
            await tower.move(programme(across(0)))
        await until(
            lambda: not has_power(serial)
        )  # without heartbeats the board stops by itself, and is at rest then
        stopped, given = steps(serial), pulses(serial)
        assert given - before == stopped < (235 - HOME_MM) * STEPS_PER_MM

        serial.plug()
        await until(lambda: tower.state.board is not BoardState.LOST)
        state = tower.state
        assert state.board is BoardState.STOPPED
        assert state.axes[SHUTTLE].is_referenced, "the board has not forgotten"
        assert state.axes[SHUTTLE].position_mm == pytest.approx(HOME_MM + stopped / STEPS_PER_MM)
        assert tower.statistics.sessions == 2
        assert pulses(serial) == given, "what was on its way is not executed late"

        with pytest.raises(TowerError, match="lapsed"):
            await tower.renew_lease("test")
        assert (await tower.move(programme(across(0)))).alert == "lease_lost"
        await tower.acquire_lease("test")
        assert (await tower.move(programme(across(0)))).alert == "not_armed"
        await tower.arm()
        assert (await tower.move(programme(across(0)))).end is MotionEnd.DONE
        assert steps(serial) == -HOME_MM * STEPS_PER_MM
        assert pulses(serial) == given + abs(steps(serial) - stopped), "no step twice"
        await tower.close("done")

    tell(story)


def test_a_cable_pulled_with_the_power_behind_it(serial: SerialBoard) -> None:
    async def story() -> None:
        tower = await ready(serial)
        running = asyncio.ensure_future(tower.move(programme(across(235))))
        await until(lambda: steps(serial) > 2000)
        serial.unplug()
        with serial.lock:
            serial.board.power_cycle()
        with pytest.raises(TowerError):
            await running
        given = pulses(serial)
        serial.plug()
        await until(lambda: tower.state.board is not BoardState.LOST)
        assert tower.state.board is BoardState.DISARMED, "configured again, and nothing else"
        assert not any(axis.is_referenced for axis in tower.state.axes.values())
        await tower.acquire_lease("test")
        await tower.arm()
        assert (await tower.move(programme(across(0)))).alert == "not_referenced"
        assert pulses(serial) == given
        await tower.close("done")

    tell(story)


def test_a_reset_in_motion_without_a_pulled_cable(serial: SerialBoard) -> None:
    async def story() -> None:
        tower = await ready(serial)
        running = asyncio.ensure_future(tower.move(programme(across(235))))
        await until(lambda: steps(serial) > 2000)
        with serial.lock:
            serial.board.power_cycle()
            given = pulses(serial)
        with pytest.raises(TowerError, match="restarted"):
            await running
        await until(lambda: tower.state.board is BoardState.DISARMED)
        assert not tower.state.axes[SHUTTLE].is_referenced
        assert tower.client.welcome is not None and tower.client.welcome.boots == 2
        assert pulses(serial) == given
        await tower.close("done")

    tell(story)
