"""What fewer programs use: executors and waitables of one's own, polling, lifecycle services, log details."""

from __future__ import annotations

import array
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import rclpy
import rclpy.logging
from action_msgs.msg import GoalStatus, GoalStatusArray
from example_interfaces.action import Fibonacci
from geometry_msgs.msg import PoseWithCovariance
from lifecycle_msgs.msg import State, Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableStates, GetAvailableTransitions, GetState
from rcl_interfaces.msg import Log, SetParametersResult
from rclpy.action import ActionClient, ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import (
    ConditionReachedException,
    Executor,
    ShutdownException,
    SingleThreadedExecutor,
    TimeoutException,
)
from rclpy.guard_condition import GuardCondition
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.logging import LoggingSeverity
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import InvalidQosOverridesError, QoSOverridingOptions
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.waitable import NumberOfEntities, Waitable
from ros_spinning import finish, spin_all_until, spin_until
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String

MakeNode = Callable[..., Node]


# -- messages


def test_constructors_make_arrays_of_anything_iterable() -> None:
    joints = JointState(position=numpy.array([1.0, 2.0]), velocity=(v / 2 for v in (1, 2)))
    assert joints.position == array.array("d", [1.0, 2.0]) and list(joints.velocity) == [0.5, 1.0]
    pixels = bytes(range(6))
    image = Image(data=pixels)
    assert image.data == array.array("B", pixels)
    given = array.array("B", pixels)
    copied = Image(data=given)
    given[0] = 99
    assert copied.data[0] == 0
    pose = PoseWithCovariance(covariance=list(range(36)))
    assert pose.covariance.dtype == numpy.float64 and pose.covariance[35] == 35.0
    for wrong in ({"data": 5}, {"data": "text"}, {"data": [300]}):
        with pytest.raises((TypeError, OverflowError, AssertionError)):
            Image(**wrong)


# -- executors and waitables


class OneByOne(Executor):
    """Runs what is ready, and notes whose it was."""

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[Any] = []

    def spin_once(self, timeout_sec: float | None = None) -> None:
        try:
            handler, entity, node = self.wait_for_ready_callbacks(timeout_sec=timeout_sec)
        except (TimeoutException, ShutdownException):
            return
        handler()
        if handler.exception() is not None:
            raise handler.exception()
        self.ran.append((entity, node))


