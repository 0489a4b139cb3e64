"""Who may import whom (docs/architecture.md): arrows point down only, ROS stays in its place, and so does time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "bee_robot"

# From the top down. A part may import what is on a lower layer, and itself.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"console", "cli"}),
    frozenset({"nodes"}),
    frozenset({"extraction", "apiary", "vision", "cloud", "safety"}),
    frozenset({"devices"}),
    frozenset({"sim", "mcu"}),
    frozenset({"hive", "configuration", "clock", "alerts", "rulebook"}),
)

# Edges within a layer that are meant, each with its reason.
LATERAL = {
    ("sim", "mcu"): "the twin offers its serial line as a transport",
    ("cli", "console"): "bee inspect and bee report write the report that the console shows",
    ("cli", "embedded_ros"): "bee ros runs the graph tools, which know nothing of bees",
    ("configuration", "hive"): "a hive's part of the robot file is a hive's own affair",
    ("hive", "configuration"): "where frames hang follows from the numbers of the robot file",
    (
        "hive",
        "rulebook",
    ): "how far things have to keep apart decides whether a hive fits and how high it is raised",
}

# What every part may import: the package itself, which only decides where rclpy comes from.
FOUNDATION = frozenset({"", "_ros_runtime"})
FOUNDATION_NAMES = frozenset({"ros_runtime", "RosRuntime", "__version__"})
ROS_PARTS = frozenset({"nodes", "embedded_ros"})
ROS_PACKAGES = (
    "rclpy", "rosidl", "rosbag2", "ament_index_python", "launch", "launch_ros", "tf2_ros", "bee_robot_interfaces"
)  # fmt: skip

# Files that read or spend wall time themselves, with the reason.
OWN_TIME = {
    "bee_robot/clock.py": "the one place",
    "bee_robot/embedded_ros": "a transport has deadlines of its own, below any robot clock",
}
FORBIDDEN_TIME = {"time", "sleep", "monotonic", "perf_counter", "time_ns", "monotonic_ns"}
FORBIDDEN_CALENDAR = {"now", "utcnow", "today"}


@dataclass(frozen=True)
class Import:
    """One import statement: in which file and line, and what."""

    file: str
    line: int
    name: str

    @property
    def part(self) -> str:
        """The part of bee_robot that is imported; "" for the package itself or for somebody else's."""
        words = self.name.split(".")
        return words[1] if words[0] == PACKAGE and len(words) > 1 else ""


@cache
def sources() -> tuple[tuple[Path, ast.Module], ...]:
    paths = sorted((ROOT / PACKAGE).rglob("*.py"))
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"), str(path))) for path in paths)


def part_of(path: Path) -> str:
    """bee_robot/sim/plant.py -> sim; bee_robot/clock.py -> clock; bee_robot/__init__.py -> ""."""
    first = path.relative_to(ROOT / PACKAGE).parts[0]
    name = first.removesuffix(".py")
    return "" if name == "__init__" else name


def imports_of(path: Path, tree: ast.Module) -> Iterator[Import]:
    shown = path.relative_to(ROOT).as_posix()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(shown, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown}, line {node.lineno}: relative import; write the whole name"
            assert node.module is not None
            # "from bee_robot import clock" imports bee_robot.clock
            names = (
                [f"{PACKAGE}.{alias.name}" for alias in node.names]
                if node.module == PACKAGE
                else [node.module]
            )
            for name in names:
                yield Import(shown, node.lineno, name)


def layer(part: str) -> int:
    return next(number for number, parts in enumerate(LAYERS) if part in parts)


def test_every_part_has_its_layer() -> None:
    parts = {part_of(path) for path, _ in sources()} - FOUNDATION - {"embedded_ros"}
    assert parts <= frozenset().union(*LAYERS), (
        "a new part of bee_robot needs a layer here and in docs/architecture.md"
    )


def edges() -> Iterator[tuple[str, str, Import]]:
    """Imports of one part of bee_robot by another; the embedded runtime apart, which has a rule of its own."""
    for path, tree in sources():
        here = part_of(path)
        for each in imports_of(path, tree) if here not in FOUNDATION | {"embedded_ros"} else ():
            there = each.part
            if there not in FOUNDATION | FOUNDATION_NAMES | {here}:
                yield here, there, each


