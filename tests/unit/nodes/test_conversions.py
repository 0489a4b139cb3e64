"""What the tower means survives the way over the graph."""

from __future__ import annotations

import math

import pytest

from bee_robot.devices.tower import (
    Axis,
    AxisMove,
    Guard,
    GuardKind,
    GuardTrip,
    Input,
    Latched,
    MotionEnd,
    MotionProgramme,
    MotionResult,
    Output,
    OutputEvent,
    OutputStamp,
    ReferenceFound,
    Segment,
    Side,
    Stamp,
)
from bee_robot.nodes import conversions

GUARDS = (
    Guard(GuardKind.LOAD_ABOVE, Side.LEFT, 40.0),
    Guard(GuardKind.LOAD_RATE, Side.RIGHT, rate_kg_s=2.5, is_fault=False),
    Guard(GuardKind.END_STOP, end_stop=Axis.SCAN_LEFT, axis=Axis.LIFT_LEFT, above_mm=512.0),
)


def test_programmes_keep_guards_and_outputs_at_positions() -> None:
    segment = Segment(
        "one",
        {Axis.SHUTTLE_LEFT: AxisMove(128.0, 64.0, 256.0)},
        guards=GUARDS,
        outputs=(
            OutputEvent(Output.RED_LIGHT, 1.0),
            OutputEvent(Output.STROBE, 0.5, Axis.SHUTTLE_LEFT, 0.0),
        ),
    )
    programme = MotionProgramme("test", (segment,))
    assert conversions.programme_from_goal(conversions.programme_to_goal(programme)) == programme


def test_results_keep_stamps_and_places() -> None:
    places = {Axis.LIFT_LEFT: 512.0, Axis.SHUTTLE_LEFT: -64.0}
    result = MotionResult(
        MotionEnd.GUARD,
        2,
        places,
        (Latched(Input.PIN_LEFT, True, places, Stamp(12.5, 0.001, 4000.25)),),
        (GuardTrip(1, GUARDS[1], places, 3.0),),
        "reason",
        "load_rate",
        (OutputStamp(1, Output.STROBE, places, Stamp(13.0, math.inf, 4001.0)),),
    )
    assert conversions.result_from_msg(conversions.result_to_msg(result)) == result


@pytest.mark.parametrize("expected_mm", [None, 0.0, 512.0])
def test_references_keep_whether_the_axis_knew(expected_mm: float | None) -> None:
    found = ReferenceFound(Axis.LIFT_LEFT, 512.5, expected_mm)
    again = conversions.reference_from_msg(conversions.reference_to_msg(found))
    assert again == found and again.lost_mm == found.lost_mm
