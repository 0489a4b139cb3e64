"""What stands on the command line behind `--ros-args`: values, parameter files, remapping, logging."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.logging import LoggingSeverity, get_logger
from rclpy.node import Node

MakeNode = Callable[..., Node]


def _node(make_node: MakeNode, *words: str, name: str = "tower", **options: Any) -> Node:
    return make_node(
        name, cli_args=["--ros-args", *words], automatically_declare_parameters_from_overrides=True, **options
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("+5", 5),
        ("0x1F", 31),
        ("010", 8),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("09", 9.0),
        ("99999999999999999999", 1e20),
        (".inf", math.inf),
        ("true", True),
        ("on", True),
        ("N", False),
        ("queen", "queen"),
        ("'12'", "12"),
        ('""', ""),
        ("~", "~"),
        ("null", "null"),
        ("12:30:45", "12:30:45"),
        ("2024-05-01", "2024-05-01"),
        ("1_000", "1_000"),
        ("a b", "a b"),
        ("!!str 7", 7),
        ("[1, 2]", [1, 2]),
        ("[1.5, 2e1]", [1.5, 20.0]),
        ("[a, 'b c']", ["a", "b c"]),
        ("[true, no]", [True, False]),
    ],
)
def test_values_have_the_types_of_rcl(make_node: MakeNode, text: str, value: Any) -> None:
    found = _node(make_node, "-p", f"x:={text}").get_parameter("x").value
    found = list(found) if isinstance(value, list) else found
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("text", ["", "[1, a]", "[1, 2.5]", "{a: 1}", "a: b", "[1", '"', "@a"])
def test_values_that_are_none_are_refused(make_node: MakeNode, text: str) -> None:
    with pytest.raises(RuntimeError, match="parameter override rule"):
        _node(make_node, "-p", f"x:={text}")


@pytest.mark.parametrize("rule", ["x", "x=1", ":=1", "1x:=1", "a-b:=1", "/tower:x:=1", "a..b:=1", "*:x:=1"])
def test_rules_that_name_no_parameter_are_refused(make_node: MakeNode, rule: str) -> None:
    with pytest.raises(RuntimeError, match="parameter override rule"):
        _node(make_node, "-p", rule)


def test_a_rule_may_name_its_node(make_node: MakeNode) -> None:
    words = ("-p", "tower:x:=1", "-p", "mover:x:=2", "-p", "a.b:=3")
    tower, mover = _node(make_node, *words), _node(make_node, *words, name="mover")
    assert (tower.get_parameter("x").value, mover.get_parameter("x").value) == (1, 2)
    assert tower.get_parameter("a.b").value == 3


def test_what_is_said_to_a_node_counts_more_than_what_is_said_to_all(make_node: MakeNode) -> None:
    node = _node(make_node, "-p", "x:=1", "-p", "tower:x:=2", "-p", "x:=3")
    assert node.get_parameter("x").value == 2


TREE = """
/**:
  ros__parameters:
    x: 1
    everywhere: yes
hive:
  tower:
    ros__parameters:
      x: 2
/hive/*:
  ros__parameters:
    one_level: 1e2
/**/tower:
  ros__parameters:
    lift: {speed_mm_s: 5.0, names: [left, right]}
other:
  ros__parameters:
    not_here: 1
