"""What the board refuses, whoever asks; each refusal names the limit and nothing has moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_board import AXES, Scene, programme, run

from bee_robot.devices.tower import (
    Axis,
    AxisMove,
    BoardState,
    Guard,
    GuardKind,
    MotionEnd,
    Segment,
    Servo,
    Side,
)


def refused_without_motion(library: Path, segment: Segment, names: tuple[str, ...], alert: str) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        before = [scene.board.c.bench_pulses(axis) for axis in range(6)]
        result = await scene.tower.move(programme(segment))
        assert result.end is MotionEnd.REFUSED and result.segments_done == 0
        for name in names:
            assert name in result.reason
        assert result.alert == alert
        assert scene.tower.state.board is BoardState.ARMED
        await scene.clock.sleep(0.1)
        assert [scene.board.c.bench_pulses(axis) for axis in range(6)] == before

    run(library, story)


SHUTTLE, SCAN, LIFT = Axis.SHUTTLE_LEFT, Axis.SCAN_LEFT, Axis.LIFT_LEFT


@pytest.mark.parametrize(
    ("axes", "names"),
    [
        ({SHUTTLE: AxisMove(235.1, 80, 400)}, ("shuttle_left", "maximum", "235.10", "235.00")),
        ({SHUTTLE: AxisMove(-235.1, 80, 400)}, ("shuttle_left", "minimum", "-235.10")),
        ({SHUTTLE: AxisMove(0, 80.1, 400)}, ("shuttle_left", "speed", "80.1 mm/s", "limit 80 mm/s")),
        ({SHUTTLE: AxisMove(0, 80, 401)}, ("shuttle_left", "acceleration", "limit 400 mm/s²")),
        ({SCAN: AxisMove(385, 40.1, 80)}, ("scan_left", "speed", "40.1 mm/s", "limit 40 mm/s")),
        ({SCAN: AxisMove(385, 40, 81)}, ("scan_left", "acceleration", "limit 80 mm/s²")),
        ({SCAN: AxisMove(391.1, 40, 80)}, ("lift_left", "too close")),
        ({SCAN: AxisMove(1e9, 40, 80)}, ("scan_left", "maximum")),
    ],
)
def test_a_move_beyond_a_limit(library: Path, axes: dict[Axis, AxisMove], names: tuple[str, ...]) -> None:
    refused_without_motion(library, Segment("too far", axes), names, "limit_refused")


def test_beams_may_come_as_close_as_the_robot_file_says(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        assert (await scene.go(scan_left=391.0)).end is MotionEnd.DONE
        assert (await scene.go(lift_left=800, lift_right=800)).end is MotionEnd.DONE
        assert (await scene.go(scan_left=681.0, scan_right=681.0)).end is MotionEnd.DONE

    run(library, story)


def test_a_segment_too_many_guards_is_refused_before_it_is_sent(library: Path) -> None:
    guards = tuple(Guard(GuardKind.LOAD_ABOVE, Side.LEFT, 40.0) for _ in range(5))
    segment = Segment("guarded", {SHUTTLE: AxisMove(0, 80, 400)}, guards=guards)
    refused_without_motion(library, segment, ("5 guards", "4"), "limit_refused")


def test_no_motion_before_homing(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.open()
        await scene.tower.acquire_lease("test")
        await scene.tower.arm()
        result = await scene.go(shuttle_left=0)
        assert result.end is MotionEnd.REFUSED and result.alert == "not_referenced"
        assert "shuttle_left" in result.reason
        assert scene.board.c.bench_pulses(4) == 0

    run(library, story)


def test_no_motion_unless_armed(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.tower.disarm("to see")
        for motion in (scene.go(shuttle_left=0), scene.tower.home(AXES)):
            result = await motion
            assert result.end is MotionEnd.REFUSED and result.alert == "not_armed"
            assert "disarmed" in result.reason

    run(library, story)


def test_a_limit_broken_late_in_a_long_programme_stops_it_before_it_begins(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        good = [scene.full_speed(f"step {n}", shuttle_left=-230.0 + n) for n in range(20)]
        result = await scene.tower.move(programme(*good, scene.full_speed("far", shuttle_left=300)))
        assert result.end is MotionEnd.REFUSED and "segment 20 'far'" in result.reason
        assert scene.board.true_mm(scene.robot, SHUTTLE) == -235

    run(library, story)


def test_beams_that_would_meet_on_the_way_are_stopped_apart(library: Path) -> None:
    """The targets are fine; the scan beam would overtake the lift beam on its way up."""

    async def story(scene: Scene) -> None:
        await scene.ready()
        together = Segment("up", {LIFT: scene.move(LIFT, 800), SCAN: scene.move(SCAN, 680)})
        result = await scene.tower.move(programme(together))
        assert result.end is MotionEnd.STOPPED and "too close" in result.reason
        lift_mm, scan_mm = (scene.board.true_mm(scene.robot, axis) for axis in (LIFT, SCAN))
        assert 119 - 0.01 <= lift_mm - scan_mm < 119.2
        assert scene.tower.state.board is BoardState.STOPPED

    run(library, story)


def test_forks_do_not_swing_under_load(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        swing = programme(Segment("swing in", servos_deg={Servo.FORK_RIGHT: 90.0}))
        scene.board.set_load_kg(1, 3.0)
        await scene.clock.sleep(0.1)
        result = await scene.tower.move(swing)
        assert result.end is MotionEnd.REFUSED and result.alert == "fork_loaded"
        assert "right" in result.reason and "3.0 kg" in result.reason
        assert scene.board.c.bench_servo(1) == 0
        scene.board.set_load_kg(1, 0.3)
        await scene.clock.sleep(0.1)
        assert (await scene.tower.move(swing)).end is MotionEnd.DONE

    run(library, story)


def test_more_than_the_peel_limit_is_refused_and_stops(library: Path) -> None:
    async def story(scene: Scene) -> None:
        import asyncio

        await scene.ready()
        scene.board.set_load_kg(0, 61)
        await scene.clock.sleep(0.1)
        assert scene.tower.state.board is BoardState.STOPPED
        assert "left 60" in scene.tower.state.stop_reason or "left 61" in scene.tower.state.stop_reason
        scene.board.set_load_kg(0, 0)
        await scene.clock.sleep(0.1)
        await scene.tower.arm()
        running = asyncio.ensure_future(scene.go(lift_left=700, lift_right=700))
        await scene.clock.sleep(2.0)
        scene.board.set_load_kg(0, 65)
        result = await running
        assert result.end is MotionEnd.STOPPED and result.alert == "load_limit"
        assert result.positions_mm[LIFT] == result.positions_mm[Axis.LIFT_RIGHT] < 545

    run(library, story)


def test_lost_steps_show_at_the_end_stop(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(shuttle_left=0)
        scene.board.c.bench_place(4, 40 * 80)  # pushed to 40 mm above its end stop; the board believes 235
        result = await scene.go(shuttle_left=-200)
        assert result.end is MotionEnd.STOPPED and result.alert == "steps_lost"
        assert not scene.tower.state.axes[SHUTTLE].is_referenced
        assert scene.tower.state.axes[Axis.SHUTTLE_RIGHT].is_referenced

    run(library, story)
