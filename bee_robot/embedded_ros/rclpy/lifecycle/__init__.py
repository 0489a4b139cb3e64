"""Lifecycle nodes: configured, activated and cleaned up from outside."""

from __future__ import annotations

from rclpy.lifecycle._machine import LifecycleState, TransitionCallbackReturn
from rclpy.lifecycle.managed_entity import ManagedEntity, SimpleManagedEntity
from rclpy.lifecycle.node import LifecycleNode, LifecycleNodeMixin
from rclpy.lifecycle.publisher import LifecyclePublisher

State = LifecycleState
Node = LifecycleNode
NodeMixin = LifecycleNodeMixin
Publisher = LifecyclePublisher

__all__ = [
    "LifecycleNode",
    "LifecycleNodeMixin",
    "LifecyclePublisher",
    "LifecycleState",
    "ManagedEntity",
    "Node",
    "NodeMixin",
    "Publisher",
    "SimpleManagedEntity",
    "State",
    "TransitionCallbackReturn",
]