"""


def test_files_address_nodes_by_patterns(make_node: MakeNode, tmp_path: Path) -> None:
    path = tmp_path / "tower.yaml"
    path.write_text(TREE)
    node = _node(make_node, "--params-file", str(path), namespace="/hive")
    values = {name: node.get_parameter(name).value for name in ("x", "everywhere", "one_level")}
    assert values == {"x": 2, "everywhere": True, "one_level": 100.0}
    assert node.get_parameter("lift.speed_mm_s").value == 5.0
    assert list(node.get_parameter("lift.names").value) == ["left", "right"]
    assert not node.has_parameter("not_here")
    elsewhere = _node(make_node, "--params-file", str(path), name="mover", namespace="/field/two")
    assert elsewhere.get_parameter("x").value == 1 and not elsewhere.has_parameter("one_level")


@pytest.mark.parametrize(
    "text",
    [
        "tower:\n  x: 1\n",
        "tower:\n  ros__parameters: 1\n",
        "ros__parameters:\n  x: 1\n",
        "- 1\n",
        "tower:\n  ros__parameters:\n    x:\n",
        "tower:\n  ros__parameters:\n    x: [1, a]\n",
        "tower:\n  ros__parameters:\n    x: &a 1\n    y: *a\n",
        "tow*:\n  ros__parameters:\n    x: 1\n",
        "/hive//tower:\n  ros__parameters:\n    x: 1\n",
        "tower: [\n",
    ],
)
def test_files_that_are_none_of_parameters_are_refused(
    make_node: MakeNode, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(RuntimeError, match="params file"):
        _node(make_node, "--params-file", str(path))


def test_a_file_that_is_not_there_is_an_error(make_node: MakeNode, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="params file"):
        _node(make_node, "--params-file", str(tmp_path / "nowhere.yaml"))


@pytest.mark.parametrize(
    ("rule", "topic", "service"),
    [
        ("scan:=images", "/hive/images", "/hive/go"),
        ("scan:=/images", "/images", "/hive/go"),
        ("/hive/scan:=~/images", "/hive/tower/images", "/hive/go"),
        ("tower:scan:=images", "/hive/images", "/hive/go"),
        ("mover:scan:=images", "/hive/scan", "/hive/go"),
        ("rostopic://scan:=images", "/hive/images", "/hive/go"),
        ("rosservice://scan:=images", "/hive/scan", "/hive/go"),
        ("rosservice://go:=run", "/hive/scan", "/hive/run"),
        ("go:=run", "/hive/scan", "/hive/run"),
    ],
)
def test_rules_remap_topics_and_services(make_node: MakeNode, rule: str, topic: str, service: str) -> None:
    node = _node(make_node, "-r", rule, namespace="/hive")
    assert (node.resolve_topic_name("scan"), node.resolve_service_name("go")) == (topic, service)
    assert node.resolve_topic_name("scan", only_expand=True) == "/hive/scan"


def test_the_first_rule_that_fits_counts(make_node: MakeNode) -> None:
    node = _node(make_node, "-r", "scan:=a", "-r", "scan:=b", "-r", "a:=c")
    assert node.resolve_topic_name("scan") == "/a"


@pytest.mark.parametrize(
    "rule",
    ["scan", "scan=x", "scan:=", ":=x", "scan:=a b", "scan:=1a", "scan:=a/", "a//b:=c", "*:=c", "scan:=\\1"]
    + ["__ns:=relative", "__ns:=/1bad", "__node:=a/b", "__node:=1bad", "__other:=x", "/ns/tower:scan:=x"],
)
def test_rules_that_are_none_are_refused(make_node: MakeNode, rule: str) -> None:
    with pytest.raises(RuntimeError, match="remap rule"):
        _node(make_node, "-r", rule)


@pytest.mark.parametrize(
    "words",
    [["-r"], ["-p"], ["--params-file"], ["--log-level"], ["-e"]]
    + [["--log-level", "loud"], ["--log-level", ":=info"], ["--log-level", "lift:="]],
)
def test_incomplete_arguments_are_refused(words: list[str]) -> None:
    context = rclpy.Context()
    with pytest.raises(RuntimeError, match="Couldn't parse"):
        rclpy.init(args=["--ros-args", *words], context=context)
    assert not context.ok()


@pytest.mark.parametrize("words", [["--loud"], ["scan:=images"], ["-x", "1"], ["--disable-foo-logs"]])
def test_unknown_arguments_are_named(words: list[str]) -> None:
    with pytest.raises(RuntimeError, match=words[-1]):
        rclpy.init(args=["--ros-args", *words], context=rclpy.Context())


def test_two_dashes_end_the_part_for_ros(make_node: MakeNode) -> None:
    words = ["-p", "x:=1", "--", "-p", "y:=2", "--ros-args", "-p", "z:=3"]
    node = _node(make_node, *words)
    assert node.has_parameter("x") and node.has_parameter("z") and not node.has_parameter("y")
    assert rclpy.utilities.remove_ros_args(["run", "--ros-args", *words]) == ["run", "-p", "y:=2"]


def test_a_rule_outside_still_works_as_of_old(make_node: MakeNode, capfd: pytest.CaptureFixture[str]) -> None:
    node = make_node("tower", cli_args=["scan:=images"])
    assert node.resolve_topic_name("scan") == "/images"
    assert "deprecated" in capfd.readouterr().err


def test_global_arguments_hold_for_every_node_that_takes_them() -> None:
    rclpy.init(args=["run", "--ros-args", "-r", "__ns:=/hive", "-p", "x:=1", "-e", "/a/b"])
    try:
        node = rclpy.create_node("tower", automatically_declare_parameters_from_overrides=True)
        own = rclpy.create_node("mover", cli_args=["--ros-args", "-r", "__ns:=/field"])
        alone = rclpy.create_node("alone", use_global_arguments=False)
        assert node.get_fully_qualified_name() == "/hive/tower" and node.get_parameter("x").value == 1
        assert own.get_namespace() == "/field" and alone.get_namespace() == "/"
        assert ("tower", "/hive", "/a/b") in node.get_node_names_and_namespaces_with_enclaves()
    finally:
        rclpy.shutdown()


def test_levels_are_set_by_name() -> None:
    rclpy.init(args=["--ros-args", "--log-level", "lift.motor:=debug", "--log-level", "ears:=ERROR"])
    try:
        assert get_logger("lift.motor").get_effective_level() == LoggingSeverity.DEBUG
        assert get_logger("lift.motor.left").get_effective_level() == LoggingSeverity.DEBUG
        assert get_logger("lift").get_effective_level() == LoggingSeverity.INFO
        assert get_logger("ears").get_effective_level() == LoggingSeverity.ERROR
    finally:
        for name in ("lift.motor", "ears"):
            get_logger(name).set_level(LoggingSeverity.UNSET)
        rclpy.shutdown()
