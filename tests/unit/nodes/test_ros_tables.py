"""docs/ros.md says what the code does, and no node writes down QoS or parameters anywhere but in the tables."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from node_stage import ROOT
from rclpy.qos import DurabilityPolicy

from bee_robot.configuration import CAMERA_NAMES
from bee_robot.nodes import parameters, qos

NODES = sorted((ROOT / "bee_robot" / "nodes").glob("*.py"))
OF_BAGS = {"bag_qos.py": "", "recorder.py": "name", "replayer.py": "topic"}
"""Recording and replay follow the QoS of whoever published, whatever it was: for topics that go by this variable."""


def _ros_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ros_tables", ROOT / "tools" / "ros_tables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, node


class TestThePage:
    def test_its_tables_are_those_of_the_code(self) -> None:
        tool = _ros_tables()
        text = tool.PAGE.read_text(encoding="utf-8")
        assert tool.with_tables(text) == text, "run python3 tools/ros_tables.py"

    def test_it_has_every_table_once(self) -> None:
        tool = _ros_tables()
        named = tool.named_in(tool.PAGE.read_text(encoding="utf-8"))
        assert sorted(named) == sorted(tool.tables())

    def test_a_row_that_changes_is_noticed(self) -> None:
        tool = _ros_tables()
        text = tool.PAGE.read_text(encoding="utf-8")
        changed = text.replace("| `tower/state` |", "| `tower/status` |")
        assert changed != text and tool.with_tables(changed) == text


class TestQoS:
    @pytest.mark.parametrize("path", [p for p in NODES if p.name != "qos.py"], ids=lambda p: p.name)
    def test_it_is_asked_by_the_topics_own_name(self, path: Path) -> None:
        for name, call in calls(path):
            if path.name != "bag_qos.py":
                assert name != "QoSProfile", f"{path.name}:{call.lineno} makes a QoS of its own"
            if name not in ("create_publisher", "create_lifecycle_publisher", "create_subscription"):
                continue
            topic = call.args[1]
            if OF_BAGS.get(path.name) == ast.unparse(topic):
                continue
            given = call.args[-1]
            assert isinstance(given, ast.Call) and ast.unparse(given.func) == "qos.of", (
                f"{path.name}:{call.lineno}"
            )
            assert ast.unparse(given.args[0]) == ast.unparse(topic), f"{path.name}:{call.lineno}"

    def test_names_are_found_with_their_parts_filled_in(self) -> None:
        for camera in CAMERA_NAMES:
            row = qos.topic(f"camera/{camera}/image/compressed")
            assert row.type == "sensor_msgs/msg/CompressedImage" and row.profile.depth == 1
        assert qos.of("sim/violations").durability == DurabilityPolicy.TRANSIENT_LOCAL

    @pytest.mark.parametrize(
        "name", ["tower/stat", "camera/image/compressed", "camera/a/b/camera_info", "clock"]
    )
    def test_an_unknown_topic_is_told_where_it_belongs(self, name: str) -> None:
        with pytest.raises(qos.UnknownTopicError, match=rf"no topic '{name}'.*qos\.py"):
            qos.of(name)

    def test_every_row_has_a_reason_and_no_name_twice(self) -> None:
        names = [row.name for row in qos.TOPICS]
        assert len(names) == len(set(names))
        assert all(len(row.reason) > 10 for row in qos.TOPICS)


class TestParameterTables:
    @pytest.mark.parametrize("path", [p for p in NODES if p.name != "parameters.py"], ids=lambda p: p.name)
    def test_nobody_declares_beside_them(self, path: Path) -> None:
        assert [call.lineno for name, call in calls(path) if name.startswith("declare_parameter")] == []

    @pytest.mark.parametrize("kind", parameters.TABLES)
    def test_defaults_keep_to_their_own_rules(self, kind: str) -> None:
        rows = parameters.table_of(kind)
        assert len({row.name for row in rows}) == len(rows)
        for row in rows:
            assert row.is_required or row.problem(row.default) == ""
            assert len(row.meaning) > 10

    @pytest.mark.parametrize(
        ("value", "says"),
        [
            (4, "parameter speed = 4 is no double; write 4.0"),
            ("fast", "parameter speed = 'fast' is no double"),
            (5000.0, "parameter speed = 5000 is not within 0.1 to 1000 (s/s)"),
            (float("nan"), "parameter speed = nan is not within 0.1 to 1000 (s/s)"),
            (0.1, ""),
            (1000.0, ""),
        ],
    )
    def test_a_problem_names_parameter_value_and_limit(self, value: object, says: str) -> None:
        (row,) = (row for row in parameters.table_of("sim_world") if row.name == "speed")
        assert row.problem(value) == says
