"""The twin with a host on its serial line: in virtual time over a pipe, in paced time over a pseudo-terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bee_robot.clock import SteppedClock, pause_wall, wall_s
from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, AxisMove, BoardState, MotionEnd, MotionProgramme, Segment, Servo
from bee_robot.mcu.transport import PipeTransport
from bee_robot.sim.pseudo_terminal import PacedTwin, PseudoTerminal
from bee_robot.sim.referee import Referee
from bee_robot.sim.trace import TraceFile
from bee_robot.sim.twin import Twin
from bee_robot.sim.virtual_time import run_virtual

from .conftest import EvenMasses

SHUTTLES = {shuttle: AxisMove(100.0, 80.0, 400.0) for shuttle in (Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT)}


async def home_and_move(robot: RobotConfiguration, twin: Twin, clock: SteppedClock) -> None:
    """Reference everything, then swing the forks where they may, and travel."""
    tower = await SerialTower.open(robot, twin.pipe(), clock, renews_itself=True)
    await tower.acquire_lease("test")
    await tower.arm()
    assert (await tower.home(tuple(Axis))).end is MotionEnd.DONE
    lifts = {lift: AxisMove(652.0, 15.0, 40.0) for lift in (Axis.LIFT_LEFT, Axis.LIFT_RIGHT)}
    forks = {Servo.FORK_LEFT: 90.0, Servo.FORK_RIGHT: 90.0}
    programme = MotionProgramme("test", (Segment("go", lifts | SHUTTLES), Segment("swing", servos_deg=forks)))
    assert (await tower.move(programme)).end is MotionEnd.DONE
    for index, axis in enumerate(Axis):
        believed_mm = tower.state.axes[axis].position_mm
        assert twin.truth().position_mm[index] == pytest.approx(believed_mm, abs=0.02)
    await tower.close("done")


def story(robot: RobotConfiguration, path: Path) -> tuple[str, Referee]:
    twin, clock, referee = Twin(robot, EvenMasses(), seed=7), SteppedClock(), Referee()
    twin.watch(referee)
    with TraceFile(path) as trace:
        twin.watch(trace)
        twin.power_on()
        run_virtual(home_and_move(robot, twin, clock), clock, twin, limit_s=120.0)
    twin.close()
    return path.read_text(), referee


def test_board_and_plant_agree_and_no_rule_is_broken(robot: RobotConfiguration, tmp_path: Path) -> None:
    trace, referee = story(robot, tmp_path / "trace.jsonl")
    assert referee.is_clean, referee.summary()
    for name in ("motor_rail_on", "fork_left_swing_start", "fork_left_swing_end", "motor_rail_off"):
        assert trace.count(f'"event":"{name}"') == 1


def test_the_same_seed_and_the_same_host_write_the_same_trace(
    robot: RobotConfiguration, tmp_path: Path
) -> None:
    assert story(robot, tmp_path / "one.jsonl")[0] == story(robot, tmp_path / "two.jsonl")[0]


@pytest.mark.parametrize("period_s", [0.0, 0.0137])
def test_telemetry_that_nobody_waits_for_comes_late_but_as_if_it_had_come_in_time(
    robot: RobotConfiguration, period_s: float
) -> None:
    """`period_s`: somebody looks at the state every so often, at moments of his own."""

    def seen(is_eager: bool) -> tuple[list[object], int]:
        twin, clock = Twin(robot, EvenMasses(), seed=7), SteppedClock()
        twin.power_on()
        pipe = twin.pipe()
        if is_eager:
            twin.wants_telemetry = lambda: True
        wakes, states = [0], []

        async def watch() -> None:
            tower = await SerialTower.open(robot, pipe, clock, renews_itself=True)
            deliver = twin.receiver
            assert deliver is not None

            def count(data: bytes) -> None:
                wakes[0] += 1
                deliver(data)

            twin.receiver = count
            await tower.acquire_lease("test")
            await tower.arm()
            homing = asyncio.ensure_future(tower.home(tuple(Axis)))
            while not homing.done():
                await clock.sleep(period_s or 0.5)
                states.append((clock.now_s(), repr(tower.state)))  # angles that nobody knows are nan
            states.append(list(tower.statistics.round_trips_s))
            states.append((tower.statistics.received, tower.statistics.bytes_received, tower.statistics.sent))
            await tower.close("done")

        run_virtual(watch(), clock, twin, limit_s=60.0)
        twin.close()
        return states, wakes[0]

    (late, portions), (eager, packets) = seen(is_eager=False), seen(is_eager=True)
    assert late == eager
    assert portions < packets / (1 if period_s else 2)


def test_a_host_that_falls_silent_is_stopped_by_the_board(robot: RobotConfiguration) -> None:
    twin, clock, referee = Twin(robot, EvenMasses()), SteppedClock(), Referee()
    twin.watch(referee)
    twin.power_on()

    cable = {"is_cut": False}
    pipe = PipeTransport(lambda data: None if cable["is_cut"] else twin.write(data))
    twin.receiver = pipe.deliver

    async def die_while_moving() -> float:
        tower = await SerialTower.open(robot, pipe, clock, renews_itself=True)
        await tower.acquire_lease("test")
        await tower.arm()
        await tower.home(tuple(Axis))
        asyncio.ensure_future(tower.move(MotionProgramme("test", (Segment("go", SHUTTLES),))))
        await clock.sleep(0.5)
        assert twin.sample().axes["shuttle_left"].speed_mm_s > 10
        cable["is_cut"] = True
        begin_s = clock.now_s()
        while any(axis.speed_mm_s for axis in twin.sample().axes.values()):
            await clock.sleep(0.01)
        await clock.sleep(0.05)
        return clock.now_s() - begin_s

    stopped_s = run_virtual(die_while_moving(), clock, twin, limit_s=60.0)
    assert 0.2 < stopped_s < 0.3 + 80 / 400 + 0.1  # deadline, ramp, a little
    assert not twin.truth().is_rail_on
    assert referee.is_clean, referee.summary()


def test_a_real_port_can_be_driven_faster_than_life(robot: RobotConfiguration) -> None:
    twin, clock = Twin(robot, EvenMasses()), SteppedClock()
    twin.power_on()

    async def visit() -> float:
        with PseudoTerminal() as terminal:
            paced = PacedTwin(twin, terminal, speed=10.0)
            running = asyncio.ensure_future(paced.run(clock.advance_to))
            tower = await SerialTower.open(robot, terminal.path, clock, renews_itself=True)
            await tower.acquire_lease("test")
            await tower.arm()
            assert (await tower.home(tuple(Axis))).end is MotionEnd.DONE
            assert tower.state.board is BoardState.ARMED
            begin_wall_s, begin_s = wall_s(), clock.now_s()
            await pause_wall(0.3)
            speed = (clock.now_s() - begin_s) / (wall_s() - begin_wall_s)
            await tower.close("done")
            running.cancel()
            return speed

    assert 1.0 < asyncio.run(visit()) <= 11.0
