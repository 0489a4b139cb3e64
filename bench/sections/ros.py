"""The graph: round trips, throughput, and what a node costs, between processes that spin plain rclpy nodes.

The same file measures real rclpy where that is sourced (BEE_ROS=system). Timings are taken as medians of many; the machine
should be quiet. `ros.soak_*` comes from `make soak` (ros_soak.py).
"""

from __future__ import annotations

import array
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_graph import own_graph, resident_mb

PEER = Path(__file__).resolve().parents[1] / "ros_peers" / "peer.py"
LIMITS = {
    "ros.rtt_us_p50": ("<=", 150.0),
    "ros.rtt_us_p99": ("<=", 600.0),
    "ros.image_rtt_ms_p50": ("<=", 8.0),
    "ros.pubsub_msgs_per_s": (">=", 40000.0),
    "ros.cpu_pct_100hz": ("<=", 3.0),
    "ros.node_start_s": ("<=", 0.6),
    "ros.rss_mb_node": ("<=", 60.0),
    "ros.action_goal_rtt_ms_p50": ("<=", 5.0),
    "ros.discovery_s": ("<=", 1.0),
}
PAYLOAD = "x" * 96
ROUNDS, IMAGE_ROUNDS, GOALS = 5000, 60, 200
MESSAGES, PASSES = 100_000, 3
IMAGE_BYTES = 6_000_000
CPU_WALL_S = 10.0
STARTS = 5
GRAPH_OF = 12


def measure() -> dict[str, float]:
    with own_graph():
        import rclpy

        rclpy.init(args=[])
        try:
            return {**_round_trips(), **_throughput(), **_action(), **_costs(), **_discovery()}
        finally:
            rclpy.try_shutdown()


