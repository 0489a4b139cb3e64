"""A place that is told: what a board believes that has forgotten where its axes are, and how far it trusts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_board import AXES, Scene, programme, run

from bee_robot.devices.tower import Axis, BoardState, MotionEnd, MotionResult, Segment, TowerError

SHUTTLES = (Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT)
HOMING_MM_S = 20.0  # of the shuttles, config/robots/tower.yaml
TO_MM_S = 60.0


async def go_at(scene: Scene, speed_mm_s: float, to_mm: float, *axes: Axis) -> MotionResult:
    moves = {axis: scene.move(axis, to_mm, speed_mm_s) for axis in axes}
    result: MotionResult = await scene.tower.move(programme(Segment("go", moves)))
    return result


async def without_places(scene: Scene) -> None:
    """Armed, and no axis knows where it is."""
    await scene.open()
    await scene.tower.acquire_lease("test")
    await scene.tower.arm()


async def belts_without_power(scene: Scene) -> float:
    """Homed, moved to the middle, door opened and closed: the belts are unreferenced. Returns the board's count, mm."""
    await scene.ready()
    await scene.go(shuttle_left=-100, shuttle_right=-100)
    scene.board.c.bench_set_door(0)
    await scene.clock.sleep(0.1)
    scene.board.c.bench_set_door(1)
    await scene.clock.sleep(0.1)
    await scene.tower.arm()
    state = scene.tower.state.axes[Axis.SHUTTLE_LEFT]
    assert not state.is_referenced
    return state.position_mm


def test_an_unreferenced_axis_keeps_its_count_and_moves_again_once_it_is_told(library: Path) -> None:
    async def story(scene: Scene) -> None:
        count_mm = await belts_without_power(scene)
        assert count_mm == pytest.approx(-100)
        await scene.tower.tell_places(dict.fromkeys(SHUTTLES, count_mm))
        assert all(scene.tower.state.axes[axis].is_referenced for axis in SHUTTLES)
        assert scene.tower.state.board is BoardState.ARMED
        before = [scene.board.true_mm(scene.robot, axis) for axis in SHUTTLES]
        moved = await go_at(scene, HOMING_MM_S, -110, *SHUTTLES)
        assert moved.end is MotionEnd.DONE, moved.reason
        for axis, mm in zip(SHUTTLES, before):
            assert scene.board.true_mm(scene.robot, axis) == pytest.approx(mm - 10, abs=0.03)

    run(library, story)


def test_a_told_axis_is_slow_until_it_has_homed(library: Path) -> None:
    async def story(scene: Scene) -> None:
        count_mm = await belts_without_power(scene)
        await scene.tower.tell_places(dict.fromkeys(SHUTTLES, count_mm + 2.0))
        refused = await go_at(scene, TO_MM_S, -90, Axis.SHUTTLE_LEFT)
        assert refused.end is MotionEnd.REFUSED and refused.alert == "limit_refused"
        assert "shuttle_left" in refused.reason and f"limit {HOMING_MM_S:g} mm/s" in refused.reason
        homed = await scene.tower.home(SHUTTLES)
        assert homed.end is MotionEnd.DONE and homed.alert == ""
        assert all(found.expected_mm is None for found in homed.references), (
            "what was told measures no lost steps"
        )
        assert (await go_at(scene, TO_MM_S, -90, Axis.SHUTTLE_LEFT)).end is MotionEnd.DONE

    run(library, story)


def test_a_board_that_knows_better_does_not_believe_it(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        with pytest.raises(TowerError, match="knows where it is") as knows:
            await scene.tower.tell_places({Axis.SCAN_LEFT: 400.0})
        assert knows.value.alert == "limit_refused"
        assert scene.tower.state.axes[Axis.SCAN_LEFT].position_mm == pytest.approx(380.0)

    run(library, story)


def test_an_end_stop_and_the_other_beam_contradict(library: Path) -> None:
    async def story(scene: Scene) -> None:
        for axis in AXES:
            scene.board.place_mm(scene.robot, axis, scene.robot.axes[axis.value].home_mm + 100)
        scene.board.place_mm(scene.robot, Axis.SCAN_RIGHT, scene.robot.axes["scan_right"].home_mm)
        await without_places(scene)
        with pytest.raises(TowerError, match="scan_right") as contradicted:
            await scene.tower.tell_places({Axis.SCAN_RIGHT: 480.0})
        assert contradicted.value.alert == "steps_lost"
        await scene.tower.tell_places({Axis.LIFT_LEFT: 610.0})
        with pytest.raises(TowerError, match="too close"):
            await scene.tower.tell_places({Axis.SCAN_LEFT: 500.0})
        assert not scene.tower.state.axes[Axis.SCAN_LEFT].is_referenced
        await scene.tower.tell_places({Axis.SCAN_LEFT: 480.0})
        assert scene.tower.state.axes[Axis.SCAN_LEFT].position_mm == pytest.approx(480.0)

    run(library, story)


def test_places_are_told_to_an_armed_board_by_the_holder_of_the_lease(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.open()
        with pytest.raises(TowerError, match="nobody holds the motion lease"):
            await scene.tower.tell_places({Axis.SHUTTLE_LEFT: -100.0})
        await scene.tower.acquire_lease("test")
        with pytest.raises(TowerError, match="not armed") as refused:
            await scene.tower.tell_places({Axis.SHUTTLE_LEFT: -100.0})
        assert refused.value.alert == "not_armed"

    run(library, story)


def test_a_restart_forgets_what_was_told(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await without_places(scene)
        for axis in SHUTTLES:
            scene.board.place_mm(scene.robot, axis, 0.0)
        await scene.tower.tell_places(dict.fromkeys(SHUTTLES, 0.0))
        scene.board.power_cycle()
        await scene.clock.sleep(2.0)
        assert not any(scene.tower.state.axes[axis].is_referenced for axis in AXES)

    run(library, story)
