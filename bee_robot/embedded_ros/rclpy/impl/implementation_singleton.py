"""What is left of rclpy's C layer: its exceptions, under the names that tests and tools import."""

from __future__ import annotations

from types import SimpleNamespace

from rclpy import exceptions
from rclpy._node_graph import NodeNameNonExistentError
from rclpy.action._goal_states import GoalEvent

rclpy_implementation = SimpleNamespace(
    RCLError=exceptions.RCLError,
    RCLInvalidROSArgsError=exceptions.InvalidROSArgsError,
    UnknownROSArgsError=exceptions.UnknownROSArgsError,
    UnsupportedEventTypeError=exceptions.UnsupportedEventTypeError,
    InvalidHandle=exceptions.InvalidHandle,
    TimerCancelledError=exceptions.TimerCancelledError,
    NodeNameNonExistentError=NodeNameNonExistentError,
    GoalEvent=GoalEvent,
)
