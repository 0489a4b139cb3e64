"""What a node needs of others before it can do its work: waited for with a limit, and with a word about it.

`ros2 launch` starts all nodes at once, so whoever needs another waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rclpy.node import Node

from bee_robot.clock import pause_wall, wall_s
from bee_robot.nodes.diagnostics import Status

LOOK_WALL_S = 0.05
WORD_AFTER_WALL_S = 3.0
PATIENCE_WALL_S = 30.0  # for nodes that were started together; then it is an error


@dataclass(frozen=True)
class Need:
    """`what` of `node`, and whether it is there now (callable from any thread)."""

    node: str
    what: str
    is_there: Callable[[], bool]


class Needs:
    """The needs of one node."""

    def __init__(self, node: Node, needs: Sequence[Need]) -> None:
        self._node = node
        self._needs = list(needs)
        self._began_wall_s = wall_s()
        self._were_met = False

    def add(self, need: Need) -> None:
        self._needs.append(need)

    def missing(self) -> str:
        """One line that names what is not there and what to do; empty where nothing is missing."""
        absent = [need for need in self._needs if not need.is_there()]
        if not absent:
            self._were_met = True
            return ""
        names = " and ".join(f"{need.node} ({need.what})" for need in absent)
        return f"no answer from {names}; is it running and active? Look at its log"

    async def wait(self, limit_wall_s: float, until: Callable[[], bool] = lambda: False) -> str:
        """Wait on the loop until all is there, for so long at most, or until `until`; what is missing then. Says so in the
        log where it takes longer than usual."""
        began_s = wall_s()
        has_said = False
        while (missing := self.missing()) and wall_s() - began_s < limit_wall_s and not until():
            if not has_said and wall_s() - began_s > WORD_AFTER_WALL_S:
                has_said = True
                self._node.get_logger().warning(f"waiting, at most {limit_wall_s:g} s: {missing}")
            await pause_wall(LOOK_WALL_S)
        if has_said and not missing:
            self._node.get_logger().info("all that was waited for is there")
        return missing

    def look(self, status: Status) -> None:
        """The task for diagnostics."""
        missing = self.missing()
        status.values |= {f"{need.node} {need.what}": need.is_there() for need in self._needs}
        if not missing:
            status.ok("all is there")
        elif not self._were_met and wall_s() - self._began_wall_s < PATIENCE_WALL_S:
            status.warn(f"waiting: {missing}")
        else:
            status.error(missing)
