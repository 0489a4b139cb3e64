"""From the tower's words to the board's numbers: configuration, guards, outputs at positions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bee_robot.configuration import ConfigurationError, RobotConfiguration, load, parse
from bee_robot.devices.board_units import AXES, BoardUnits, Unsuitable
from bee_robot.devices.tower import (
    Axis,
    AxisMove,
    Guard,
    GuardKind,
    MotionProgramme,
    Output,
    OutputEvent,
    Segment,
    Side,
)
from bee_robot.mcu import messages as m

TOWER = Path(__file__).resolve().parents[3] / "config" / "robots" / "tower.yaml"
MOVE = AxisMove(100, 10, 10)


@pytest.fixture
def robot() -> RobotConfiguration:
    return load(TOWER)


@pytest.fixture
def units(robot: RobotConfiguration) -> BoardUnits:
    return BoardUnits(robot)


def parts(units: BoardUnits, **given: Any) -> tuple[m.HostMessage, ...]:
    return units.segments(MotionProgramme("test", (Segment("one", **given),)))[0].parts


def with_board(robot: RobotConfiguration, **options: Any) -> RobotConfiguration:
    data = robot.model_dump()
    data["board"].update(options)
    return parse(data, TOWER)


@pytest.mark.parametrize(("smoothing_ms", "exponent"), [(2, 0), (4, 1), (8, 2), (16, 3), (32, 4)])
def test_smoothing_is_a_power_of_two_slices(
    robot: RobotConfiguration, smoothing_ms: int, exponent: int
) -> None:
    units = BoardUnits(with_board(robot, smoothing_ms=smoothing_ms))
    begin = units.configuration(m.BoardKind.HOST)[0]
    assert isinstance(begin, m.ConfigureBegin) and begin.smoothing == exponent


@pytest.mark.parametrize("smoothing_ms", [0, 1, 3, 64, -2, "soft"])
def test_other_smoothing_is_refused_by_name(robot: RobotConfiguration, smoothing_ms: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"option 'board.smoothing_ms' .*2, 4, 8, 16 or 32"):
        with_board(robot, smoothing_ms=smoothing_ms)


def test_an_output_waits_for_its_axis(units: BoardUnits, robot: RobotConfiguration) -> None:
    event = OutputEvent(Output.STROBE, 0.5, Axis.SHUTTLE_LEFT, -12.5)
    output = parts(units, axes={Axis.SHUTTLE_LEFT: MOVE}, outputs=(event,))[-1]
    steps = round(-12.5 * robot.axes["shuttle_left"].steps_per_mm)
    assert output == m.SegmentOutput(0, 500, AXES.index(Axis.SHUTTLE_LEFT), steps)


def test_an_output_without_an_axis_is_set_at_the_start(units: BoardUnits) -> None:
    assert parts(units, outputs=(OutputEvent(Output.FAN, 1.0),)) == (m.SegmentOutput(2, 1000, m.NO_AXIS, 0),)


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ((OutputEvent(Output.FAN, 1.5),), "'one': fan 1.5 is not between 0 and 1"),
        ((OutputEvent(Output.FAN, 1, Axis.LIFT_LEFT, 600),), "waits for lift_left, which does not move"),
        ((OutputEvent(Output.FAN, 1, Axis.SHUTTLE_LEFT),), "needs both the axis and where"),
        ((OutputEvent(Output.FAN, 1, None, 3.0),), "needs both the axis and where"),
        ((OutputEvent(Output.FAN, 1, Axis.SHUTTLE_LEFT, float("nan")),), "needs both the axis and where"),
        ((OutputEvent(Output.FAN, 1, Axis.SHUTTLE_LEFT, 1.0),) * 2, "sets 2 outputs at positions"),
    ],
)
def test_outputs_that_no_board_can_set(
    units: BoardUnits, events: tuple[OutputEvent, ...], complaint: str
) -> None:
    with pytest.raises(Unsuitable, match=complaint):
        parts(units, axes={Axis.SHUTTLE_LEFT: MOVE}, outputs=events)


def test_guards_carry_the_numbers_of_their_kind(units: BoardUnits, robot: RobotConfiguration) -> None:
    rate = Guard(GuardKind.LOAD_RATE, Side.RIGHT, rate_kg_s=2.5, is_fault=True)
    stop = Guard(
        GuardKind.END_STOP, end_stop=Axis.SCAN_LEFT, is_fault=False, axis=Axis.LIFT_LEFT, above_mm=600
    )
    above = round(600 * robot.axes["lift_left"].steps_per_mm)
    assert parts(units, guards=(rate, stop)) == (
        m.SegmentGuard(m.Guard.LOAD_RATE, 1, 1, 2500, m.NO_AXIS, 0),
        m.SegmentGuard(m.Guard.END_STOP, 2, 0, 0, 0, above),
    )


@pytest.mark.parametrize(
    ("guard", "complaint"),
    [
        (Guard(GuardKind.END_STOP), "end_stop needs the axis"),
        (Guard(GuardKind.LOAD_ABOVE, threshold_kg=3), "load_above needs a side"),
        (Guard(GuardKind.PIN_EDGE), "pin_edge needs a side"),
        (Guard(GuardKind.LOAD_RATE, Side.LEFT), "needs a rate above zero, not 0 kg/s"),
        (Guard(GuardKind.LOAD_RATE, Side.LEFT, rate_kg_s=float("nan")), "needs a rate above zero"),
        (Guard(GuardKind.LOAD_ABOVE, Side.LEFT, threshold_kg=1e9), "threshold of 1e.09 kg"),
    ],
)
def test_guards_that_no_board_can_watch(units: BoardUnits, guard: Guard, complaint: str) -> None:
    with pytest.raises(Unsuitable, match=complaint):
        parts(units, guards=(guard,))
