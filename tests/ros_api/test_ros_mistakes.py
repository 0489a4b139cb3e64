"""What goes wrong: taken names, other types, wrong values, things that are gone. Nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import rclpy
from example_interfaces.action import Fibonacci
from geometry_msgs.msg import PoseWithCovariance
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rcl_interfaces.srv import ListParameters, SetParameters, SetParametersAtomically
from rclpy.action import ActionClient, ActionServer
from rclpy.exceptions import (
    InvalidParameterException,
    InvalidServiceNameException,
    InvalidTopicNameException,
    NameValidationException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
)
from rclpy.executors import MultiThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from ros_spinning import spin_all_until, spin_until
from std_msgs.msg import Float64MultiArray, Int32, String, UInt8
from std_srvs.srv import SetBool, Trigger

MakeNode = Callable[..., Node]


def test_two_nodes_of_one_name_both_work(make_node: MakeNode, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = make_node("twin"), make_node("twin")
    assert "already registered" in capfd.readouterr().err
    assert spin_until(first, lambda: first.get_node_names().count("twin") == 2)
    heard: list[str] = []
    second.create_subscription(String, "talk", lambda message: heard.append(message.data), 10)
    publisher = first.create_publisher(String, "talk", 10)
    assert spin_until(second, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(String(data="hello"))
    assert spin_until(second, lambda: heard == ["hello"])


def test_endpoints_of_other_types_do_not_match(make_node: MakeNode) -> None:
    speaker, listener = make_node("speaker"), make_node("listener")
    heard: list[Any] = []
    publisher = speaker.create_publisher(String, "mixed", 10)
    listener.create_subscription(Int32, "mixed", heard.append, 10)
    listener.create_subscription(String, "mixed", heard.append, 10)
    both = [speaker, listener]
    assert spin_all_until(both, lambda: publisher.get_subscription_count() == 1)

    def types() -> list[str]:
        return dict(speaker.get_topic_names_and_types()).get("/mixed", [])

    assert spin_all_until(both, lambda: types() == ["std_msgs/msg/Int32", "std_msgs/msg/String"])
    publisher.publish(String(data="text"))
    assert spin_all_until(both, lambda: bool(heard)) and heard == [String(data="text")]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "must not be empty"),
        ("a/", "end with a forward slash"),
        ("1a", "must not start with a number"),
        ("a/1b", "must not start with a number"),
        ("a b", "must not contain characters"),
        ("a~", "tilde '~' unless it is the first"),
        ("~ab", "not followed by a forward slash"),
        ("{a", "unmatched"),
        ("a}", "unmatched"),
        ("{a{b}}", "substitution name"),
        ("{1a}", "substitution name must not start"),
        ("a//b", "repeated '/'"),
        ("/" + 250 * "a", "should not exceed"),
    ],
)
def test_names_say_what_is_wrong_with_them(node: Node, name: str, why: str) -> None:
    with pytest.raises(InvalidTopicNameException, match=why):
        node.create_publisher(String, name, 10)
    with pytest.raises(InvalidTopicNameException, match=why):
        node.create_subscription(String, name, print, 10)
    with pytest.raises(InvalidServiceNameException, match=why):
        node.create_service(Trigger, name, print)
    with pytest.raises(InvalidServiceNameException, match=why):
        node.create_client(Trigger, name)
    with pytest.raises(RuntimeError, match="failed to resolve name"):
        node.resolve_topic_name(name)
    with pytest.raises((ValueError, NameValidationException)):
        node.count_publishers(name)


def test_unknown_substitutions_are_errors(node: Node) -> None:
    with pytest.raises(ValueError, match="unknown substitution: {hive}"):
        node.create_publisher(String, "{hive}/scan", 10)


@pytest.mark.parametrize("bad", [1, None])
def test_names_are_text(node: Node, bad: Any) -> None:
    with pytest.raises((TypeError, RuntimeError)):
        node.create_publisher(String, bad, 10)
    with pytest.raises((TypeError, RuntimeError)):
        rclpy.create_node("other", namespace=bad or 1)


def test_the_name_of_an_action_is_checked(node: Node) -> None:
    with pytest.raises(ValueError, match="invalid"):
        ActionClient(node, Fibonacci, "in valid")
    with pytest.raises(ValueError, match="invalid"):
        ActionServer(node, Fibonacci, "in valid", lambda goal: Fibonacci.Result())


@pytest.mark.parametrize("kind", [int, None, "String"])
def test_what_is_no_interface_is_refused(node: Node, kind: Any) -> None:
    with pytest.raises((AttributeError, RuntimeError)):
        node.create_publisher(kind, "topic", 10)
    with pytest.raises((AttributeError, RuntimeError)):
        node.create_service(kind, "service", print)


def test_a_message_is_no_service(node: Node) -> None:
    with pytest.raises(RuntimeError, match="service type provided is not valid"):
        node.create_service(String, "service", print)


@pytest.mark.parametrize("field", [1, 1.5, b"text", None, ["text"]])
def test_a_field_of_the_wrong_type_is_refused(field: Any) -> None:
    with pytest.raises(AssertionError, match="The 'data' field must be of type 'str'"):
        String(data=field)


def test_errors_of_fields_name_type_and_range() -> None:
    with pytest.raises(AssertionError, match=r"unsigned integer in \[0, 255\]"):
        UInt8(data=256)
    message = Float64MultiArray()
    with pytest.raises(AssertionError, match="each value of type 'float' and each double in"):
        message.data = [1]
    with pytest.raises(AssertionError, match="set or sequence with length 36 and each value of type 'float'"):
        PoseWithCovariance().covariance = [0.0] * 35
    with pytest.raises(AssertionError, match="Invalid arguments passed to constructor.*datum"):
        String(datum="x")


def test_what_a_service_returns_is_checked(node: Node) -> None:
    returned: list[Any] = []
    node.create_service(SetBool, "switch", lambda request, response: returned[0])
    client = node.create_client(SetBool, "switch")
    assert client.wait_for_service(5.0)
    for wrong in (None, SetBool.Request(), True):
        returned[:] = [wrong]
        client.call_async(SetBool.Request())
        with pytest.raises(TypeError):
            spin_until(node, lambda: False, timeout_s=3.0)


def test_ranges_hold_for_those_who_set_from_outside(make_node: MakeNode) -> None:
    owner, asker = make_node("owner"), make_node("asker")
    limits = FloatingPointRange(from_value=0.0, to_value=10.0)
    owner.declare_parameter("speed", 1.0, ParameterDescriptor(floating_point_range=[limits]))
    owner.declare_parameter("serial", "a1", ParameterDescriptor(read_only=True))
    one = asker.create_client(SetParameters, "/owner/set_parameters")
    all_or_none = asker.create_client(SetParametersAtomically, "/owner/set_parameters_atomically")
    assert one.wait_for_service(5.0) and all_or_none.wait_for_service(5.0)

    def ask(client: Any, *parameters: Parameter) -> Any:
        request = client.srv_type.Request(parameters=[p.to_parameter_msg() for p in parameters])
        future = client.call_async(request)
        assert spin_all_until([owner, asker], future.done)
        return future.result()

    given = [
        Parameter("speed", value=11.0),
        Parameter("speed", value="fast"),
        Parameter("serial", value="b2"),
        Parameter("nothing", value=1),
        Parameter("speed", value=2.0),
    ]
    results = ask(one, *given).results
    assert [r.successful for r in results] == [False, False, False, False, True]
    for result, word in zip(results, ("out of range", "type", "read-only", "undeclared")):
        assert word in result.reason
    refused = ask(all_or_none, Parameter("speed", value=3.0), Parameter("serial", value="c3")).result
    assert not refused.successful and owner.get_parameter("speed").value == 2.0


def test_parameters_are_listed_by_prefix_and_depth(make_node: MakeNode) -> None:
    owner, asker = make_node("owner"), make_node("asker")
    for name in ("lift.left.gain", "lift.speed", "ears"):
        owner.declare_parameter(name, 1)
    client = asker.create_client(ListParameters, "/owner/list_parameters")
    assert client.wait_for_service(5.0)

    def names(prefixes: list[str], depth: int) -> set[str]:
        future = client.call_async(ListParameters.Request(prefixes=prefixes, depth=depth))
        assert spin_all_until([owner, asker], future.done)
        return set(future.result().result.names) - {"use_sim_time"}

    assert names([], 0) == {"lift.left.gain", "lift.speed", "ears"}
    assert names([], 1) == {"ears"}
    assert names(["lift"], 0) == {"lift.left.gain", "lift.speed"}
    assert names(["lift.left"], 0) == {"lift.left.gain"}
    assert names(["nothing"], 0) == set()


def test_errors_of_parameters_carry_what_they_are_about(node: Node) -> None:
    with pytest.raises(ParameterNotDeclaredException) as undeclared:
        node.get_parameter("nothing")
    assert undeclared.value.args[1] == "nothing"
    node.declare_parameter("fixed", 1, ParameterDescriptor(read_only=True))
    with pytest.raises(ParameterImmutableException) as immutable:
        node.undeclare_parameter("fixed")
    assert immutable.value.args[1] == "fixed"
    with pytest.raises(InvalidParameterException):
        node.declare_parameter("", 1)


@pytest.mark.parametrize("period", [-1.0, 1e12])
def test_periods_that_cannot_be_are_refused(node: Node, period: float) -> None:
    with pytest.raises((RuntimeError, TypeError)):
        node.create_timer(period, print)


@pytest.mark.parametrize("count", [0, -1])
def test_a_pool_has_threads(ros: None, count: int) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        MultiThreadedExecutor(num_threads=count)


def test_what_is_destroyed_says_so(node: Node) -> None:
    publisher = node.create_publisher(String, "topic", 10)
    client = node.create_client(Trigger, "service")
    assert node.destroy_publisher(publisher) and not node.destroy_publisher(publisher)
    node.destroy_client(client)
    for use in (
        lambda: publisher.publish(String()),
        publisher.get_subscription_count,
        lambda: client.call_async(Trigger.Request()),
        lambda: client.wait_for_service(0.1),
    ):
        with pytest.raises(_rclpy.InvalidHandle):
            use()


def test_a_destroyed_node_says_so(make_node: MakeNode) -> None:
    gone = make_node("gone")
    gone.destroy_node()
    for use in (
        gone.get_name,
        gone.get_namespace,
        gone.get_node_names,
        gone.get_topic_names_and_types,
        lambda: gone.create_publisher(String, "topic", 10),
        lambda: gone.create_client(Trigger, "service"),
    ):
        with pytest.raises(_rclpy.InvalidHandle):
            use()
    gone.destroy_node()


def test_after_shutdown_there_is_no_graph() -> None:
    rclpy.init(args=[])
    node = rclpy.create_node("late")
    rclpy.shutdown()
    with pytest.raises(RuntimeError):
        node.get_node_names()
    with pytest.raises(RuntimeError):
        node.create_timer(1.0, print)
    node.destroy_node()


def test_a_node_that_could_not_be_made_is_not_there(make_node: MakeNode) -> None:
    watcher = make_node("watcher")
    bad = Parameter("use_sim_time", value=7)

    class Failing(Node):
        def __init__(self) -> None:
            super().__init__("failing", parameter_overrides=[bad])

    with pytest.raises(Exception, match="use_sim_time"):
        Failing()
    assert spin_until(watcher, lambda: "failing" not in watcher.get_node_names())


def test_policies_print_their_names(node: Node) -> None:
    profile = QoSProfile(depth=3)
    assert "history=HistoryPolicy.KEEP_LAST" in str(profile) and "depth=3" in str(profile)
    publisher = node.create_publisher(String, "topic", profile)
    assert publisher.qos_profile == profile
    assert spin_until(node, lambda: bool(node.get_publishers_info_by_topic("topic")))
    info = node.get_publishers_info_by_topic("topic")[0]
    assert "Node name: tester" in str(info) and "Reliability: RELIABLE" in str(info)