@contextmanager
def _peer(role: str) -> Iterator[subprocess.Popen[str]]:
    """A peer process that stands."""
    process = subprocess.Popen([sys.executable, str(PEER), role], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit(f"bench: the peer '{role}' did not start; its words are above")
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _node() -> Iterator[tuple[Any, Any]]:
    """A node and its executor."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    node, executor = rclpy.create_node("bench"), SingleThreadedExecutor()
    executor.add_node(node)
    try:
        yield node, executor
    finally:
        executor.remove_node(node)
        executor.shutdown()
        node.destroy_node()


def _until(executor: Any, condition: Callable[[], bool], what: str, limit_s: float = 30.0) -> None:
    end_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end_s:
            raise SystemExit(f"bench: {what}: not within {limit_s:g} s")
        executor.spin_once(timeout_sec=0.1)


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _ping_pong(message: Any, topic: str, rounds: int) -> list[float]:
    """Seconds of each round: publish, the peer's callback publishes, our callback."""
    with _node() as (node, executor):
        took_s: list[float] = []
        began_s = 0.0

        def heard(_: Any) -> None:
            nonlocal began_s
            now_s = time.perf_counter()
            took_s.append(now_s - began_s)
            began_s = time.perf_counter()
            publisher.publish(message)

        publisher = node.create_publisher(type(message), f"ping{topic}", 10)
        node.create_subscription(type(message), f"pong{topic}", heard, 10)
        _until(executor, lambda: bool(publisher.get_subscription_count()), "the peer was not seen")
        _until(executor, lambda: bool(node.count_publishers(f"pong{topic}")), "the peer was not seen")
        time.sleep(0.3)
        while not took_s:  # the first may be lost while the peers still match
            began_s = time.perf_counter()
            publisher.publish(message)
            executor.spin_once(timeout_sec=0.5)
        _until(executor, lambda: len(took_s) >= rounds + 20, "round trips", 120.0)
    return took_s[20 : rounds + 20]


def _round_trips() -> dict[str, float]:
    from sensor_msgs.msg import Image
    from std_msgs.msg import String

    image = Image(height=1500, width=2000, encoding="rgb8", step=6000)
    image.data = array.array("B", bytes(IMAGE_BYTES))
    with _peer("echo"):
        small = _ping_pong(String(data=PAYLOAD), "", ROUNDS)
        large = _ping_pong(image, "_image", IMAGE_ROUNDS)
    return {
        "ros.rtt_us_p50": round(_quantile(small, 0.5) * 1e6, 1),
        "ros.rtt_us_p99": round(_quantile(small, 0.99) * 1e6, 1),
        "ros.image_rtt_ms_p50": round(_quantile(large, 0.5) * 1e3, 2),
    }


def _throughput() -> dict[str, float]:
    """Messages a second from one process's `publish` to the other's callback; all of them must arrive, in order."""
    sys.path.insert(0, str(PEER.parent))
    from peer import KEEP_ALL
    from std_msgs.msg import UInt64

    rates = []
    with _peer("source"), _node() as (node, executor):
        times: list[float] = []
        """When the first and the last of a pass came."""
        expected = 0

        def heard(message: UInt64) -> None:
            nonlocal expected
            if message.data != expected:
                raise SystemExit(f"bench: message {expected} was lost; {message.data} came")
            expected += 1
            if expected == 1 or expected == MESSAGES:
                times.append(time.perf_counter())

        asks = node.create_publisher(UInt64, "count", 10)
        node.create_subscription(UInt64, "numbers", heard, KEEP_ALL)
        _until(executor, lambda: bool(asks.get_subscription_count()), "the source was not seen")
        _until(executor, lambda: bool(node.count_publishers("numbers")), "the source was not seen")
        time.sleep(0.5)
        for _ in range(PASSES):
            times.clear()
            expected = 0
            asks.publish(UInt64(data=MESSAGES))
            _until(executor, lambda: len(times) == 2, "throughput", 120.0)
            rates.append((MESSAGES - 1) / (times[1] - times[0]))
    return {"ros.pubsub_msgs_per_s": round(_quantile(rates, 0.5))}


def _action() -> dict[str, float]:
    """From `send_goal_async` to the result of an action that succeeds at once."""
    import rclpy
    from example_interfaces.action import Fibonacci
    from rclpy.action import ActionClient

    took_s = []
    with _peer("fibonacci"), _node() as (node, executor):
        client = ActionClient(node, Fibonacci, "fibonacci")
        if not client.wait_for_server(timeout_sec=10.0):
            raise SystemExit("bench: the action server was not seen")
        for _ in range(GOALS):
            began_s = time.perf_counter()
            sent = client.send_goal_async(Fibonacci.Goal(order=1))
            rclpy.spin_until_future_complete(node, sent, executor=executor, timeout_sec=10.0)
            result = sent.result().get_result_async()
            rclpy.spin_until_future_complete(node, result, executor=executor, timeout_sec=10.0)
            if list(result.result().result.sequence) != [0, 1]:
                raise SystemExit("bench: the action gave another result")
            took_s.append(time.perf_counter() - began_s)
        client.destroy()
    return {"ros.action_goal_rtt_ms_p50": round(_quantile(took_s, 0.5) * 1e3, 3)}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _costs() -> dict[str, float]:
    with _peer("heartbeat") as process:
        time.sleep(1.0)
        before_s, began_s = _cpu_s(process.pid), time.monotonic()
        time.sleep(CPU_WALL_S)
        cpu_pct = 100 * (_cpu_s(process.pid) - before_s) / (time.monotonic() - began_s)
    starts_s, held_mb = [], []
    for _ in range(STARTS):
        began_s = time.monotonic()
        with _peer("idle") as process:
            starts_s.append(time.monotonic() - began_s)
            time.sleep(0.5)
            held_mb.append(resident_mb(process.pid))
    return {
        "ros.cpu_pct_100hz": round(cpu_pct, 2),
        "ros.node_start_s": round(_quantile(starts_s, 0.5), 3),
        "ros.rss_mb_node": round(_quantile(held_mb, 0.5), 1),
    }


def _discovery() -> dict[str, float]:
    """From the moment at which a new process's node stands until it sees a graph of twelve and the twelve see it."""
    from contextlib import ExitStack

    with ExitStack() as stack, _node() as (node, executor):
        for _ in range(GRAPH_OF - 1):
            stack.enter_context(_peer("idle"))
        _until(executor, lambda: len(node.get_node_names()) >= GRAPH_OF, "a graph of twelve")
        seen_s = []
        for _ in range(3):
            with _peer("census") as process:
                assert process.stdout is not None
                stood_s, name = time.monotonic(), f"bench_census_{process.pid}"
                _until(executor, lambda name=name: name in node.get_node_names(), "the new node")
                we_s = time.monotonic() - stood_s
                they_s = float(process.stdout.readline())
            seen_s.append(max(we_s, they_s))
    return {"ros.discovery_s": round(_quantile(seen_s, 0.5), 3)}
