"""Rendezvous, routers, domains, and what is said when endpoints cannot talk."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
import zenoh
from rclpy.context import Context
from rclpy.exceptions import RCLError

from bee_robot.embedded_ros.wire import rendezvous
from bee_robot.embedded_ros.wire.configuration_file import configuration_of
from bee_robot.embedded_ros.wire.rendezvous import is_port_free


def wait_for(condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def joined(domain_id: int = 77) -> Context:
    context = Context()
    context.init([], domain_id=domain_id)
    return context


def names_seen_by(context: Context) -> set[str]:
    return {token.node_name for token in context.graph.nodes()}


def listening() -> set[str]:
    """Addresses and ports (hex, as the kernel writes them) of this process's listening sockets."""
    inodes = {
        os.readlink(f"/proc/self/fd/{fd}")[8:-1]
        for fd in os.listdir("/proc/self/fd")
        if os.path.islink(f"/proc/self/fd/{fd}") and os.readlink(f"/proc/self/fd/{fd}").startswith("socket:")
    }
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            is_open = columns[3] == "0A" or table.startswith("udp")
            if columns[9] in inodes and is_open:
                found.add(f"{table}:{columns[1]}")
    return found


def test_the_first_serves_and_the_next_takes_over(rendezvous_port: int) -> None:
    first, second, third = joined(), joined(), joined()
    served = [c._transport._rendezvous for c in (first, second, third)]
    assert [r.is_serving for r in served] == [True, False, False]
    rclpy.create_node("second", context=second)
    rclpy.create_node("third", context=third)
    assert wait_for(lambda: names_seen_by(second) >= {"third"})
    first.shutdown()
    assert wait_for(lambda: served[1].is_serving or served[2].is_serving)
    newcomer = joined()
    assert not newcomer._transport._rendezvous.is_serving
    assert wait_for(lambda: names_seen_by(newcomer) == {"second", "third"})
    for context in (second, third, newcomer):
        context.shutdown()
    assert wait_for(lambda: is_port_free(rendezvous_port))


def test_a_newcomer_knows_a_graph_of_twelve_within_a_second(rendezvous_port: int) -> None:
    contexts = [joined() for _ in range(12)]
    for number, context in enumerate(contexts):
        rclpy.create_node(f"node_{number}", context=context)
    started = time.monotonic()
    newcomer = joined()
    expected = {f"node_{number}" for number in range(12)}
    assert wait_for(lambda: names_seen_by(newcomer) == expected)
    assert time.monotonic() - started <= 1.0
    for context in (*contexts, newcomer):
        context.shutdown()


def test_domains_do_not_see_each_other(rendezvous_port: int) -> None:
    one, other = joined(domain_id=1), joined(domain_id=2)
    rclpy.create_node("one", context=one)
    rclpy.create_node("other", context=other)
    time.sleep(0.3)
    assert names_seen_by(one) == {"one"} and names_seen_by(other) == {"other"}
    one.shutdown()
    other.shutdown()


def test_nothing_listens_beyond_loopback(rendezvous_port: int) -> None:
    before = listening()
    context = joined()
    assert context._transport._rendezvous.is_serving
    new = listening() - before
    context.shutdown()
    if not new:
        pytest.skip("this kernel does not list sockets by their inode")
    assert {each.rpartition(":")[0] for each in new} == {"tcp:0100007F"}


def test_leaving_is_quick_while_messages_arrive(rendezvous_port: int) -> None:
    from std_msgs.msg import String

    talking, listening = joined(), joined()
    publisher = rclpy.create_node("talker", context=talking).create_publisher(String, "news", 10)
    listener = rclpy.create_node("listener", context=listening)
    heard: list[str] = []
    listener.create_subscription(String, "news", lambda m: heard.append(m.data), 10)
    assert wait_for(lambda: publisher.get_subscription_count() == 1)
    for _ in range(200):
        publisher.publish(String(data="x"))
    started = time.monotonic()
    listening.shutdown()
    assert time.monotonic() - started < 2.0
    talking.shutdown()


def test_a_router_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, rendezvous_port: int, capfd: pytest.CaptureFixture[str]
) -> None:
    endpoint = f"tcp/127.0.0.1:{rendezvous_port}"
    monkeypatch.setattr("bee_robot.embedded_ros.wire.session.BETWEEN_ATTEMPTS_S", 0.1)
    monkeypatch.setenv("BEE_ROS_ROUTER", endpoint)
    monkeypatch.setenv("ZENOH_ROUTER_CHECK_ATTEMPTS", "3")
    with pytest.raises(RCLError) as caught:
        Context().init([])
    message = str(caught.value)
    assert f"no Zenoh router at {endpoint} (BEE_ROS_ROUTER), tried 3 times in " in message
    assert f"nothing listens on port {rendezvous_port} of 127.0.0.1" in message
    for remedy in (
        "rmw_zenohd",
        "correct the endpoint",
        "ZENOH_ROUTER_CHECK_ATTEMPTS=0",
        "unset BEE_ROS_ROUTER",
    ):
        assert remedy in message
    assert capfd.readouterr().err.count("waiting for a Zenoh router") == 1


