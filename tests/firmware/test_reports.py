"""What a board tells of a motion: outputs at their positions with the instant, lost steps found by homing, new guards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bench_board import AXES, Scene, programme, run

from bee_robot.devices.tower import (
    Axis,
    Guard,
    GuardKind,
    Input,
    MotionEnd,
    Output,
    OutputEvent,
    Segment,
    Side,
)

SHUTTLE = Axis.SHUTTLE_LEFT
STEPS_PER_MM = 80


def test_an_output_is_set_at_its_step_and_the_instant_is_known(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.clock.sleep(1.0)
        scene.board.c.bench_record(AXES.index(SHUTTLE))
        began_s = scene.clock.now_s()
        half = OutputEvent(Output.RED_LIGHT, 0.5, SHUTTLE, -100.0)
        full = OutputEvent(Output.RED_LIGHT, 1.0, SHUTTLE, 20.0)
        sweeps = (
            Segment("one", {SHUTTLE: scene.move(SHUTTLE, 0)}, outputs=(half,)),
            Segment("two", {SHUTTLE: scene.move(SHUTTLE, 100)}, outputs=(full,)),
        )
        result = await scene.tower.move(programme(*sweeps))
        assert result.end is MotionEnd.DONE
        first, second = result.outputs
        assert [(seen.output, seen.segment_index) for seen in result.outputs] == [
            (Output.RED_LIGHT, 0),
            (Output.RED_LIGHT, 1),
        ]
        assert (first.positions_mm[SHUTTLE], second.positions_mm[SHUTTLE]) == (-100.0, 20.0)
        times_ns = scene.board.pulse_times_ns()
        first_s, second_s = (times_ns[(235 + mm) * STEPS_PER_MM - 1] / 1e9 for mm in (-100, 20))
        apart_s = second.stamp.board_s - first.stamp.board_s
        assert apart_s == pytest.approx(second_s - first_s, abs=20e-6), "at the very steps"
        for seen, pulse_s in ((first, first_s), (second, second_s)):
            assert abs(seen.stamp.time_s - pulse_s) <= seen.stamp.uncertainty_s < 0.005
        assert began_s < first.stamp.time_s < second.stamp.time_s < scene.clock.now_s()
        assert scene.board.c.bench_output(1) == 1000

    run(library, story)


def test_latched_edges_carry_the_instant(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        scene.board.set_pins(0, [8000], 240)
        scene.board.c.bench_record(AXES.index(SHUTTLE))
        sweep = Segment("sweep", {SHUTTLE: scene.move(SHUTTLE, 0)}, latches=(Input.PIN_LEFT,))
        result = await scene.tower.move(programme(sweep))
        times_s = [time_ns / 1e9 for time_ns in scene.board.pulse_times_ns()]
        assert len(result.latched) == 2
        steps = [round((edge.positions_mm[SHUTTLE] + 235) * STEPS_PER_MM) for edge in result.latched]
        first, second = (edge.stamp for edge in result.latched)
        apart_s = times_s[steps[1] - 1] - times_s[steps[0] - 1]
        assert second.board_s - first.board_s == pytest.approx(apart_s, abs=20e-6)
        assert abs(first.time_s - times_s[steps[0] - 1]) <= first.uncertainty_s < 0.005

    run(library, story)


def test_an_output_off_the_way_is_refused(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        off = OutputEvent(Output.STROBE, 1.0, SHUTTLE, 200.0)
        result = await scene.tower.move(
            programme(Segment("sweep", {SHUTTLE: scene.move(SHUTTLE, 0)}, outputs=(off,)))
        )
        assert (
            result.end is MotionEnd.REFUSED and "shuttle_left: an output is to be set where" in result.reason
        )
        assert scene.board.true_steps(SHUTTLE) == 0

    run(library, story)


@pytest.mark.parametrize(("blocked_s", "alert"), [(0.0, ""), (0.5, "steps_lost")])
def test_homing_again_tells_how_far_an_axis_had_lost_its_way(
    library: Path, blocked_s: float, alert: str
) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(shuttle_left=-100)
        if blocked_s:
            scene.board.c.bench_block(AXES.index(SHUTTLE), 1)
            await scene.go(shuttle_left=-90)  # the belt slips
            scene.board.c.bench_block(AXES.index(SHUTTLE), 0)
        result = await scene.tower.home((SHUTTLE,))
        assert result.end is MotionEnd.DONE and result.alert == alert
        (found,) = result.references
        assert found.axis is SHUTTLE and found.expected_mm == pytest.approx(-235, abs=0.05)
        assert abs(found.lost_mm) == pytest.approx(10.0 if blocked_s else 0.0, abs=0.05)
        assert ("shuttle_left" in result.reason) == bool(alert)
        assert scene.board.true_steps(SHUTTLE) == 0, "homed is homed"

    run(library, story)


def test_a_load_that_rises_too_fast_stops_the_segment(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        guard = Guard(GuardKind.LOAD_RATE, Side.LEFT, rate_kg_s=5.0)
        lift = Segment(
            "lift",
            {axis: scene.move(axis, 600) for axis in (Axis.LIFT_LEFT, Axis.LIFT_RIGHT)},
            guards=(guard,),
        )
        task = asyncio.ensure_future(scene.tower.move(programme(lift)))
        kg = 0.0
        while not task.done() and kg < 30:
            await scene.clock.sleep(0.05)
            kg += 0.1 if scene.clock.now_s() % 4 < 2 and kg < 3 else 0.6  # 2 kg/s, then 12 kg/s
            scene.board.set_load_kg(0, kg)
        result = await task
        assert result.end is MotionEnd.GUARD and result.alert == "load_rate"
        assert "left load rose faster than 5 kg/s" in result.reason
        assert result.trips[0].guard is guard and 1 < result.trips[0].load_kg < 20

    run(library, story)


def test_a_segment_goes_on_until_an_end_stop_closes(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.go(shuttle_left=-200, shuttle_right=-200)
        scene.board.c.bench_break_end_stop(AXES.index(Axis.SHUTTLE_RIGHT), -1)
        guard = Guard(GuardKind.END_STOP, end_stop=Axis.SHUTTLE_RIGHT, is_fault=False)
        sweep = Segment("until it closes", {SHUTTLE: scene.move(SHUTTLE, 200, 20)}, guards=(guard,))
        task = asyncio.ensure_future(scene.tower.move(programme(sweep)))
        await scene.clock.sleep(3.0)
        assert not task.done()
        scene.board.c.bench_break_end_stop(AXES.index(Axis.SHUTTLE_RIGHT), 1)
        result = await task
        assert result.end is MotionEnd.DONE and len(result.trips) == 1, result
        assert -200 < result.positions_mm[SHUTTLE] < -120

    run(library, story)
