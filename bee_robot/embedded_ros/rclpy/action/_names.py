"""The services and topics that make up an action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rclpy.exceptions import NameValidationException

FEEDBACK_SUFFIX = "/_action/feedback"
FEEDBACK_TYPE_SUFFIX = "_FeedbackMessage"


@dataclass(frozen=True)
class ActionNames:
    """Full names under `<action>/_action`."""

    action: str
    send_goal: str
    cancel_goal: str
    get_result: str
    feedback: str
    status: str


def action_names(node: Any, action_name: str) -> ActionNames:
    """Names for an action as a node calls it, remapped like a topic. ValueError for one that is no name."""
    try:
        full_name = node._resolve(action_name)
    except NameValidationException as error:
        raise ValueError(f"the action name {action_name!r} is invalid: {error}") from error
    parts = ("send_goal", "cancel_goal", "get_result", "feedback", "status")
    return ActionNames(full_name, *(f"{full_name}/_action/{part}" for part in parts))


def check_action_type(action_type: Any) -> None:
    """RuntimeError unless this is an action class."""
    from rclpy.type_support import check_for_type_support

    check_for_type_support(action_type)
    if not hasattr(action_type, "Impl"):
        raise RuntimeError(f"The {action_type.__name__} type is not an action type")