def test_a_router_is_waited_for_five_seconds_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, rendezvous_port: int
) -> None:
    monkeypatch.setattr("bee_robot.embedded_ros.wire.session.ROUTER_WAIT_S", 0.3)
    monkeypatch.setattr("bee_robot.embedded_ros.wire.session.BETWEEN_ATTEMPTS_S", 0.1)
    monkeypatch.setenv("BEE_ROS_ROUTER", f"tcp/127.0.0.1:{rendezvous_port}")
    with pytest.raises(RCLError, match="tried [23] times"):
        Context().init([])
    monkeypatch.setenv("ZENOH_ROUTER_CHECK_ATTEMPTS", "-1")
    with pytest.raises(RCLError, match="tried once"):
        Context().init([])


@contextlib.contextmanager
def router_of(**values: Any) -> Iterator[Any]:
    """A router in this process, which declares nothing."""
    config = configuration_of({"mode": "router", "scouting/multicast/enabled": False})
    for key, value in values.items():
        config.insert_json5(key.replace("__", "/"), json.dumps(value))
    session = zenoh.open(config)
    yield session
    session.close()


def test_a_router_connects_those_who_name_it(monkeypatch: pytest.MonkeyPatch, rendezvous_port: int) -> None:
    endpoint = f"tcp/127.0.0.1:{rendezvous_port}"
    with router_of(listen__endpoints=[endpoint]):
        monkeypatch.setenv("BEE_ROS_ROUTER", endpoint)
        before = listening()
        one, other = joined(), joined()
        rclpy.create_node("one", context=one)
        assert wait_for(lambda: "one" in names_seen_by(other))
        assert listening() == before, "clients listen nowhere"
        one.shutdown()
        other.shutdown()


def test_rmw_zenoh_cpp_s_way_of_being_a_client(monkeypatch: pytest.MonkeyPatch, rendezvous_port: int) -> None:
    """`ZENOH_CONFIG_OVERRIDE`, word by word as its README has it."""
    endpoint = f"tcp/127.0.0.1:{rendezvous_port}"
    with router_of(listen__endpoints=[endpoint]) as router:
        monkeypatch.setenv("ZENOH_CONFIG_OVERRIDE", f'mode="client";connect/endpoints=["{endpoint}"]')
        before = listening()
        context = joined()
        assert [str(zid) for zid in context.session.info.routers_zid()] == [str(router.zid())]
        assert listening() == before
        context.shutdown()


def test_clients_reach_peers_of_the_router_s_machine(
    monkeypatch: pytest.MonkeyPatch, rendezvous_port: int
) -> None:
    """As with rmw_zenoh_cpp: nodes of a machine are peers at its router, those of another are its clients."""
    endpoint = f"tcp/127.0.0.1:{rendezvous_port}"
    with router_of(listen__endpoints=[endpoint]):
        monkeypatch.setenv("BEE_ROS_ROUTER", endpoint)
        client = joined()
        monkeypatch.delenv("BEE_ROS_ROUTER")
        monkeypatch.delenv("BEE_ROS_RENDEZVOUS")
        monkeypatch.setattr("bee_robot.embedded_ros.wire.session.DEFAULT_ROUTER", endpoint)
        peer = joined()
        rclpy.create_node("robot", context=peer)
        assert wait_for(lambda: "robot" in names_seen_by(client))
        rclpy.create_node("laptop", context=client)
        assert wait_for(lambda: "laptop" in names_seen_by(peer))
        client.shutdown()
        peer.shutdown()


def test_a_peer_with_a_file_goes_on_without_its_router(
    monkeypatch: pytest.MonkeyPatch, rendezvous_port: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """rmw_zenoh_cpp looks once for a router, and the router may come later."""
    endpoint = f"tcp/127.0.0.1:{rendezvous_port}"
    path = tmp_path / "session.json5"
    path.write_text(
        f'{{mode: "peer", connect: {{endpoints: ["{endpoint}"], retry: {{period_init_ms: 100}}}},'
        ' listen: {endpoints: ["tcp/127.0.0.1:0"]}, scouting: {multicast: {enabled: false}}}'
    )
    monkeypatch.setattr("bee_robot.embedded_ros.wire.session.BETWEEN_ATTEMPTS_S", 0.1)
    monkeypatch.setenv("ZENOH_SESSION_CONFIG_URI", str(path))
    context = joined()
    said = capfd.readouterr().err
    assert f"no Zenoh router at {endpoint}; going on without" in said
    with router_of(listen__endpoints=[endpoint]):
        assert wait_for(lambda: bool(context.session.info.routers_zid()))
        context.shutdown()


def test_no_node_is_a_router(monkeypatch: pytest.MonkeyPatch, rendezvous_port: int) -> None:
    monkeypatch.setenv("ZENOH_CONFIG_OVERRIDE", 'mode="router"')
    with pytest.raises(RCLError, match="a node is no router.*bee network router"):
        Context().init([])


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ROS_DOMAIN_ID", "300"),
        ("ROS_DOMAIN_ID", "home"),
        ("BEE_ROS_RENDEZVOUS", "door"),
        ("BEE_ROS_ROUTER", "robot.local"),
        ("ZENOH_CONFIG_OVERRIDE", "nonsense"),
        ("ZENOH_CONFIG_OVERRIDE", "mode=7"),
        ("ZENOH_ROUTER_CHECK_ATTEMPTS", "often"),
        ("ZENOH_SESSION_CONFIG_URI", "/no/such/file.json5"),
    ],
)
def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(RCLError, match=variable):
        Context().init([])


