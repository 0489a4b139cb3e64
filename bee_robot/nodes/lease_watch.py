"""Whether somebody holds the motion lease, for nodes that only want to know before they leave."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.serialization import deserialize_message

from bee_robot.clock import wall_s
from bee_robot.nodes import qos
from bee_robot_interfaces.msg import TowerState

FRESH_WALL_S = 1.0


class LeaseWatch:
    """Keeps the newest `tower/state` as it came and reads it only when it is asked."""

    def __init__(self, node: Node) -> None:
        self._newest: bytes | None = None
        self._came_wall_s = 0.0
        node.create_subscription(TowerState, "tower/state", self._take, qos.of("tower/state"), raw=True)

    def _take(self, data: bytes) -> None:
        self._newest, self._came_wall_s = data, wall_s()

    def holder(self) -> str:
        """Who holds the lease; empty where nobody does or the tower is silent."""
        if self._newest is None or wall_s() - self._came_wall_s > FRESH_WALL_S:
            return ""
        return str(deserialize_message(self._newest, TowerState).lease_holder)
