"""What the machine itself says against a motion, before anything is asked of it (R16)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bee_robot.devices.tower import Axis, AxisState, BoardState, Input, Side, TowerState
from bee_robot.extraction.motion_check import against_moving

STANDS = AxisState(position_mm=510.0, speed_mm_s=0.0, is_referenced=True, at_end_stop=False)
LOST = replace(STANDS, is_referenced=False)
READY = TowerState(
    stamp_s=1.0,
    board=BoardState.ARMED,
    axes=dict.fromkeys(Axis, STANDS),
    servos_deg={},
    inputs=dict.fromkeys(Input, True),
    outputs={},
    loads_kg=dict.fromkeys(Side, 0.0),
    stop_reason="",
    lease_holder="frame_extractor",
    link_errors=0,
    link_round_trip_ms=2.0,
)
LIFTS = (Axis.LIFT_LEFT, Axis.LIFT_RIGHT)


@pytest.mark.parametrize("board", [BoardState.ARMED, BoardState.MOVING])
def test_nothing_speaks_against_moving_an_armed_machine(board: BoardState) -> None:
    assert against_moving(replace(READY, board=board), LIFTS, "frame_extractor") is None


def test_axes_that_the_programme_leaves_alone_may_be_lost() -> None:
    state = replace(READY, axes={**READY.axes, Axis.SHUTTLE_LEFT: LOST})
    assert against_moving(state, LIFTS, "frame_extractor") is None


@pytest.mark.parametrize(
    ("changed", "alert", "says"),
    [
        ({"board": BoardState.LOST, "stop_reason": "silent for 1 s"}, "link_lost", "silent for 1 s"),
        ({"board": BoardState.ESTOP, "inputs": {**READY.inputs, Input.ESTOP_OK: False}}, "estop", "pressed"),
        ({"inputs": {**READY.inputs, Input.DOOR_CLOSED: False}}, "door_open", "door is open"),
        ({"inputs": {}}, "estop", "pressed"),
        ({"board": BoardState.STOPPED, "stop_reason": "a load was too high"}, "not_armed", "load was too"),
        ({"board": BoardState.DISARMED}, "not_armed", "disarmed"),
        ({"lease_holder": "teleop_console"}, "lease_lost", "'teleop_console' holds"),
        ({"axes": {**READY.axes, Axis.LIFT_RIGHT: LOST}}, "not_referenced", "lift_right"),
    ],
)
def test_what_the_board_would_refuse_is_said_in_words(changed: dict, alert: str, says: str) -> None:
    against = against_moving(replace(READY, **changed), LIFTS, "frame_extractor")
    assert against is not None and against.alert == alert
    assert says in str(against)
