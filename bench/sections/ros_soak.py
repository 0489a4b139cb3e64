"""A day of a tower's traffic between two processes, at most sixty times as fast (`make soak`; half an hour of yours).

Counts what arrives against what was said, and looks at the memory of both processes after the first hour and at the end.
BEE_SOAK_HOURS sets another number of simulated hours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench_graph import own_graph, resident_mb

PEER = Path(__file__).resolve().parents[1] / "ros_peers" / "tower_traffic.py"
LIMITS = {
    "ros.soak_lost": ("<=", 0.0),
    "ros.soak_memory_growth_pct": ("<=", 5.0),
}
REQUEST_KEPT_S = "5"
"""Each request costs memory until its time is over (embedded_ros: 600 s). A day takes minutes here, so that time is
compressed as all others are, though less."""
WARM_UP_S = 3600
"""Of simulated time; half of a soak that is shorter than two hours."""
RESULT_KEPT_S = 15.0
"""An action server keeps results for 900 s; at sixty times the speed that is this."""
SETTLE_S = 2.0


def measure() -> dict[str, float]:
    hours = float(os.environ.get("BEE_SOAK_HOURS", "24"))
    with own_graph(BEE_ROS_SERVICE_TIMEOUT=REQUEST_KEPT_S):
        import rclpy

        rclpy.init(args=[])
        try:
            return _soak(hours)
        finally:
            rclpy.try_shutdown()


class Listener:
    """Hears everything, answers the lease and the goals, and watches the memory."""

    def __init__(self, node: Any) -> None:
        from rclpy.action import ActionServer
        from rosidl_runtime_py.utilities import get_message

        from bee_robot.nodes import qos
        from bee_robot_interfaces.action import MoveTower
        from bee_robot_interfaces.srv import MotionLease

        self.heard: dict[str, int] = {}
        self.renewals = 0
        self.is_over = False
        names = [row.name.replace("{camera}", "rear_left") for row in qos.TOPICS]
        for name in names:
            self.heard[name] = 0
            kind = get_message(qos.topic(name).type)
            node.create_subscription(kind, name, lambda _, name=name: self._count(name), qos.of(name))
        node.create_service(MotionLease, "tower/lease", self._lease)
        self._server = ActionServer(node, MoveTower, "tower/move", self._move, result_timeout=RESULT_KEPT_S)
        self._result = MoveTower.Result
        self.heard["tower/move"] = 0

    def _count(self, name: str) -> None:
        self.heard[name] += 1

    def _lease(self, request: Any, response: Any) -> Any:
        self.renewals += request.command == request.RENEW
        self.is_over = request.command == request.RELEASE
        response.success = True
        return response

    def _move(self, goal_handle: Any) -> Any:
        self.heard["tower/move"] += 1
        goal_handle.succeed()
        return self._result()


def _soak(hours: float) -> dict[str, float]:
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    from bee_robot.nodes import qos

    seconds = max(60, round(hours * 3600))
    node, executor = rclpy.create_node("soak_listener"), SingleThreadedExecutor()
    executor.add_node(node)
    listener = Listener(node)
    process = subprocess.Popen([sys.executable, str(PEER), str(seconds)], stdout=subprocess.PIPE, text=True)
    warm_mb, began_s, shown = 0.0, time.monotonic(), 0
    try:
        while not listener.is_over:
            executor.spin_once(timeout_sec=0.5)
            if process.poll() is not None:
                raise SystemExit("bench: the sending process ended; its words are above")
            if not warm_mb and listener.renewals >= 10 * min(WARM_UP_S, seconds / 2):
                warm_mb = resident_mb(os.getpid()) + resident_mb(process.pid)
            if listener.renewals // 36000 > shown:
                shown = listener.renewals // 36000
                held_mb = (resident_mb(os.getpid()), resident_mb(process.pid))
                print(
                    f"  hour {shown} after {time.monotonic() - began_s:.0f} s: "
                    f"{held_mb[0]:.1f} and {held_mb[1]:.1f} MB",
                    flush=True,
                )
        end_mb = resident_mb(os.getpid()) + resident_mb(process.pid)
        until_s = time.monotonic() + SETTLE_S
        while time.monotonic() < until_s:
            executor.spin_once(timeout_sec=0.1)
        said = _said(process)
    finally:
        process.kill()
        process.wait()
        executor.shutdown()
        node.destroy_node()
    reliable = {n for n in said if n == "tower/move" or qos.in_words(qos.of(n)).startswith("reliable")}
    lost = {name: said[name] - listener.heard[name] for name in said}
    for name in sorted(n for n in lost if lost[n]):
        print(f"  {name}: {lost[name]} of {said[name]} did not arrive", flush=True)
    return {
        "ros.soak_hours": round(seconds / 3600, 3),
        "ros.soak_messages": sum(said.values()) + listener.renewals,
        "ros.soak_lost": sum(abs(lost[name]) for name in reliable) + abs(10 * seconds - listener.renewals),
        "ros.soak_best_effort_lost_pct": round(
            100 * sum(lost[n] for n in said if n not in reliable) / max(1, sum(said[n] for n in said if n not in reliable)), 4
        ),
        "ros.soak_memory_growth_pct": round(100 * (end_mb / warm_mb - 1), 2),
    }  # fmt: skip


def _said(process: subprocess.Popen[str]) -> dict[str, int]:
    """What the other process says that it sent, by topic."""
    assert process.stdout is not None
    said: dict[str, int] = {}
    for line in process.stdout:
        if line.startswith("said "):
            _, name, count = line.split()
            said[name] = int(count)
        if line.strip() == "over":
            return said
    raise SystemExit("bench: the sending process did not say what it sent")
