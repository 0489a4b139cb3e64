"""How fast simulated time may pass beside real processes.

Robot time follows wall time times a speed factor, but never runs further ahead of the host's last heartbeat than half
the heartbeat deadline: a fast simulation waits for a slow host, it does not starve it. A host that has been silent for a
second of wall time counts as dead; time then runs on, and the board does what it does when a host dies.
"""

from __future__ import annotations

DEAD_AFTER_WALL_S = 1.0
LONGEST_GAP_S = 0.1  # of wall time that counts between two looks: a suspended process does not jump ahead


class Pace:
    """Decides how far the twin may run. Pure: wall time and heartbeats are told, nothing is read.

    `speed`: robot seconds per wall second (may be infinite). `robot_s`, `wall_s`: where both stand at first.
    `dead_after_wall_s`: silence after which the host counts as dead; more on a machine that is busy with other things.
    """

    def __init__(
        self,
        speed: float,
        deadline_s: float,
        robot_s: float,
        wall_s: float,
        dead_after_wall_s: float = DEAD_AFTER_WALL_S,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed factor {speed:g} must be above 0")
        self._dead_after_wall_s = dead_after_wall_s
        self._speed = speed
        self._ahead_s = deadline_s / 2
        self._robot_s = robot_s
        self._wall_s = wall_s
        self._heartbeat_s = 0.0
        self._silent_s = dead_after_wall_s  # until its first heartbeat there is no host to wait for

    @property
    def is_host_alive(self) -> bool:
        return self._silent_s < self._dead_after_wall_s

    def may_reach_s(self, wall_s: float, last_heartbeat_s: float) -> float:
        """Robot time that the twin may reach now; never less than the last answer.

        `last_heartbeat_s`: robot time at which the board last accepted a heartbeat (0: never).
        """
        passed_s = min(max(0.0, wall_s - self._wall_s), LONGEST_GAP_S)
        self._wall_s = wall_s
        if last_heartbeat_s != self._heartbeat_s:
            self._heartbeat_s, self._silent_s = last_heartbeat_s, 0.0
        else:
            self._silent_s += passed_s
        goal_s = self._robot_s + min(passed_s * self._speed, self._ahead_s)
        if self.is_host_alive:
            goal_s = min(goal_s, last_heartbeat_s + self._ahead_s)
        self._robot_s = max(self._robot_s, goal_s)
        return self._robot_s
