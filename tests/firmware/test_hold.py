"""A motion that is held rests where it is, goes on exactly, and ends for good with any stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench_board import AXES, Scene, programme, run

from bee_robot.devices.tower import Axis, BoardState, MotionEnd, MotionResult, TowerError

SCANS = (Axis.SCAN_LEFT, Axis.SCAN_RIGHT)
TARGETS_MM = {"scan_left": 700.0, "scan_right": 700.0, "shuttle_left": 100.0}


async def held(scene: Scene) -> asyncio.Task[MotionResult]:
    """Three axes on their way over two segments, held in the middle of the first."""
    await scene.ready()
    await scene.go(lift_left=900, lift_right=900)
    segments = (scene.full_speed(**TARGETS_MM), scene.full_speed(scan_left=650, scan_right=650))
    running = asyncio.ensure_future(scene.tower.move(programme(*segments)))
    await scene.clock.sleep(2.0)
    assert scene.tower.state.board is BoardState.MOVING
    await scene.tower.hold("somebody looks")
    return running


def pulses(scene: Scene) -> list[int]:
    return [int(scene.board.c.bench_pulses(number)) for number in range(len(AXES))]


def test_it_rests_where_it_is_and_goes_on_to_where_it_should(library: Path) -> None:
    async def story(scene: Scene) -> None:
        running = await held(scene)
        state, given = scene.tower.state, pulses(scene)
        assert (state.board, state.stop_reason) == (BoardState.HOLDING, "somebody looks")
        assert scene.board.c.bench_rail(), "motors hold"
        for axis in SCANS:
            assert 360 < state.axes[axis].position_mm < 690 and state.axes[axis].speed_mm_s == 0
            assert scene.board.true_mm(scene.robot, axis) == pytest.approx(
                state.axes[axis].position_mm, abs=1e-6
            )
        await scene.clock.sleep(20.0)
        assert pulses(scene) == given and not running.done()

        await scene.tower.resume()
        result = await running
        assert result.end is MotionEnd.DONE and result.segments_done == 2, result
        for axis in SCANS:
            assert scene.board.true_mm(scene.robot, axis) == pytest.approx(650)
        assert scene.board.true_mm(scene.robot, Axis.SHUTTLE_LEFT) == pytest.approx(100)
        assert scene.tower.state.board is BoardState.ARMED and scene.tower.state.stop_reason == ""

    run(library, story)


def test_holding_again_and_again_loses_no_step(library: Path) -> None:
    async def story(scene: Scene) -> None:
        running = await held(scene)
        for _ in range(5):
            await scene.tower.resume()
            await scene.clock.sleep(0.3)
            await asyncio.gather(scene.tower.hold("again"), scene.tower.hold("and two at once"))
            assert scene.tower.state.board is BoardState.HOLDING
        await scene.tower.resume()
        assert (await running).end is MotionEnd.DONE
        left, right = (scene.board.true_steps(axis) for axis in SCANS)
        assert left == right, "equal moves stay equal"

    run(library, story)


def open_contact(contact: Callable[[int], object]) -> None:
    contact(0)


ENDS: dict[str, tuple[Callable[[Scene], Any], str]] = {
    "stop": (lambda scene: scene.tower.stop("enough"), ""),
    "disarm": (lambda scene: scene.tower.disarm("enough"), ""),
    "door": (lambda scene: open_contact(scene.board.c.bench_set_door), "door_open"),
    "estop": (lambda scene: open_contact(scene.board.c.bench_set_estop), "estop"),
    "load": (lambda scene: scene.board.set_load_kg(0, 80.0), "load_limit"),
    "cable": (lambda scene: setattr(scene.board, "corrupt_out", lambda data: b""), "heartbeat_lost"),
    "holder gone": (lambda scene: setattr(scene.tower, "renews_itself", False), "heartbeat_lost"),
    "release": (lambda scene: scene.tower.release_lease(), ""),
}


@pytest.mark.parametrize("end", ENDS)
def test_whatever_stops_the_machine_ends_what_was_held(library: Path, end: str) -> None:
    async def story(scene: Scene) -> None:
        running = await held(scene)
        given = pulses(scene)
        act, alert = ENDS[end]
        awaitable = act(scene)
        if awaitable is not None:
            await awaitable
        result = await running
        assert result.end is MotionEnd.STOPPED and result.alert == alert, result
        assert pulses(scene) == given
        with pytest.raises(TowerError, match="resume"):
            await scene.tower.resume()
        await scene.clock.sleep(2.0)
        assert not scene.board.c.bench_rail()
        assert pulses(scene) == given

    run(library, story)


def test_what_does_not_move_cannot_be_held_and_what_is_not_held_cannot_go_on(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        for call, name in ((scene.tower.hold("why not"), "hold"), (scene.tower.resume(), "resume")):
            with pytest.raises(TowerError, match=f"{name}: no programme to hold or resume .*is armed"):
                await call
        assert scene.tower.state.board is BoardState.ARMED

    run(library, story)


def test_only_the_holder_of_the_lease_goes_on(library: Path) -> None:
    async def story(scene: Scene) -> None:
        running = await held(scene)
        scene.tower._lease.is_lost = True
        with pytest.raises(TowerError, match="lapsed") as refused:
            await scene.tower.resume()
        assert refused.value.alert == "lease_lost"
        scene.tower._lease.is_lost = False
        await scene.tower.resume()
        assert (await running).end is MotionEnd.DONE

    run(library, story)


def test_a_held_motion_that_is_called_off_is_stopped(library: Path) -> None:
    async def story(scene: Scene) -> None:
        running = await held(scene)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert scene.tower.state.board is BoardState.STOPPED

    run(library, story)
