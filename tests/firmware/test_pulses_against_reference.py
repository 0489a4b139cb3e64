"""Pulses of a move come when a reference in Python, the mean of the planned speeds, passes each step."""

from __future__ import annotations

import random
from itertools import accumulate
from pathlib import Path

from bench_board import AXES, BenchBoard, Scene, programme, run
from planned_moves import BITS, SLICES_PER_SECOND, Limits, Move, planned, speeds_of

from bee_robot.devices.tower import Axis, AxisMove, MotionEnd, Segment

SLICE_NS = 1_000_000_000 // SLICES_PER_SECOND
SMOOTHING_SLICES = 16  # of the robot file: 32 ms
STEP_TOLERANCE = {"host": 0.03, "mega2560": 0.25}
"""Steps by which a pulse may be off: speed is even within a slice, ticks are 0.5 us, interrupts wait for one another."""


def places(host_library: Path, distance: int, speed: float, acceleration: float) -> list[float]:
    """Steps gone at each slice boundary, smoothed; speed in steps/s, acceleration in steps/s²."""
    limits = Limits(
        int(speed / SLICES_PER_SECOND * 2**BITS), int(acceleration / SLICES_PER_SECOND**2 * 2**BITS), 0
    )
    plan = planned(BenchBoard(host_library).c, Move(distance, 0, limits, 0))
    assert plan is not None
    still = [0.0] * SMOOTHING_SLICES
    speeds = [*still, *(float(value) / 2**BITS for value in speeds_of(plan)), *still]
    ways = [(a + b) / 2 for a, b in zip(speeds, speeds[1:], strict=False)]
    means = [
        sum(ways[k - SMOOTHING_SLICES + 1 : k + 1]) / SMOOTHING_SLICES
        for k in range(SMOOTHING_SLICES - 1, len(ways))
    ]
    return [0.0, *accumulate(means)]


def place_at(steps: list[float], slices: float) -> float:
    """Steps gone, that many slices after the beginning."""
    whole = min(max(int(slices), 0), len(steps) - 2)
    return steps[whole] + (steps[whole + 1] - steps[whole]) * (slices - whole)


def worst_error(steps: list[float], times_ns: list[int], begins_ns: int) -> float:
    """Largest distance of a pulse from the middle between two steps, in steps."""
    return max(
        abs(place_at(steps, (at - begins_ns) / SLICE_NS) - (number + 0.5))
        for number, at in enumerate(times_ns)
    )


def begins_near(steps: list[float], times_ns: list[int], middle: int) -> int:
    """Where the first slice begins, so that the pulse in the middle comes when it should."""
    low, high = 0.0, float(len(steps))
    for _ in range(60):
        at = (low + high) / 2
        low, high = (at, high) if place_at(steps, at) < middle + 0.5 else (low, at)
    return round(times_ns[middle] - low * SLICE_NS)


def test_every_pulse_comes_when_the_reference_passes_its_step(library: Path, host_library: Path) -> None:
    allowed = STEP_TOLERANCE["host" if library == host_library else "mega2560"]

    async def story(scene: Scene) -> list[float]:
        await scene.ready()
        await scene.go(lift_left=1200, lift_right=1200)
        chance, errors = random.Random(11), []
        for axis, low, high in ((Axis.SHUTTLE_LEFT, -235, 235), (Axis.SCAN_LEFT, 380, 520)) * 6:
            values = scene.robot.axes[axis.value]
            scale = values.steps_per_mm
            before = scene.board.true_steps(axis)
            move = AxisMove(
                round(chance.uniform(low, high) * scale) / scale,
                chance.choice((values.max_speed_mm_s, chance.uniform(2, values.max_speed_mm_s))),
                chance.choice(
                    (values.max_acceleration_mm_s2, chance.uniform(20, values.max_acceleration_mm_s2))
                ),
            )
            scene.board.c.bench_record(AXES.index(axis))
            result = await scene.tower.move(programme(Segment("one", {axis: move})))
            assert result.end is MotionEnd.DONE
            times_ns = scene.board.pulse_times_ns()
            distance = abs(scene.board.true_steps(axis) - before)
            assert len(times_ns) == distance > 100
            steps = places(host_library, distance, move.speed_mm_s * scale, move.acceleration_mm_s2 * scale)
            errors.append(worst_error(steps, times_ns, begins_near(steps, times_ns, distance // 2)))
        return errors

    errors = run(library, story)
    assert max(errors) <= allowed, [round(error, 3) for error in errors]