def test_arrows_point_down_only() -> None:
    wrong = [
        f"{each.file}:{each.line}: {here} may not import {each.name}"
        for here, there, each in edges()
        if (here, there) not in LATERAL and (there == "embedded_ros" or layer(there) <= layer(here))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_lateral_edge_is_in_use() -> None:
    assert set(LATERAL) <= {(here, there) for here, there, _ in edges()}


def test_the_embedded_runtime_knows_nothing_of_bees() -> None:
    wrong = [
        f"{each.file}:{each.line}: {each.name}"
        for path, tree in sources()
        if part_of(path) == "embedded_ros"
        for each in imports_of(path, tree)
        if each.part not in FOUNDATION | FOUNDATION_NAMES | {"embedded_ros"}
    ]
    assert not wrong, "\n".join(wrong)


def is_ros(name: str) -> bool:
    first = name.split(".")[0]
    return first in ROS_PACKAGES or first.endswith(("_msgs", "_srvs", "_interfaces"))


def test_ros_types_stay_in_nodes_and_embedded_ros() -> None:
    wrong = [
        f"{each.file}:{each.line}: {each.name}"
        for path, tree in sources()
        if part_of(path) not in ROS_PARTS
        for each in imports_of(path, tree)
        if is_ros(each.name)
    ]
    assert not wrong, "\n".join(wrong)


def is_calendar(node: ast.expr) -> bool:
    """`datetime`, `date`, `datetime.datetime`, `datetime.date`."""
    return ast.unparse(node) in {"datetime", "date", "datetime.datetime", "datetime.date"}


def wall_time_uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        is_attribute = (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time"
        )
        if is_attribute and node.attr in FORBIDDEN_TIME:  # type: ignore[attr-defined]
            yield node.lineno, f"time.{node.attr}"  # type: ignore[attr-defined]
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_CALENDAR and is_calendar(node.value):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from ((node.lineno, f"from time import {alias.name}") for alias in node.names)


def test_wall_time_is_read_and_slept_on_in_clock_alone() -> None:
    wrong = []
    for path, tree in sources():
        shown = path.relative_to(ROOT).as_posix()
        if not any(shown == allowed or shown.startswith(allowed + "/") for allowed in OWN_TIME):
            wrong += [f"{shown}:{line}: {use}; take a Clock" for line, use in wall_time_uses(tree)]
    assert not wrong, "\n".join(wrong)


def test_main_and_doctor_need_nothing_but_the_standard_library() -> None:
    """Imports at the top of these files run before anything is installed."""
    import sys

    for name in ("main", "doctor", "checkup", "locations"):
        path = ROOT / PACKAGE / "cli" / f"{name}.py"
        top = [
            node
            for node in ast.parse(path.read_text()).body
            if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        for node in top:
            names = (
                [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            )
            for imported in names:
                first = str(imported).split(".")[0]
                assert first in sys.stdlib_module_names or first == PACKAGE, f"{path.name}: {imported}"


class TestTheRuleItself:
    """The rule finds what it is there to find."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("import bee_robot.nodes.qos", ["bee_robot.nodes.qos"]),
            ("from bee_robot import clock", ["bee_robot.clock"]),
            ("def late():\n    from bee_robot.cli import main", ["bee_robot.cli"]),
        ],
    )
    def test_imports_are_seen_wherever_they_stand(self, text: str, expected: list[str]) -> None:
        found = imports_of(ROOT / PACKAGE / "sim" / "x.py", ast.parse(text))
        assert [each.name for each in found] == expected

    def test_message_packages_are_ros(self) -> None:
        assert is_ros("sensor_msgs.msg") and is_ros("rclpy.node") and is_ros("bee_robot_interfaces.srv")
        assert not is_ros("numpy") and not is_ros("bee_robot.nodes")

    def test_time_is_seen_however_it_is_spelled(self) -> None:
        found = wall_time_uses(ast.parse("import time\ntime.sleep(1)\nfrom time import monotonic\nx.time()"))
        assert sorted(use for _, use in found) == ["from time import monotonic", "time.sleep"]
        found = wall_time_uses(
            ast.parse("datetime.now()\ndatetime.date.today()\nclock.now()\nnode.get_clock().now()")
        )
        assert [use for _, use in found] == ["datetime.now", "datetime.date.today"]
