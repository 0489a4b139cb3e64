"""Whether somebody holds the motion lease, for nodes that only want to know before they leave."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.serialization import deserialize_message

from bee_robot.clock import Clock, wall_s
from bee_robot.devices.motion_lease import LEASE_LAPSES_S
from bee_robot.nodes import qos
from bee_robot_interfaces.msg import TowerState

FRESH_WALL_S = 1.0
LAPSED_S = LEASE_LAPSES_S + 5.0
"""Robot time of silence after which the last holder counts as gone, also where many states were lost on their way."""


class LeaseWatch:
    """Keeps the newest `tower/state` as it came and reads it only when it is asked. `clock`: robot time.

    A silent tower is not a free one: `tower/state` is best effort, and a simulation's time stands while pictures are drawn.
    """

    def __init__(self, node: Node, clock: Clock) -> None:
        self._node = node
        self._clock = clock
        self._newest: tuple[bytes, float, float] | None = None  # with robot and wall time of its arrival
        node.create_subscription(TowerState, "tower/state", self._take, qos.of("tower/state"), raw=True)

    def _take(self, data: bytes) -> None:
        self._newest = data, self._clock.now_s(), wall_s()

    def holder(self) -> str:
        """Who holds the lease, as last heard. Empty: nobody, never heard, LAPSED_S of silence, or no tower_driver any more."""
        newest = self._newest
        if newest is None:
            return ""
        data, came_s, came_wall_s = newest
        is_fresh = wall_s() - came_wall_s <= FRESH_WALL_S
        if not is_fresh and (
            self._clock.now_s() - came_s > LAPSED_S or not self._node.count_publishers("tower/state")
        ):
            return ""
        return str(deserialize_message(data, TowerState).lease_holder)

    @property
    def silent_wall_s(self) -> float:
        """Wall time since the newest state came; 0 where none ever did."""
        return 0.0 if self._newest is None else wall_s() - self._newest[2]

    def says(self) -> str:
        """Who holds the lease, in words; empty where nobody does."""
        holder, silent_s = self.holder(), self.silent_wall_s
        if not holder:
            return ""
        if silent_s > FRESH_WALL_S:
            return f"the tower is silent for {silent_s:.0f} s, last holder of the motion lease '{holder}'"
        return f"'{holder}' holds the motion lease"
