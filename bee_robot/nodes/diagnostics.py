"""What a node says of its health: named tasks, once a second on `diagnostics`, as standard viewers read it.

A task is a function that looks and says how it is. The statuses are called `node: task`; what is not well carries its
remedy (alerts.py). A change for the worse is also a line in the log, rate-limited.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from bee_robot.alerts import ALERTS
from bee_robot.clock import wall_s
from bee_robot.nodes import qos

PERIOD_WALL_S = 1.0  # wall time: a simulation that stands still must be seen to stand
SAY_AGAIN_WALL_S = 30.0
TOPIC = "diagnostics"

Figure = str | int | float | bool | None
"""None: not known; shown as nothing."""

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)


@dataclass
class Status:
    """How a task found things. The last of `ok`, `warn`, `error` and `stale` counts; `alert` is a key of alerts.py."""

    level: bytes = OK
    message: str = ""
    values: dict[str, Figure] = field(default_factory=dict)

    def ok(self, message: str = "") -> None:
        self._say(OK, message, "")

    def warn(self, message: str, alert: str = "") -> None:
        self._say(WARN, message, alert)

    def error(self, message: str, alert: str = "") -> None:
        self._say(ERROR, message, alert)

    def stale(self, message: str) -> None:
        """Nothing was heard: how it is now is not known."""
        self._say(STALE, message, "")

    def _say(self, level: bytes, message: str, alert: str) -> None:
        self.level, self.message = level, message
        if alert:
            self.values["alert"] = f"A{ALERTS[alert].number:03d}"
            self.values["remedy"] = ALERTS[alert].remedy


Task = Callable[[Status], None]


class Diagnostics:
    """Publishes a node's tasks every second of wall time. Made and used in the executor's thread."""

    def __init__(self, node: Node, hardware_id: str) -> None:
        self._node = node
        self._hardware_id = hardware_id
        self._tasks: dict[str, Task] = {}
        self._said: dict[str, tuple[bytes, float]] = {}
        self._seen: dict[str, bytes] = {}
        self._heard: set[str] = set()
        self._faulty: set[str] = set()
        self._publisher = node.create_publisher(DiagnosticArray, TOPIC, qos.of(TOPIC))
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(PERIOD_WALL_S, self.publish, clock=self._steady)

    def add(self, name: str, task: Task) -> None:
        """A task; its status is called `node: name`. A name is given once."""
        if name in self._tasks:
            raise ValueError(f"diagnostics of {self._node.get_name()}: there is a task '{name}' already")
        self._tasks[name] = task

    def publish(self) -> None:
        """All tasks, now."""
        array = DiagnosticArray(status=[self._look(name, task) for name, task in self._tasks.items()])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _look(self, name: str, task: Task) -> DiagnosticStatus:
        status = Status()
        try:
            task(status)
        except Exception as error:  # noqa: BLE001 - a look must never end the node, and with it a visit
            status.error(f"fault in the software of this look: {error!r}")
            if name not in self._faulty:
                self._faulty.add(name)
                self._node.get_logger().error(f"{name}: fault in the software:\n{traceback.format_exc()}")
        self._log(name, status)
        return DiagnosticStatus(
            level=status.level,
            name=f"{self._node.get_name()}: {name}",
            message=status.message,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=_shown(value)) for key, value in status.values.items()],
        )

    def _log(self, name: str, status: Status) -> None:
        """Trouble that lasts for two looks is said; so is a change of its level, and what lasts is said again after a while.
        What was never heard at all is not news: it may be about to start."""
        before, self._seen[name] = self._seen.get(name, STALE), status.level
        level, said_s = self._said.get(name, (OK, 0.0))
        if status.level != before or (status.level == STALE and name not in self._heard):
            return
        if status.level != STALE:
            self._heard.add(name)
        if status.level == level and (level == OK or wall_s() - said_s < SAY_AGAIN_WALL_S):
            return
        self._said[name] = (status.level, wall_s())
        remedy = status.values.get("remedy")
        text = f"{name}: {status.message}" + (f". {remedy}" if remedy else "")
        logger = self._node.get_logger()
        if status.level == OK:
            logger.info(f"{name}: well again{': ' if status.message else ''}{status.message}")
        elif status.level == ERROR:
            logger.error(text)
        else:
            logger.warning(text)


def _shown(value: Figure) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
