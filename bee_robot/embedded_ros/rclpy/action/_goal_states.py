"""The states of a goal, as ROS 2's action design has them."""

from __future__ import annotations

from enum import IntEnum

from rclpy.exceptions import RCLError


class GoalEvent(IntEnum):
    """What may happen to a goal."""

    EXECUTE = 0
    CANCEL_GOAL = 1
    SUCCEED = 2
    ABORT = 3
    CANCELED = 4


UNKNOWN, ACCEPTED, EXECUTING, CANCELING, SUCCEEDED, CANCELED, ABORTED = range(7)
_STATE_NAMES = ("UNKNOWN", "ACCEPTED", "EXECUTING", "CANCELING", "SUCCEEDED", "CANCELED", "ABORTED")
ACTIVE = (ACCEPTED, EXECUTING, CANCELING)

_TRANSITIONS = {
    (ACCEPTED, GoalEvent.EXECUTE): EXECUTING,
    (ACCEPTED, GoalEvent.CANCEL_GOAL): CANCELING,
    (EXECUTING, GoalEvent.CANCEL_GOAL): CANCELING,
    (EXECUTING, GoalEvent.SUCCEED): SUCCEEDED,
    (EXECUTING, GoalEvent.ABORT): ABORTED,
    (CANCELING, GoalEvent.SUCCEED): SUCCEEDED,
    (CANCELING, GoalEvent.ABORT): ABORTED,
    (CANCELING, GoalEvent.CANCELED): CANCELED,
}


def next_state(state: int, event: GoalEvent) -> int:
    """The state after an event; RCLError if the event cannot happen in this state."""
    found = _TRANSITIONS.get((state, event))
    if found is None:
        raise RCLError(
            "Failed to update goal state: goal_handle attempted invalid transition from state "
            f"{_STATE_NAMES[state]} with event {event.name}"
        )
    return found


def is_cancelable(state: int) -> bool:
    return (state, GoalEvent.CANCEL_GOAL) in _TRANSITIONS
