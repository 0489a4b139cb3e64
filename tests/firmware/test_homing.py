"""Referencing: every axis finds its end stop, or says which one did not."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_board import AXES, Scene, run

from bee_robot.devices.tower import Axis, BoardState, MotionEnd

LEFT_BEAMS = (Axis.LIFT_LEFT, Axis.SCAN_LEFT)


async def armed(scene: Scene) -> None:
    await scene.open()
    await scene.tower.acquire_lease("test")
    await scene.tower.arm()


@pytest.mark.parametrize("above_mm", [0.0, 0.5, 3.0, 250.0])
def test_all_axes_know_their_place_to_a_step_wherever_they_stood(library: Path, above_mm: float) -> None:
    async def story(scene: Scene) -> None:
        for axis in AXES:
            scene.board.place_mm(scene.robot, axis, scene.robot.axes[axis.value].home_mm + above_mm)
        await armed(scene)
        result = await scene.tower.home(AXES)
        assert result.end is MotionEnd.DONE
        assert scene.tower.state.board is BoardState.ARMED
        for axis in AXES:
            assert scene.board.true_steps(axis) == 0, axis
            assert result.positions_mm[axis] == pytest.approx(scene.robot.axes[axis.value].home_mm)
            assert scene.tower.state.axes[axis].is_referenced

    run(library, story)


def test_an_axis_far_below_its_end_stop_backs_off_until_it_is_free(library: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.board.place_mm(scene.robot, Axis.SHUTTLE_LEFT, -241.0)
        await armed(scene)
        result = await scene.tower.home((Axis.SHUTTLE_LEFT,))
        assert result.end is MotionEnd.DONE
        assert scene.board.true_steps(Axis.SHUTTLE_LEFT) == 0

    run(library, story)


def test_a_missing_end_stop_is_named_and_stops_the_machine(library: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.board.c.bench_break_end_stop(AXES.index(Axis.SHUTTLE_RIGHT), 0)
        await armed(scene)
        result = await scene.tower.home(AXES)
        assert result.end is MotionEnd.STOPPED
        assert result.alert == "end_stop_missing"
        assert "shuttle_right" in result.reason
        assert scene.tower.state.board is BoardState.STOPPED
        assert not scene.tower.state.axes[Axis.SHUTTLE_RIGHT].is_referenced

    run(library, story)


def test_an_end_stop_that_never_opens_is_named(library: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.board.c.bench_break_end_stop(AXES.index(Axis.SCAN_LEFT), 1)
        await armed(scene)
        result = await scene.tower.home((Axis.SCAN_LEFT,))
        assert result.end is MotionEnd.STOPPED
        assert "scan_left" in result.reason and "stays pressed" in result.reason

    run(library, story)


def test_a_lift_beam_does_not_come_down_on_a_scan_beam_of_unknown_place(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await armed(scene)
        refused = await scene.tower.home((Axis.LIFT_LEFT,))
        assert refused.end is MotionEnd.REFUSED
        assert refused.alert == "not_referenced" and "lift_left" in refused.reason
        assert scene.board.true_steps(Axis.LIFT_LEFT) == 10000
        assert (await scene.tower.home(LEFT_BEAMS)).end is MotionEnd.DONE
        assert (await scene.tower.home((Axis.LIFT_LEFT,))).end is MotionEnd.DONE

    run(library, story)


def test_a_scan_beam_whose_end_stop_is_broken_does_not_clear_it_into_the_lift_beam(library: Path) -> None:
    """Pressed by a broken wire, high up: backing off upwards would bring it nearer than the robot file allows."""

    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(lift_left=700)
        await scene.go(scan_left=580)
        before = scene.board.true_steps(Axis.SCAN_LEFT)
        scene.board.c.bench_break_end_stop(AXES.index(Axis.SCAN_LEFT), 1)
        result = await scene.tower.home((Axis.SCAN_LEFT,))
        assert result.end is MotionEnd.REFUSED and "too close" in result.reason, result
        assert scene.board.true_steps(Axis.SCAN_LEFT) == before

    run(library, story)
