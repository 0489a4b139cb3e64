"""Parameters of every node, one table each: name, type, default, range, unit, meaning, and when they may change.

From a table the parameters are declared with descriptors, so that `ros2 param describe` says the same as docs/ros.md.
What is not in the table, or out of its range, is refused: at the start with one line, later with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from bee_robot.sim import scenarios
from bee_robot.sim.pace import DEAD_AFTER_WALL_S

Value = bool | int | float | str | list[str]

OF_ROS = ("use_sim_time", "start_type_description_service")
OF_ROS_PREFIX = "qos_overrides."
"""Parameters that ROS itself gives to nodes."""


class Change(Enum):
    """When a parameter may change."""

    NEVER = "at the start only"
    UNCONFIGURED = "while unconfigured"


@dataclass(frozen=True)
class Parameter:
    """A row of a table. `low`, `high`: the first and last allowed value; `choices`: all allowed ones (of texts).
    `is_required`: the default, an empty text, is not enough."""

    name: str
    default: Value
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    change: Change = Change.NEVER
    is_required: bool = False

    @property
    def type(self) -> str:
        """As ROS calls it."""
        return {bool: "bool", int: "integer", float: "double", str: "string", list: "string array"}[
            type(self.default)
        ]

    @property
    def limits(self) -> str:
        """Range or choices in words; empty where everything of the type is allowed."""
        if self.choices:
            return ", ".join(self.choices)
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:.10g} to {self.high:.10g}"

    def problem(self, value: object) -> str:
        """Why a value is not allowed: name, value, limit; empty if it is."""
        if type(value) is not type(self.default):
            hint = f"; write {value}.0" if self.type == "double" and type(value) is int else ""
            return f"parameter {self.name} = {value!r} is no {self.type}{hint}"
        if self.is_required and not value:
            return f"parameter {self.name} is empty; set it"
        if self.choices and value not in self.choices:
            return f"parameter {self.name} = {value!r} is none of {self.limits}"
        if self.low is not None and self.high is not None:
            assert isinstance(value, int | float)
            if not self.low <= value <= self.high:
                unit = f" ({self.unit})" if self.unit else ""
                return f"parameter {self.name} = {value:g} is not within {self.limits}{unit}"
        return ""

    def descriptor(self) -> ParameterDescriptor:
        made = ParameterDescriptor(
            description=self.meaning + (f" [{self.unit}]" if self.unit else ""),
            read_only=self.change is Change.NEVER,
        )
        rules = []
        if self.choices:
            rules.append(f"one of: {self.limits}")
        if self.change is Change.UNCONFIGURED:
            rules.append("may change while the node is unconfigured")
        made.additional_constraints = "; ".join(rules)
        if self.low is not None and self.high is not None:
            if self.type == "integer":
                made.integer_range = [IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)]
            else:
                made.floating_point_range = [
                    FloatingPointRange(from_value=float(self.low), to_value=float(self.high), step=0.0)
                ]
        return made


class ParameterError(Exception):
    """A parameter that this node does not have, or a value that is not allowed. One line."""


# fmt: off
_COMMON = (
    Parameter("robot_file", "", "the robot file (YAML)", is_required=True),
    Parameter("day", 0, "of a simulation: days after its fixed summer day", "d", 0, scenarios.LAST_DAY),
)
_STORE = Parameter("store", "", "folder of the local store: results, pictures, journal", is_required=True)
_SIM = Parameter("sim", False, "the machine is simulated: pictures and conditions are those of sim_world")
_AUTOSTART = Parameter("autostart", True, "configure and activate without a lifecycle manager, also after the device was lost")


TABLES: dict[str, tuple[Parameter, ...]] = {
    "sim_world": (
        *_COMMON,
        Parameter("run_dir", "", "folder where the board's serial port is put, as 'board'", is_required=True),
        Parameter("speed", 1.0, "robot seconds per second, at most", "s/s", 0.1, 1000.0),
        Parameter("seed", 1, "which colony, which noise", "", 0, 2**31 - 1),
        Parameter("scenario", scenarios.DEFAULT, "which kind of colony", choices=tuple(scenarios.SCENARIOS)),
        Parameter("patience", DEAD_AFTER_WALL_S, "wall time without a heartbeat after which the host counts as dead", "s", 0.1, 600.0),
        Parameter("trace", "", "file for the motion trace, one JSON object a line; empty: none"),
    ),
    "tower_driver": (
        *_COMMON,
        _AUTOSTART,
        Parameter("port", "", "serial port of the board; empty: serial.port of the robot file", change=Change.UNCONFIGURED),
        Parameter("port_wait", 0.0, "how long autostart waits for the port to appear (wall time)", "s", 0.0, 600.0,
                  change=Change.UNCONFIGURED),
    ),
    "frame_cameras": (
        *_COMMON,
        _AUTOSTART,
        _SIM,
        Parameter("photos", "", "folder of photographs that are delivered instead of the cameras' own; empty: none",
                  change=Change.UNCONFIGURED),
        replace(_STORE, change=Change.UNCONFIGURED),
    ),
    "frame_extractor": (*_COMMON, _SIM, _STORE),
    "frame_analyzer": (*_COMMON, _STORE),
    "visit_scheduler": (*_COMMON, _STORE),
    "recorder": (
        Parameter("folder", "", "each recording gets a folder of its own here, below the namespace", is_required=True),
        # A list with an empty text: rclpy cannot tell the type of an empty list.
        Parameter("topics", [""], "topics to record, relative ones in the namespace of the node; none: all"),
        Parameter("exclude", [""], "regular expressions; a topic in whose name one is found is left out"),
        Parameter("include_hidden", False, "hidden topics, too: those of actions"),
        Parameter("compression", "zstd", "of the chunks of a file", choices=("none", "lz4", "zstd")),
        Parameter("max_file_mib", 1024, "size at which a new file is begun; 0: never", "MiB", 0, 1_000_000),
        Parameter("max_folder_gib", 0.0, "what all its recordings may have together, the oldest go first; 0: no limit",
                  "GiB", 0.0, 100_000.0),
        Parameter("min_free_gib", 1.0, "the recording ends well when the disk has no more than this", "GiB", 0.0, 1000.0),
    ),
}
# fmt: on


def table_of(node: str) -> tuple[Parameter, ...]:
    """The table of a kind of node; KeyError where it has none."""
    return TABLES[node]


def declare(node: Node, table: Sequence[Parameter]) -> None:
    """Declare a table on a node that was made with `automatically_declare_parameters_from_overrides=True`.

    That is how an override that no row knows is seen. Raises ParameterError.
    """
    rows = {row.name: row for row in table}
    given_names = set()
    for name, given in node.get_parameters_by_prefix("").items():
        if name == "use_sim_time" and not isinstance(given.value, bool):
            raise ParameterError(f"parameter use_sim_time = {given.value!r} is no bool; give true or false")
        if name in OF_ROS or name.startswith(OF_ROS_PREFIX):
            continue
        if name not in rows:
            raise ParameterError(
                f"no parameter '{name}' (given {given.value!r}); there are {', '.join(sorted(rows))}"
            )
        problem = rows[name].problem(given.value)
        if problem:
            raise ParameterError(f"{problem}: {rows[name].meaning}")
        node.undeclare_parameter(name)
        given_names.add(name)
    for row in table:
        if row.is_required and row.name not in given_names:
            raise ParameterError(f"parameter {row.name} is not set: {row.meaning}")
        node.declare_parameter(row.name, row.default, row.descriptor())


def guard_changes(
    node: Node, table: Sequence[Parameter], why_not_now: Callable[[], str] = lambda: ""
) -> None:
    """Refuse changes that a table does not allow, with name, value and limit. `why_not_now`: what is in the way of a
    change that is allowed at times; empty where nothing is.

    `use_sim_time` is in no table and is refused, too: timers that ran would stand still, and with them a visit."""
    rows = {row.name: row for row in table}

    def check(changes: list[RosParameter]) -> SetParametersResult:
        for change in changes:
            row = rows.get(change.name)
            if change.name == "use_sim_time" and change.value != node.get_parameter("use_sim_time").value:
                reason = f"parameter use_sim_time = {change.value!r}: {Change.NEVER.value}; start the node again with it"
                return SetParametersResult(successful=False, reason=reason)
            if row is None:
                continue
            reason = row.problem(change.value)
            if not reason and row.change is Change.UNCONFIGURED and why_not_now():
                reason = f"parameter {change.name} cannot change now: {why_not_now()}"
            if reason:
                return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(check)
