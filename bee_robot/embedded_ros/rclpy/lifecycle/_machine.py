"""The state machine of lifecycle nodes: states and transitions as in lifecycle_msgs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from rclpy.exceptions import RCLError


class TransitionCallbackReturn(Enum):
    """How a transition callback ended; numbers as in lifecycle_msgs/msg/Transition."""

    SUCCESS = 97
    FAILURE = 98
    ERROR = 99


class LifecycleState(NamedTuple):
    """Name and number of a state."""

    label: str
    state_id: int


UNCONFIGURED = LifecycleState("unconfigured", 1)
INACTIVE = LifecycleState("inactive", 2)
ACTIVE = LifecycleState("active", 3)
FINALIZED = LifecycleState("finalized", 4)
CONFIGURING = LifecycleState("configuring", 10)
CLEANING_UP = LifecycleState("cleaningup", 11)
SHUTTING_DOWN = LifecycleState("shuttingdown", 12)
ACTIVATING = LifecycleState("activating", 13)
DEACTIVATING = LifecycleState("deactivating", 14)
ERROR_PROCESSING = LifecycleState("errorprocessing", 15)
UNKNOWN = LifecycleState("unknown", 0)

STATES = (
    UNKNOWN,
    UNCONFIGURED,
    INACTIVE,
    ACTIVE,
    FINALIZED,
    CONFIGURING,
    CLEANING_UP,
    SHUTTING_DOWN,
    ACTIVATING,
    DEACTIVATING,
    ERROR_PROCESSING,
)


@dataclass(frozen=True)
class Transition:
    """A transition from a primary state, through a state in which its callback runs."""

    number: int
    label: str
    start: LifecycleState
    during: LifecycleState
    success: LifecycleState
    failure: LifecycleState


OUTCOMES = {"configure": 10, "cleanup": 20, "activate": 30, "deactivate": 40, "shutdown": 50, "error": 60}
"""Number of `transition_success` after a transition; failure is one more, error two more."""

TRANSITIONS = (
    Transition(1, "configure", UNCONFIGURED, CONFIGURING, INACTIVE, UNCONFIGURED),
    Transition(2, "cleanup", INACTIVE, CLEANING_UP, UNCONFIGURED, INACTIVE),
    Transition(3, "activate", INACTIVE, ACTIVATING, ACTIVE, INACTIVE),
    Transition(4, "deactivate", ACTIVE, DEACTIVATING, INACTIVE, ACTIVE),
    Transition(5, "shutdown", UNCONFIGURED, SHUTTING_DOWN, FINALIZED, FINALIZED),
    Transition(6, "shutdown", INACTIVE, SHUTTING_DOWN, FINALIZED, FINALIZED),
    Transition(7, "shutdown", ACTIVE, SHUTTING_DOWN, FINALIZED, FINALIZED),
)


def transition_graph() -> list[tuple[int, str, LifecycleState, LifecycleState]]:
    """All edges of the machine, outcomes included: number, label, start and goal state."""
    edges = [(t.number, t.label, t.start, t.during) for t in TRANSITIONS]
    for label, first in OUTCOMES.items():
        transition = next((t for t in TRANSITIONS if t.label == label), None)
        if transition is None:
            during, goals = ERROR_PROCESSING, (UNCONFIGURED, FINALIZED, FINALIZED)
        else:
            during, goals = transition.during, (transition.success, transition.failure, ERROR_PROCESSING)
        for offset, (outcome, goal) in enumerate(zip(("success", "failure", "error"), goals)):
            edges.append((first + offset, f"transition_{outcome}", during, goal))
    return edges


def find_transition(state: LifecycleState, number: int = 0, label: str = "") -> Transition:
    """The transition that a number or label means in a state; RCLError if there is none."""
    for transition in TRANSITIONS:
        if transition.start != state:
            continue
        if label and transition.label == label or not label and transition.number == number:
            return transition
        # The three shutdowns are one to whoever asks.
        if not label and number in (5, 6, 7) and transition.label == "shutdown":
            return transition
    wanted = label or str(number)
    raise RCLError(
        f"Failed to trigger lifecycle state machine transition: {wanted!r} is not possible in state {state.label}"
    )
