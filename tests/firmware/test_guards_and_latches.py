"""Guards end a segment where they trip; pin edges are latched to the step."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bench_board import Scene, programme, run

from bee_robot.devices.tower import Axis, BoardState, Guard, GuardKind, Input, MotionEnd, Segment, Side

SHUTTLE, LIFT = Axis.SHUTTLE_LEFT, Axis.LIFT_LEFT


def test_pins_are_latched_at_the_step_where_they_appear_and_vanish(library: Path) -> None:
    """Ten pins 37.5 mm apart, the sensor seeing 3 mm each way, passed at full speed and back."""
    pins = [2000 + 3000 * n for n in range(10)]  # steps above the end stop, 80 a millimetre

    async def story(scene: Scene) -> None:
        await scene.ready()
        scene.board.set_pins(0, pins, 240)
        sweep = Segment("sweep", {SHUTTLE: scene.move(SHUTTLE, 235)}, latches=(Input.PIN_LEFT,))
        back = Segment("back", {SHUTTLE: scene.move(SHUTTLE, -235)}, latches=(Input.PIN_LEFT,))
        for segment, ways in ((sweep, (-240, 241)), (back, (240, -241))):
            result = await scene.tower.move(programme(segment))
            assert result.end is MotionEnd.DONE
            order = pins if segment is sweep else pins[::-1]
            expected = [pin + way for pin in order for way in ways]
            seen = [round((edge.positions_mm[SHUTTLE] + 235) * 80) for edge in result.latched]
            assert seen == expected
            assert [edge.is_rising for edge in result.latched] == [True, False] * 10
            assert {edge.input for edge in result.latched} == {Input.PIN_LEFT}

    run(library, story)


def test_a_segment_without_latches_reports_none(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        scene.board.set_pins(0, [4000], 240)
        assert (await scene.go(shuttle_left=0)).latched == ()

    run(library, story)


def test_moving_until_the_pin_is_felt_goes_on_with_the_next_segment(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        scene.board.set_pins(0, [8000], 240)
        guard = Guard(GuardKind.PIN_EDGE, Side.LEFT, is_fault=False)
        feel = Segment("feel", {SHUTTLE: scene.move(SHUTTLE, 200, 10)}, guards=(guard,))
        result = await scene.tower.move(programme(feel, scene.full_speed("on", shuttle_right=-200)))
        assert result.end is MotionEnd.DONE and result.segments_done == 2
        (trip,) = result.trips
        assert round((trip.positions_mm[SHUTTLE] + 235) * 80) == 7760
        stopped_after_mm = result.positions_mm[SHUTTLE] - trip.positions_mm[SHUTTLE]
        assert 0 < stopped_after_mm < 10**2 / 800 + 10 * (0.011 + 0.032 / 2)  # planned ahead, and smoothing
        assert scene.tower.state.board is BoardState.ARMED

    run(library, story)


def test_contact_while_lowering_counts_only_above_the_rim(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(lift_left=600)
        guard = Guard(GuardKind.LOAD_BELOW, Side.LEFT, threshold_kg=10, axis=LIFT, above_mm=560)
        lower = programme(Segment("lower", {LIFT: scene.move(LIFT, 540, 5)}, guards=(guard,)))

        scene.board.set_load_kg(0, 15)
        await scene.clock.sleep(0.1)
        running = asyncio.ensure_future(scene.tower.move(lower))
        while scene.board.true_mm(scene.robot, LIFT) > 555:
            await scene.clock.sleep(0.01)
        scene.board.set_load_kg(0, 2)  # it has landed, as it should
        assert (await running).end is MotionEnd.DONE

        scene.board.set_load_kg(0, 15)
        await scene.go(lift_left=600)
        running = asyncio.ensure_future(scene.tower.move(lower))
        await scene.clock.sleep(3.0)
        scene.board.set_load_kg(0, 2)  # something lies on the rim
        result = await running
        assert result.end is MotionEnd.GUARD and result.alert == "contact_early"
        assert result.trips[0].positions_mm[LIFT] > 560

    run(library, story)


def test_loads_are_filtered_but_acted_on_within_a_tenth_of_a_second(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        guard = Guard(GuardKind.LOAD_ABOVE, Side.LEFT, threshold_kg=20, is_fault=False)
        running = asyncio.ensure_future(
            scene.tower.move(programme(Segment("raise", {LIFT: scene.move(LIFT, 600)}, guards=(guard,))))
        )
        await scene.clock.sleep(1.0)
        scene.board.set_load_kg(0, 60)  # one wild sample of 12.5 ms is not a load: the mean of four decides
        await scene.clock.sleep(0.0125)
        scene.board.set_load_kg(0, 0)
        await scene.clock.sleep(0.2)
        assert not running.done() and scene.board.profile(LIFT)[0] > 0
        scene.board.set_load_kg(0, 25)
        changed_s = scene.clock.now_s()
        result = await running
        (trip,) = result.trips
        assert trip.load_kg == pytest.approx(25, abs=5)
        # 15 mm/s at 40 mm/s² take 0.375 s to stop; telemetry and reports the rest
        assert scene.clock.now_s() - changed_s < 0.1 + 0.375 + 0.05

    run(library, story)