def test_a_configuration_file_replaces_ours(
    monkeypatch: pytest.MonkeyPatch, rendezvous_port: int, tmp_path: Any
) -> None:
    path = tmp_path / "session.json5"
    path.write_text(
        f'{{mode: "peer", listen: {{endpoints: ["{rendezvous.endpoint(rendezvous_port)}"]}},'
        " scouting: {multicast: {enabled: false}}}"
    )
    monkeypatch.setenv("ZENOH_SESSION_CONFIG_URI", str(path))
    context = joined()
    assert not is_port_free(rendezvous_port)
    context.shutdown()


def test_two_types_on_one_topic_are_reported(ros: None, capfd: pytest.CaptureFixture[str]) -> None:
    from std_msgs.msg import Int32, String

    node = rclpy.create_node("driver")
    node.create_publisher(String, "state", 10)
    node.create_subscription(Int32, "state", lambda m: None, 10)
    seen: list[str] = []

    def is_said() -> bool:
        seen.append(capfd.readouterr().err)
        return "std_msgs/msg/Int32" in "".join(seen)

    assert wait_for(is_said)
    text = "".join(seen)
    assert "/state" in text and "std_msgs/msg/String" in text and "will not hear each other" in text
    node.destroy_node()


def test_a_peer_with_another_hash_is_reported(ros: None, capfd: pytest.CaptureFixture[str]) -> None:
    from std_msgs.msg import String

    context = rclpy.get_default_context()
    node = rclpy.create_node("driver")
    publisher = node.create_publisher(String, "state", 10)
    key = publisher._endpoint.token.key().replace("/MP/", "/MS/").replace("RIHS01_df66", "RIHS01_0000")
    stranger = context.session.liveliness().declare_token(key)
    seen: list[str] = []

    def is_said() -> bool:
        seen.append(capfd.readouterr().err)
        return "RIHS01_0000" in "".join(seen)

    assert wait_for(is_said)
    stranger.undeclare()
    node.destroy_node()


def test_a_request_without_a_server_is_reported(ros: None, capfd: pytest.CaptureFixture[str]) -> None:
    from std_srvs.srv import Trigger

    node = rclpy.create_node("driver")
    client = node.create_client(Trigger, "nobody")
    future = client.call_async(Trigger.Request())
    rclpy.spin_until_future_complete(node, future, timeout_sec=0.5)
    assert not future.done()
    assert "no server of /nobody answered" in capfd.readouterr().err
    node.destroy_node()


class WakeSignalOf:
    """An executor's wake signal that also tells when it is set."""

    def __init__(self, signal: Any, on_set: Callable[[], None]) -> None:
        self._signal = signal
        self._on_set = on_set

    def set(self) -> None:
        self._on_set()
        self._signal.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._signal, name)


def test_clock_messages_wake_nobody_before_it_is_time(ros: None) -> None:
    """The executor sleeps through a thousand messages of /clock until a timer is due."""
    from builtin_interfaces.msg import Time
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.parameter import Parameter
    from rosgraph_msgs.msg import Clock

    node = rclpy.create_node("sleeper", parameter_overrides=[Parameter("use_sim_time", value=True)])
    publisher = rclpy.create_node("world").create_publisher(Clock, "/clock", 10)
    assert wait_for(lambda: publisher.get_subscription_count() == 1)
    calls: list[int] = []
    node.create_timer(100.0, lambda: calls.append(1))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.spin_once(timeout_sec=0.05)
    wakes: list[int] = []
    executor._signal = WakeSignalOf(executor._signal, lambda: wakes.append(1))
    for number in range(1, 1000):
        publisher.publish(Clock(clock=Time(sec=0, nanosec=number * 1000)))
    assert wait_for(lambda: node.get_clock().now().nanoseconds == 999_000)
    assert wakes == []
    publisher.publish(Clock(clock=Time(sec=100)))
    assert wait_for(lambda: bool(wakes))
    executor.spin_once(timeout_sec=1.0)
    assert calls == [1]
    executor.shutdown()
    node.destroy_node()
