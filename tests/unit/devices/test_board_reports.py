"""From the board's numbers to the tower's words: results, stamps in robot time, lost steps, reasons with both sides' values."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from bee_robot.alerts import ALERTS
from bee_robot.configuration import RobotConfiguration, load
from bee_robot.devices.board_reports import BoardReports, stamp
from bee_robot.devices.board_units import BoardUnits
from bee_robot.devices.tower import (
    Axis,
    BoardState,
    Guard,
    GuardKind,
    MotionEnd,
    MotionProgramme,
    Output,
    Segment,
    Side,
)
from bee_robot.mcu import messages as m
from bee_robot.mcu.client import Refusal, Report, Stop
from bee_robot.mcu.clock_relation import ClockRelation

TOWER = Path(__file__).resolve().parents[3] / "config" / "robots" / "tower.yaml"
HOME = MotionProgramme("home", ())
STEPS = (0, 0, 0, 0, 800, 0)


@pytest.fixture
def robot() -> RobotConfiguration:
    return load(TOWER)


@pytest.fixture
def reports(robot: RobotConfiguration) -> BoardReports:
    return BoardReports(robot, BoardUnits(robot))


@pytest.fixture
def clocks() -> ClockRelation:
    """Robot time is the board's plus 90 s, known to 2 ms."""
    relation = ClockRelation()
    relation.add(100.0, 100.004, 10_002_000)
    return relation


def done(**more: object) -> Report:
    return Report(m.End.DONE, 1, Refusal(m.Cause.NONE), STEPS, **more)  # type: ignore[arg-type]


def test_edges_and_outputs_carry_robot_time(reports: BoardReports, clocks: ClockRelation) -> None:
    report = done(
        latches=[m.Latch(1, 1, 0, 10_002_000, STEPS)], outputs=[m.OutputSet(0, 3, 10_102_000, STEPS)]
    )
    result = reports.result(HOME, report, clocks)
    edge, light = result.latched[0].stamp, result.outputs[0].stamp
    assert (edge.time_s, edge.uncertainty_s, edge.board_s) == pytest.approx((100.002, 0.002, 10.002))
    assert light.time_s - edge.time_s == pytest.approx(0.1)
    seen = result.outputs[0]
    assert (seen.segment_index, seen.output) == (3, Output.STROBE)
    assert seen.positions_mm[Axis.SHUTTLE_LEFT] == 800 / 80


def test_without_related_clocks_a_stamp_claims_nothing() -> None:
    found = stamp(ClockRelation(), 5_000_000)
    assert found.uncertainty_s == math.inf and found.board_s == 5.0


def test_a_stop_carries_robot_time(reports: BoardReports, clocks: ClockRelation) -> None:
    stopped = m.Stopped(1, m.Cause.LOAD_SILENT, 1, 2, 10_002_000, (1000, 2000), 300, 200)
    report = reports.stop(Stop(stopped, STEPS), "because", clocks)
    assert report.stamp.time_s == pytest.approx(100.002) and report.alert == "load_silent"
    assert report.loads_kg == {Side.LEFT: 1.0, Side.RIGHT: 2.0}


def test_homing_tells_steps_that_were_lost_by_axis_and_millimetres(
    reports: BoardReports, robot: RobotConfiguration, clocks: ClockRelation
) -> None:
    per_mm = robot.axes["lift_left"].steps_per_mm
    home = round(510 * per_mm)
    report = done(
        references=[
            m.Reference(0, 1, home + round(0.35 * per_mm), home),
            m.Reference(1, 1, home + round(0.05 * per_mm), home),  # within the tolerance
            m.Reference(4, 0, 5000, 0),  # did not know where it was
        ]
    )
    result = reports.result(HOME, report, clocks)
    assert result.end is MotionEnd.DONE and result.alert == "steps_lost"
    assert (
        result.reason == "end stops were not where they were expected: lift_left +0.35 mm (tolerance 0.1 mm)"
    )
    assert [found.lost_mm for found in result.references] == pytest.approx([0.35, 0.05, 0.0])
    assert result.references[2].expected_mm is None


def test_a_homing_that_found_everything_in_place_says_nothing(
    reports: BoardReports, clocks: ClockRelation
) -> None:
    result = reports.result(HOME, done(references=[m.Reference(4, 1, 3, 0)]), clocks)
    assert (result.alert, result.reason) == ("", "")


@pytest.mark.parametrize(
    ("guard", "alert", "words"),
    [
        (Guard(GuardKind.LOAD_RATE, Side.LEFT, rate_kg_s=2.0), "load_rate", "left load rose faster than 2 kg/s"),
        (Guard(GuardKind.END_STOP, end_stop=Axis.SCAN_LEFT), "end_stop_reached", "end stop of scan_left closed"),
        (Guard(GuardKind.PIN_EDGE, Side.RIGHT), "pin_unexpected", "pin sensor on the right changed"),
        (Guard(GuardKind.LOAD_ABOVE, Side.LEFT, 5.0), "load_limit", "load 6.00 kg, threshold 5.00 kg"),
    ],
)  # fmt: skip
def test_a_guard_that_tripped_is_told_in_its_own_words(
    reports: BoardReports, clocks: ClockRelation, guard: Guard, alert: str, words: str
) -> None:
    programme = MotionProgramme("test", (Segment("down", guards=(guard,)),))
    why = Refusal(m.Cause.GUARD_TRIPPED, value=6000, limit=5000)
    report = Report(m.End.GUARD, 0, why, STEPS, trips=[m.Trip(0, 0, 6000, STEPS)])
    result = reports.result(programme, report, clocks)
    assert result.alert == alert and result.reason.startswith("segment 0 'down': ") and words in result.reason


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (Refusal(m.Cause.WRONG_BOARD, value=2, limit=1), "the board is a mega2560, the configuration is for a host"),
        (Refusal(m.Cause.WRONG_CHECKSUM, value=0x1234, limit=-1), "board 00001234, host ffffffff"),
        (Refusal(m.Cause.LOAD_SILENT, 0, value=250, limit=200), "left, for 250 ms, limit 200 ms"),
        (Refusal(m.Cause.PLANNER_LATE, value=4000, limit=1000), "2.00 ms late, limit 0.50 ms"),
        (Refusal(m.Cause.END_STOP_LATE, 4, value=80, limit=0), "shuttle_left: an end stop is open .*: 1.00 mm"),
        (Refusal(m.Cause.NOTHING_TO_HOLD, value=m.State.ARMED), "no programme to hold or resume .the board is armed"),
    ],
)  # fmt: skip
def test_reasons_name_both_sides(reports: BoardReports, why: Refusal, words: str) -> None:
    assert re.search(words, reports.reason(why))


def test_every_cause_has_a_reason_and_an_alert_of_the_table(reports: BoardReports) -> None:
    for cause in m.Cause:
        assert reports.reason(Refusal(cause, 0, value=1, limit=2))
        alert = reports.alert(cause)
        assert alert == "" or alert in ALERTS


def test_every_state_has_a_name(reports: BoardReports) -> None:
    assert {reports.board_state(state) for state in m.State} == set(BoardState) - {BoardState.LOST}


def test_numbers_of_alerts_are_used_once() -> None:
    numbers = [alert.number for alert in ALERTS.values()]
    assert len(numbers) == len(set(numbers))