def test_an_executor_of_ones_own_asks_for_work(make_node: MakeNode) -> None:
    one, two = make_node("one"), make_node("two")
    executor = OneByOne()
    executor.add_node(one)
    executor.add_node(two)
    heard: list[str] = []
    subscription = two.create_subscription(String, "talk", lambda message: heard.append(message.data), 10)
    publisher = one.create_publisher(String, "talk", 10)
    timer = one.create_timer(0.01, lambda: publisher.publish(String(data="tick")))
    for _ in range(200):
        executor.spin_once(timeout_sec=0.05)
        if heard:
            break
    assert heard and (timer, one) in executor.ran and (subscription, two) in executor.ran
    one.destroy_timer(timer)
    one.create_timer(0.01, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        for _ in range(50):
            executor.spin_once(timeout_sec=0.05)
    executor.shutdown()
    with pytest.raises(ShutdownException):
        executor.wait_for_ready_callbacks()


def test_waiting_for_work_ends_with_the_time_or_a_condition(node: Node) -> None:
    executor = SingleThreadedExecutor()
    with pytest.raises(TimeoutException):
        executor.wait_for_ready_callbacks(timeout_sec=0.01)
    with pytest.raises(ConditionReachedException):
        executor.wait_for_ready_callbacks(timeout_sec=1.0, condition=lambda: True)
    executor.shutdown()


class Bell(Waitable):
    """Rings when its guard condition is triggered."""

    def __init__(self, context: Any) -> None:
        super().__init__(ReentrantCallbackGroup())
        self.guard = GuardCondition(callback=None, callback_group=None, context=context)
        self.index: int | None = None
        self.is_rung = False
        self.taken: list[str] = []

    def trigger(self) -> None:
        self.guard.trigger()

    def get_num_entities(self) -> NumberOfEntities:
        return NumberOfEntities(num_gcs=1)

    def add_to_wait_set(self, wait_set: Any) -> None:
        self.index = wait_set.add_guard_condition(self.guard.handle)

    def is_ready(self, wait_set: Any) -> bool:
        if self.index is not None and wait_set.is_ready("guard_condition", self.index):
            self.is_rung = True
        return self.is_rung

    def take_data(self) -> str:
        self.is_rung = False
        return "ring"

    async def execute(self, taken_data: str) -> None:
        self.taken.append(taken_data)


def test_a_waitable_of_ones_own_waits_for_its_guard(node: Node) -> None:
    bell = Bell(node.context)
    node.add_waitable(bell)
    assert not spin_until(node, lambda: bool(bell.taken), timeout_s=0.1)
    for count in (1, 2):
        bell.trigger()
        assert spin_until(node, lambda: len(bell.taken) == count)  # noqa: B023 - called before the next turn
    node.remove_waitable(bell)
    counted = NumberOfEntities(1, 2, 3, 4, 5, 6) + NumberOfEntities(num_timers=1)
    assert (counted.num_timers, counted.num_events) == (4, 6)


# -- topics


def test_a_subscription_can_be_polled(node: Node) -> None:
    subscription = node.create_subscription(String, "talk", print, 10)
    publisher = node.create_publisher(String, "talk", 10)
    assert publisher.topic == "talk" and publisher.topic_name == "/talk" == subscription.topic_name
    found: list[Any] = []

    def look() -> bool:
        publisher.publish(String(data="hello"))
        with subscription.handle:
            taken = subscription.handle.take_message(String, False)
        found.extend([taken] if taken is not None else [])
        return bool(found)

    other = rclpy.create_node("other")
    assert spin_until(other, look)
    other.destroy_node()
    message, info = found[0]
    assert message.data == "hello" and info["source_timestamp"] > 0


def test_serialised_messages_pass_through(node: Node) -> None:
    heard: list[bytes] = []
    node.create_subscription(String, "talk", heard.append, 10, raw=True)
    publisher = node.create_publisher(String, "talk", 10)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(serialize_message(String(data="hello")))
    assert spin_until(node, lambda: bool(heard))
    assert deserialize_message(heard[0], String).data == "hello"


OVERRIDES = [
    Parameter("qos_overrides./talk.publisher_left.depth", value=7),
    Parameter("qos_overrides./talk.publisher_left.reliability", value="best_effort"),
]


def test_quality_of_service_can_be_overridden_by_parameters(make_node: MakeNode) -> None:
    node = make_node("tuned", parameter_overrides=OVERRIDES)
    options = QoSOverridingOptions.with_default_policies(entity_id="left")
    publisher = node.create_publisher(String, "talk", QoSProfile(depth=1), qos_overriding_options=options)
    assert publisher.qos_profile.depth == 7
    assert publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    assert publisher.qos_profile.history == HistoryPolicy.KEEP_LAST
    name = "qos_overrides./talk.publisher_left.history"
    assert node.get_parameter(name).value == "keep_last" and node.describe_parameter(name).read_only
    with pytest.raises(RuntimeError, match="Unexpected QoS override"):
        make_node("wrong", parameter_overrides=[Parameter(OVERRIDES[1].name, value="loud")]).create_publisher(
            String, "talk", QoSProfile(depth=1), qos_overriding_options=options
        )


def test_overrides_can_be_rejected(node: Node) -> None:
    def refuse(profile: QoSProfile) -> SetParametersResult:
        return SetParametersResult(successful=False, reason=f"depth {profile.depth} is too little")

    options = QoSOverridingOptions([QoSPolicyKind.DEPTH], callback=refuse)
    with pytest.raises(InvalidQosOverridesError, match="depth 1 is too little"):
        node.create_subscription(String, "talk", print, QoSProfile(depth=1), qos_overriding_options=options)


# -- logging


def test_messages_are_text(node: Node) -> None:
    for wrong in (5, ValueError("x"), ["a"]):
        with pytest.raises(TypeError):
            node.get_logger().info(wrong)


def test_a_call_keeps_its_logger_and_its_filters() -> None:
    logger = rclpy.logging.get_logger("place")

    def log(**options: Any) -> bool:
        return logger.info("text", **options)

    assert log(name="elsewhere")
    with pytest.raises(ValueError, match="name cannot be changed"):
        log(name="yet.elsewhere")
    with pytest.raises(ValueError, match="filters cannot be changed"):
        log(name="elsewhere", once=True)

    def log_seldom(duration_s: float) -> bool:
        return logger.info("text", throttle_duration_sec=duration_s)

    assert log_seldom(60.0) and not log_seldom(60.0)
    with pytest.raises(ValueError, match="parameters cannot be changed"):
        log_seldom(30.0)
    with pytest.raises(TypeError):
        logger.info("text", throttle_time_source_type=rclpy.clock.Clock())
    with pytest.raises(ValueError, match="is not a clock instance"):
        logger.info("text", throttle_duration_sec=1.0, throttle_time_source_type="steady")


def test_what_is_not_logged_is_not_looked_at() -> None:
    logger = rclpy.logging.get_logger("quiet")
    logger.set_level(LoggingSeverity.WARN)
    assert logger.info("text", unknown_option=1) is False
    logger.set_level(LoggingSeverity.UNSET)


def test_rosout_tells_where_a_message_comes_from(make_node: MakeNode) -> None:
    speaker, listener = make_node("speaker", namespace="/hive"), make_node("listener")
    heard: list[Log] = []
    listener.create_subscription(Log, "/rosout", heard.append, 100)
    assert spin_until(listener, lambda: listener.count_publishers("/rosout") >= 2)

    def said() -> list[Log]:
        return [m for m in heard if m.msg == "the queen is here"]

    def say() -> bool:
        speaker.get_logger().warning("the queen is here")
        return bool(said())

    assert spin_all_until([speaker, listener], say)
    message = said()[0]
    assert message.name == "hive.speaker" and message.level in (30, bytes([30]))
    assert os.path.basename(message.file) == Path(__file__).name and message.function == "say"
    assert message.line == say.__code__.co_firstlineno + 1 and message.stamp.sec > 0


# -- actions and lifecycle


def test_the_status_of_goals_reaches_those_who_come_late(make_node: MakeNode) -> None:
    server_node, client_node = make_node("server"), make_node("client")

    def execute(goal: Any) -> Fibonacci.Result:
        goal.succeed()
        return Fibonacci.Result(sequence=[1])

    server = ActionServer(server_node, Fibonacci, "count", execute)
    client = ActionClient(client_node, Fibonacci, "count")
    both = [server_node, client_node]
    assert spin_all_until(both, client.server_is_ready)
    sent = client.send_goal_async(Fibonacci.Goal(order=1))
    assert spin_all_until(both, sent.done)
    result = sent.result().get_result_async()
    assert spin_all_until(both, result.done)
    late = make_node("late")
    heard: list[GoalStatusArray] = []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    late.create_subscription(GoalStatusArray, "count/_action/status", heard.append, latched)
    assert spin_until(late, lambda: bool(heard))
    assert heard[-1].status_list[0].status == GoalStatus.STATUS_SUCCEEDED
    server.destroy()
    client.destroy()


@pytest.fixture
def machine(ros: None) -> Any:
    """A node with a lifecycle, named `hauler`."""
    made = LifecycleNode("hauler")
    yield made
    made.destroy_node()


def test_a_manager_finds_all_services_of_the_lifecycle(machine: LifecycleNode) -> None:
    def ask(kind: Any, name: str, **fields: Any) -> Any:
        client = machine.create_client(kind, f"/hauler/{name}")
        assert client.wait_for_service(5.0)
        return finish(machine, client.call_async(kind.Request(**fields)))

    assert ask(GetState, "get_state").current_state.label == "unconfigured"
    changed = ask(ChangeState, "change_state", transition=Transition(id=Transition.TRANSITION_CONFIGURE))
    assert changed.success
    state = ask(GetState, "get_state").current_state
    assert (state.id, state.label) == (State.PRIMARY_STATE_INACTIVE, "inactive")
    assert ask(ChangeState, "change_state", transition=Transition(label="activate")).success
    labels = {
        t.transition.label
        for t in ask(GetAvailableTransitions, "get_available_transitions").available_transitions
    }
    assert labels == {"deactivate", "shutdown"}
    states = {s.label for s in ask(GetAvailableStates, "get_available_states").available_states}
    assert {"unconfigured", "inactive", "active", "finalized", "errorprocessing"} <= states
    graph = ask(GetAvailableTransitions, "get_transition_graph").available_transitions
    assert ("inactive", "activate", "activating") in {
        (t.start_state.label, t.transition.label, t.goal_state.label) for t in graph
    }


def test_transitions_are_announced(machine: LifecycleNode) -> None:
    heard: list[TransitionEvent] = []
    machine.create_subscription(TransitionEvent, "/hauler/transition_event", heard.append, 10)

    wanted = {
        ("unconfigured", "configuring"),
        ("configuring", "inactive"),
        ("inactive", "cleaningup"),
        ("cleaningup", "unconfigured"),
    }

    def go_round() -> bool:
        machine.trigger_configure()
        machine.trigger_cleanup()
        for _ in range(8):
            rclpy.spin_once(machine, timeout_sec=0.01)
        return wanted <= {(m.start_state.label, m.goal_state.label) for m in heard}

    assert spin_until(machine, go_round)


def test_a_publisher_that_comes_late_waits_for_the_next_activation(machine: LifecycleNode) -> None:
    assert machine.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert machine.trigger_activate() == TransitionCallbackReturn.SUCCESS
    late = machine.create_lifecycle_publisher(String, "talk", 10)
    assert not late.is_activated
    machine.trigger_deactivate()
    machine.trigger_activate()
    assert late.is_activated
    with pytest.raises(TypeError):
        machine.add_managed_entity("publisher")
