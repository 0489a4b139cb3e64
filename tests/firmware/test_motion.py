"""Motion programmes end exactly, at the speeds asked for, with axes in step."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from bench_board import AXES, Scene, programme, robot_file, run

from bee_robot.devices.tower import (
    Axis,
    AxisMove,
    Guard,
    GuardKind,
    MotionEnd,
    Output,
    OutputEvent,
    Segment,
    Servo,
    Side,
)

SCANS = (Axis.SCAN_LEFT, Axis.SCAN_RIGHT)
SHUTTLES = (Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT)
SMOOTHING_S = 0.032


def is_quick(library: Path) -> bool:
    """The core compiled for this machine; the controller in simavr takes five times as long."""
    return "mega2560" not in library.name


def jitter_s(library: Path) -> float:
    """By how much interrupts may put off a pulse on the controller; bench/sections/firmware.py measures it."""
    return 0.0 if is_quick(library) else 40e-6


async def watch(
    scene: Scene, axis: Axis, until: asyncio.Future[object], every_s: float = 0.001
) -> list[tuple[float, float, float]]:
    """(position mm, speed mm/s, acceleration mm/s²) of the commanded profile while something runs."""
    scale = scene.robot.axes[axis.value].steps_per_mm
    samples = []
    while not until.done():
        speed, acceleration = scene.board.profile(axis)
        samples.append((scene.board.true_mm(scene.robot, axis), speed / scale, acceleration / scale))
        await scene.clock.sleep(every_s)
    return samples


def test_random_moves_end_exactly_on_their_steps(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        chance = random.Random(1)
        await scene.go(lift_left=1000, lift_right=1000)
        for _ in range(50 if is_quick(library) else 8):
            segments = []
            for _ in range(20):
                scan_mm, shuttle_mm = chance.uniform(380, 390), chance.uniform(-12, 12)
                speed, shuttle_speed = chance.uniform(4, 40), chance.uniform(8, 80)
                axes = {axis: scene.move(axis, scan_mm, speed) for axis in SCANS}
                axes |= {axis: scene.move(axis, shuttle_mm, shuttle_speed) for axis in SHUTTLES}
                if chance.random() < 0.3:
                    axes[Axis.LIFT_LEFT] = scene.move(Axis.LIFT_LEFT, chance.uniform(995, 1000))
                segments.append(Segment("random", axes))
            result = await scene.tower.move(programme(*segments))
            assert result.end is MotionEnd.DONE and result.segments_done == 20, result
            for axis in (*SCANS, *SHUTTLES):
                values = scene.robot.axes[axis.value]
                target = round(segments[-1].axes[axis].position_mm * values.steps_per_mm)
                assert scene.board.true_steps(axis) + round(values.home_mm * values.steps_per_mm) == target
                assert result.positions_mm[axis] * values.steps_per_mm == pytest.approx(target, abs=1e-6)

    run(library, story)


@pytest.mark.parametrize(
    ("distance_mm", "speed", "acceleration"), [(120, 40, 80), (30, 1, 80), (5, 40, 80), (0.2, 40, 20)]
)
def test_speed_and_acceleration_stay_within_what_was_asked(
    library: Path, distance_mm: float, speed: float, acceleration: float
) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(lift_left=700)
        move = AxisMove(400 + distance_mm, speed, acceleration)
        await scene.go(scan_left=400)
        scene.board.c.bench_record(AXES.index(Axis.SCAN_LEFT))
        running = asyncio.ensure_future(scene.tower.move(programme(Segment("up", {Axis.SCAN_LEFT: move}))))
        began_s = scene.clock.now_s()
        samples = await watch(scene, Axis.SCAN_LEFT, running)
        took_s = scene.clock.now_s() - began_s
        assert max(sample[1] for sample in samples) <= speed * 1.001
        assert max(abs(sample[2]) for sample in samples) <= acceleration * 1.001
        reachable = min(speed, (acceleration * distance_mm) ** 0.5)
        rounded_off = acceleration * SMOOTHING_S / 4  # the mean over a peak
        assert max(sample[1] for sample in samples) >= 0.95 * reachable - rounded_off
        jerks = [(late[2] - early[2]) / 0.01 for early, late in zip(samples, samples[10:])]
        assert max(map(abs, jerks)) <= 2 * acceleration / SMOOTHING_S * 1.2, (
            "from speeding up to slowing down at once"
        )
        assert took_s <= distance_mm / reachable + reachable / acceleration + SMOOTHING_S + 0.05

        times = scene.board.pulse_times_ns()
        assert len(times) == round(distance_mm * 400)
        fastest_s = min(late - early for early, late in zip(times, times[20:])) * 1e-9
        assert 20 / (fastest_s + jitter_s(library)) <= speed * 400 * 1.001

    run(library, story)


def test_pulses_come_where_the_profile_says(library: Path) -> None:
    """Every pulse of a move of 10 mm at 20 mm/s and 80 mm/s² is within 0.05 steps of the parabola and the line."""

    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(lift_left=700)
        scene.board.c.bench_record(AXES.index(Axis.SCAN_LEFT))
        await scene.tower.move(programme(Segment("up", {Axis.SCAN_LEFT: AxisMove(390, 20, 80)})))
        times_s = [time_ns * 1e-9 for time_ns in scene.board.pulse_times_ns()]
        assert len(times_s) == 4000
        ramp_s = 0.25  # 20 mm/s at 80 mm/s²: both ramps are whole slices, so the ideal is known
        start_s = times_s[20] - (2 * 20.5 / 32000) ** 0.5
        for number, time_s in enumerate(times_s[:2800]):  # up to the slowing down
            t = time_s - start_s
            ideal = 16000 * t * t if t <= ramp_s else 1000 + 8000 * (t - ramp_s)
            assert abs(ideal - (number + 0.5)) < 0.05 + 8000 * jitter_s(library), number

    robot = robot_file()
    sharp = robot.model_copy(update={"board": robot.board.model_copy(update={"smoothing_ms": 2})})
    run(library, story, sharp)


def test_beams_and_shuttles_given_the_same_move_stay_in_step_even_when_stopped(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(lift_left=1200, lift_right=1200)
        for pair in (SCANS, SHUTTLES):
            a, b = (AXES.index(axis) for axis in pair)
            targets = {axis.value: {SCANS: 900.0, SHUTTLES: 200.0}[pair] for axis in pair}
            scene.board.c.bench_watch_pair(a, b)
            running = asyncio.ensure_future(scene.go(**targets))
            await scene.clock.sleep(1.2345)
            await scene.tower.stop("to see whether they stop together")
            assert (await running).end is MotionEnd.STOPPED
            assert scene.board.c.bench_pair_apart() <= 1  # two pulses of the same instant
            assert scene.board.true_steps(pair[0]) == scene.board.true_steps(pair[1]) > 0
            await scene.tower.arm()
            assert (await scene.go(**targets)).end is MotionEnd.DONE
            assert scene.board.c.bench_pair_apart() <= 1

    run(library, story)


def test_a_joint_is_passed_at_the_lower_speed_without_stopping(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(lift_left=900, lift_right=900)
        await scene.go(scan_left=700, scan_right=700)
        lower = Segment("lower", {axis: scene.move(axis, 500, 35) for axis in SCANS})
        set_down = Segment("set down", {axis: scene.move(axis, 480, 3) for axis in SCANS})
        running = asyncio.ensure_future(scene.tower.move(programme(lower, set_down)))
        samples = await watch(scene, Axis.SCAN_LEFT, running)
        assert (await running).end is MotionEnd.DONE
        below = [abs(speed) for mm, speed, _ in samples if 480.5 < mm < 500]
        assert max(below) <= 3.001
        assert min(below) >= 2.9, "it stopped at the joint"
        assert max(abs(speed) for _, speed, _ in samples) >= 34.9
        assert max(abs(change) for _, _, change in samples) <= 80.1
        assert scene.board.true_mm(scene.robot, Axis.SCAN_LEFT) == 480

    run(library, story)


@pytest.mark.parametrize("why", ["guard", "servo", "dwell", "output", "latches", "turns back"])
def test_a_joint_is_stopped_at_where_something_happens(library: Path, why: str) -> None:
    from bee_robot.devices.tower import Input

    more: dict[str, dict[str, object]] = {
        "guard": {"guards": (Guard(GuardKind.LOAD_ABOVE, Side.LEFT, 40.0),)},
        "servo": {"servos_deg": {Servo.HOOK_LEFT: 0.0}},
        "dwell": {"dwell_s": 0.01},
        "output": {"outputs": (OutputEvent(Output.STROBE, 1.0),)},
        "latches": {"latches": (Input.PIN_LEFT,)},
        "turns back": {},
    }

    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(shuttle_left=-200)
        second_mm = -100.0 if why != "turns back" else -160.0
        first = Segment("first", {Axis.SHUTTLE_LEFT: scene.move(Axis.SHUTTLE_LEFT, -150)})
        second = Segment("second", {Axis.SHUTTLE_LEFT: scene.move(Axis.SHUTTLE_LEFT, second_mm)}, **more[why])  # type: ignore[arg-type]
        running = asyncio.ensure_future(scene.tower.move(programme(first, second)))
        samples = await watch(scene, Axis.SHUTTLE_LEFT, running)
        assert (await running).end is MotionEnd.DONE
        assert min(abs(speed) for mm, speed, _ in samples if abs(mm + 150) < 0.1) < 0.01

    run(library, story)


def test_an_axis_that_arrives_early_waits_at_the_joint_while_the_last_one_passes(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        quick, slow = Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT
        first = Segment("first", {quick: scene.move(quick, -200), slow: scene.move(slow, -100)})
        second = Segment("second", {quick: scene.move(quick, -150), slow: scene.move(slow, 50)})
        running = asyncio.ensure_future(scene.tower.move(programme(first, second)))
        samples, quick_at_joint = [], []
        while not running.done():
            mm = scene.board.true_mm(scene.robot, slow)
            samples.append((mm, scene.board.profile(slow)[0] / 80))
            if mm < -100:
                quick_at_joint.append(scene.board.true_mm(scene.robot, quick))
            await scene.clock.sleep(0.001)
        assert (await running).end is MotionEnd.DONE
        assert min(speed for mm, speed in samples if -110 < mm < -90) >= 79
        assert max(quick_at_joint) == pytest.approx(-200, abs=0.5)
        assert scene.board.true_mm(scene.robot, quick) == -150

    run(library, story)


def test_a_programme_longer_than_the_boards_buffer_runs_through(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        steps = [
            scene.full_speed(f"step {n}", shuttle_left=-230.0 + 4 * n, shuttle_right=-230.0 + 4 * n)
            for n in range(60)
        ]
        began_s = scene.clock.now_s()
        result = await scene.tower.move(programme(*steps))
        assert result.end is MotionEnd.DONE and result.segments_done == 60
        assert scene.board.true_mm(scene.robot, Axis.SHUTTLE_LEFT) == pytest.approx(-230 + 4 * 59)
        assert scene.clock.now_s() - began_s < 241 / 80 + 3.0, "short segments were not run into each other"

    run(library, story)


def test_a_servo_takes_its_time_and_the_segment_waits_for_it(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.tower.move(programme(Segment("stow", servos_deg={Servo.HOOK_LEFT: 0.0})))
        began_s = scene.clock.now_s()
        result = await scene.tower.move(programme(Segment("swing", servos_deg={Servo.HOOK_LEFT: 90.0})))
        assert result.end is MotionEnd.DONE
        assert scene.clock.now_s() - began_s == pytest.approx(90 / 180, abs=0.06)
        assert scene.tower.state.servos_deg[Servo.HOOK_LEFT] == 90
        await scene.clock.sleep(0.02)  # a servo is told its angle once in 20 ms
        assert scene.board.c.bench_servo(2) == pytest.approx(9000, abs=10)

    run(library, story)


def test_a_servo_nobody_commanded_since_power_on_has_no_angle(library: Path) -> None:
    async def story(scene: Scene) -> None:
        tower = await scene.ready()
        assert tower.state.servos_deg[Servo.FORK_LEFT] != tower.state.servos_deg[Servo.FORK_LEFT]  # nan

    run(library, story)


def test_outputs_are_set_when_their_segment_starts_and_a_dwell_is_kept(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        first = scene.full_speed("first", shuttle_left=-200)
        lit_for_a_while = Segment("lit", outputs=(OutputEvent(Output.RED_LIGHT, 1.0),), dwell_s=0.25)
        dark = Segment("dark", outputs=(OutputEvent(Output.RED_LIGHT, 0.0),))
        running = asyncio.ensure_future(scene.tower.move(programme(first, lit_for_a_while, dark)))
        lit = []
        while not running.done():
            if scene.board.c.bench_output(1):
                lit.append(scene.board.true_mm(scene.robot, Axis.SHUTTLE_LEFT))
            await scene.clock.sleep(0.001)
        assert set(lit) == {-200.0}
        assert len(lit) == pytest.approx(250, abs=15)

    run(library, story)


def test_the_strobe_is_a_flash_whatever_the_host_forgets(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.tower.set_output(Output.STROBE, 1.0)
        assert scene.board.c.bench_output(0) == 1000
        await scene.clock.sleep(0.06)
        assert scene.board.c.bench_output(0) == 0

    run(library, story)
