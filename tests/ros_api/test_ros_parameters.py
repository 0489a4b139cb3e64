"""Parameters: declared, checked, set, announced, and reached from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    ParameterEvent,
    SetParametersResult,
)
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_spinning import spin_all_until, spin_until


def test_a_declared_parameter_has_its_default(node: Node) -> None:
    parameter = node.declare_parameter("lift_mm", 120)
    assert parameter.value == 120 and parameter.type_ == Parameter.Type.INTEGER
    assert node.get_parameter("lift_mm").value == 120
    assert node.has_parameter("lift_mm")


def test_undeclared_parameters_are_errors(node: Node) -> None:
    with pytest.raises(ParameterNotDeclaredException):
        node.get_parameter("nothing")
    with pytest.raises(ParameterNotDeclaredException):
        node.set_parameters([Parameter("nothing", value=1)])
    assert node.get_parameter_or("nothing", Parameter("nothing", value=7)).value == 7


def test_a_parameter_is_declared_once(node: Node) -> None:
    node.declare_parameter("speed", 1.0)
    with pytest.raises(ParameterAlreadyDeclaredException):
        node.declare_parameter("speed", 2.0)


def test_types_stay_as_they_were_declared(node: Node) -> None:
    node.declare_parameter("speed", 1.0)
    result = node.set_parameters([Parameter("speed", value=2)])[0]
    assert not result.successful and "type" in result.reason
    assert node.get_parameter("speed").value == 1.0
    assert node.set_parameters([Parameter("speed", value=2.5)])[0].successful


def test_dynamic_typing_lets_the_type_change(node: Node) -> None:
    node.declare_parameter("anything", 1, ParameterDescriptor(dynamic_typing=True))
    assert node.set_parameters([Parameter("anything", value="text")])[0].successful


def test_a_type_without_a_value_has_to_be_set(node: Node) -> None:
    node.declare_parameter("robot", Parameter.Type.STRING)
    with pytest.raises(ParameterUninitializedException):
        node.get_parameter("robot")
    assert node.set_parameters([Parameter("robot", value="tower")])[0].successful
    assert node.get_parameter("robot").value == "tower"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, Parameter.Type.BOOL),
        (1, Parameter.Type.INTEGER),
        (1.0, Parameter.Type.DOUBLE),
        ("a", Parameter.Type.STRING),
        ([True, False], Parameter.Type.BOOL_ARRAY),
        ([1, 2], Parameter.Type.INTEGER_ARRAY),
        ([1.0], Parameter.Type.DOUBLE_ARRAY),
        (["a"], Parameter.Type.STRING_ARRAY),
        ([b"a"], Parameter.Type.BYTE_ARRAY),
    ],
)
def test_types_follow_from_values(value: object, expected: Parameter.Type) -> None:
    parameter = Parameter("name", value=value)
    assert parameter.type_ == expected
    back = Parameter.from_parameter_msg(parameter.to_parameter_msg())
    assert back.type_ == expected and list(back.value if isinstance(value, list) else [back.value]) == (
        value if isinstance(value, list) else [value]
    )


def test_type_and_value_have_to_agree() -> None:
    with pytest.raises(ValueError):
        Parameter("name", Parameter.Type.DOUBLE, 1)
    with pytest.raises(TypeError):
        Parameter("name", value=[1, "a"])


def test_integer_ranges_are_kept(node: Node) -> None:
    limits = ParameterDescriptor(integer_range=[IntegerRange(from_value=0, to_value=10, step=5)])
    node.declare_parameter("depth", 5, limits)
    too_high = node.set_parameters([Parameter("depth", value=15)])[0]
    assert not too_high.successful
    assert all(part in too_high.reason for part in ("depth", "0", "10", "15"))
    assert not node.set_parameters([Parameter("depth", value=4)])[0].successful
    assert node.set_parameters([Parameter("depth", value=10)])[0].successful


def test_double_ranges_are_kept(node: Node) -> None:
    limits = ParameterDescriptor(floating_point_range=[FloatingPointRange(from_value=0.0, to_value=1.0)])
    node.declare_parameter("share", 0.5, limits)
    assert not node.set_parameters([Parameter("share", value=1.5)])[0].successful
    assert node.set_parameters([Parameter("share", value=1.0)])[0].successful


def test_a_default_out_of_range_is_an_error(node: Node) -> None:
    limits = ParameterDescriptor(integer_range=[IntegerRange(from_value=0, to_value=10)])
    with pytest.raises(InvalidParameterValueException):
        node.declare_parameter("depth", 11, limits)
    assert not node.has_parameter("depth")


def test_read_only_parameters_stay(node: Node) -> None:
    node.declare_parameter("serial", "A1", ParameterDescriptor(read_only=True))
    assert not node.set_parameters([Parameter("serial", value="B2")])[0].successful
    assert node.get_parameter("serial").value == "A1"


def test_a_callback_may_reject(node: Node) -> None:
    def check(parameters: list[Parameter]) -> SetParametersResult:
        allowed = all(p.name != "speed" or p.value <= 1.0 for p in parameters)
        return SetParametersResult(successful=allowed, reason="" if allowed else "too fast")

    node.declare_parameter("speed", 0.5)
    node.add_on_set_parameters_callback(check)
    assert node.set_parameters([Parameter("speed", value=2.0)])[0].reason == "too fast"
    assert node.get_parameter("speed").value == 0.5
    node.remove_on_set_parameters_callback(check)
    assert node.set_parameters([Parameter("speed", value=2.0)])[0].successful


def test_atomic_setting_sets_all_or_none(node: Node) -> None:
    node.declare_parameters("", [("a", 1), ("b", 2)])
    assert not node.set_parameters_atomically([Parameter("a", value=5), Parameter("b", value="x")]).successful
    assert node.get_parameter("a").value == 1
    assert node.set_parameters_atomically([Parameter("a", value=5), Parameter("b", value=6)]).successful
    assert [p.value for p in node.get_parameters(["a", "b"])] == [5, 6]


def test_prefixes_group_parameters(node: Node) -> None:
    node.declare_parameters("camera", [("width", 640), ("name", "left")])
    found = node.get_parameters_by_prefix("camera")
    assert {k: v.value for k, v in found.items()} == {"width": 640, "name": "left"}


def test_undeclaring(node: Node) -> None:
    node.declare_parameter("speed", 1.0)
    node.undeclare_parameter("speed")
    assert not node.has_parameter("speed")
    with pytest.raises(ParameterNotDeclaredException):
        node.undeclare_parameter("speed")


def test_overrides_win_over_defaults(make_node: Callable[..., Node]) -> None:
    node = make_node("n", parameter_overrides=[Parameter("speed", value=3.0)])
    assert node.declare_parameter("speed", 1.0).value == 3.0
    with pytest.raises(ParameterNotDeclaredException):
        node.get_parameter("other")


def test_an_override_of_the_wrong_type_is_an_error(make_node: Callable[..., Node]) -> None:
    node = make_node("n", parameter_overrides=[Parameter("speed", value=3)])
    with pytest.raises(InvalidParameterTypeException):
        node.declare_parameter("speed", 1.0)


def test_the_command_line_gives_overrides(make_node: Callable[..., Node]) -> None:
    arguments = ["--ros-args", "-p", "speed:=2.5", "-p", "other:name:=wrong", "-p", "n:names:=[a, b]"]
    node = make_node("n", cli_args=arguments)
    assert node.declare_parameter("speed", 1.0).value == 2.5
    assert node.declare_parameter("names", ["x"]).value == ["a", "b"]
    assert node.declare_parameter("name", "right").value == "right"


def test_parameter_files_give_overrides(make_node: Callable[..., Node], tmp_path: Path) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(
        "/**:\n  ros__parameters:\n    everywhere: 1\n    speed: 1.0\n"
        "tower_driver:\n  ros__parameters:\n    speed: 2.0\n    camera: {width: 640}\n"
        "other_node:\n  ros__parameters:\n    speed: 9.0\n"
    )
    node = make_node("tower_driver", cli_args=["--ros-args", "--params-file", str(path)])
    assert node.declare_parameter("everywhere", 0).value == 1
    assert node.declare_parameter("speed", 0.0).value == 2.0
    assert node.declare_parameter("camera.width", 0).value == 640


def test_events_tell_of_changes(make_node: Callable[..., Node]) -> None:
    watcher, owner = make_node("watcher"), make_node("owner")
    events: list[ParameterEvent] = []
    watcher.create_subscription(ParameterEvent, "/parameter_events", events.append, 100)
    assert spin_all_until([watcher, owner], lambda: owner.count_subscribers("/parameter_events") > 0)
    spin_until(watcher, lambda: False, timeout_s=0.1)
    events.clear()
    owner.declare_parameter("speed", 1.0)
    owner.set_parameters([Parameter("speed", value=2.0)])
    mine = lambda: [e for e in events if e.node == "/owner"]  # noqa: E731
    assert spin_all_until([watcher, owner], lambda: len(mine()) == 2)
    assert mine()[0].new_parameters[0].name == "speed"
    assert mine()[1].changed_parameters[0].value.double_value == 2.0


def call(node: Node, other: Node, srv_type: type, name: str, request: object) -> object:
    client = node.create_client(srv_type, name)
    assert client.wait_for_service(timeout_sec=2.0)
    future = client.call_async(request)
    assert spin_all_until([node, other], future.done)
    return future.result()


def test_services_reach_the_parameters(make_node: Callable[..., Node]) -> None:
    caller, owner = make_node("caller"), make_node("owner")
    limits = ParameterDescriptor(
        description="how fast", floating_point_range=[FloatingPointRange(from_value=0.0, to_value=1.0)]
    )
    owner.declare_parameter("speed", 0.5, limits)
    owner.declare_parameter("camera.width", 640)
    listed = call(caller, owner, ListParameters, "owner/list_parameters", ListParameters.Request())
    assert {"speed", "camera.width", "use_sim_time"} <= set(listed.result.names)
    below = call(
        caller, owner, ListParameters, "owner/list_parameters", ListParameters.Request(prefixes=["camera"])
    )
    assert list(below.result.names) == ["camera.width"]
    got = call(
        caller,
        owner,
        GetParameters,
        "owner/get_parameters",
        GetParameters.Request(names=["speed", "camera.width"]),
    )
    assert got.values[0].double_value == 0.5 and got.values[1].integer_value == 640
    described = call(
        caller,
        owner,
        DescribeParameters,
        "owner/describe_parameters",
        DescribeParameters.Request(names=["speed"]),
    )
    assert described.descriptors[0].description == "how fast"
    request = SetParameters.Request(
        parameters=[
            Parameter("speed", value=0.75).to_parameter_msg(),
            Parameter("speed", value=7.5).to_parameter_msg(),
            Parameter("unknown", value=1).to_parameter_msg(),
        ]
    )
    answers = call(caller, owner, SetParameters, "owner/set_parameters", request).results
    assert [a.successful for a in answers] == [True, False, False]
    assert "range" in answers[1].reason
    assert owner.get_parameter("speed").value == 0.75


def test_undeclared_parameters_can_be_allowed(make_node: Callable[..., Node]) -> None:
    node = make_node("n", allow_undeclared_parameters=True)
    assert node.get_parameter("x").type_ == Parameter.Type.NOT_SET
    assert node.set_parameters([Parameter("x", value=1)])[0].successful
    assert node.get_parameter("x").value == 1


def test_overrides_can_be_declared_at_once(make_node: Callable[..., Node]) -> None:
    node = make_node(
        "n",
        parameter_overrides=[Parameter("a", value=1), Parameter("b.c", value="x")],
        automatically_declare_parameters_from_overrides=True,
    )
    assert node.get_parameter("a").value == 1 and node.get_parameter("b.c").value == "x"
