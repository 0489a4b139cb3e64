"""What a tower says in a day, said in half an hour: the sending process of `make soak`.

Everything waits for the listener as on the robot: the motion lease is a service, ten times a simulated second, and goals
are actions. Streams keep the last few messages only, so the listener also gets a rest after each simulated second.
"""

from __future__ import annotations

import sys
import time

import bee_robot  # noqa: F401 - serves rclpy where there is no ROS 2

# isort: split
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import TransformStamped
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, JointState
from tf2_msgs.msg import TFMessage

from bee_robot.nodes import qos
from bee_robot_interfaces.action import MoveTower
from bee_robot_interfaces.msg import AxisState, Climate, FaceResult, InspectionEvent, Loads, TowerState
from bee_robot_interfaces.srv import MotionLease

LEASE_HZ, STREAM_HZ, CLOCK_HZ = 10, 20, 100
GOAL_EVERY_S, EVENT_EVERY_S, FACE_EVERY_S = 30, 2, 17
PICTURE = bytes(range(256)) * 2000  # about the size of a compressed face
JOINTS = ("lift_left", "lift_right", "scan_left", "scan_right", "shuttle_left", "shuttle_right")
ANSWER_S, SETTLE_S = 30.0, 0.5
SPEED = 60.0
"""Simulated seconds per second, at most."""
REST_S = 0.001


class TowerTraffic(Node):
    """Says simulated seconds one after the other. Every message carries its number as the time in its header."""

    def __init__(self, seconds: int) -> None:
        super().__init__("soak_tower")
        self._seconds = seconds
        self._said: dict[str, int] = {}
        self._topics = {
            name: self.create_publisher(kind, name, qos.of(name))
            for name, kind in (
                ("joint_states", JointState), ("tower/state", TowerState), ("loads", Loads), ("/tf", TFMessage),
                ("/clock", Clock), ("climate", Climate), ("diagnostics", DiagnosticArray),
                ("inspection/events", InspectionEvent), ("inspection/faces", FaceResult),
                ("camera/rear_left/image/compressed", CompressedImage),
            )
        }  # fmt: skip
        self._lease = self.create_client(MotionLease, "tower/lease")
        self._move = ActionClient(self, MoveTower, "tower/move")
        self._state = TowerState(axes=[AxisState() for _ in JOINTS])
        self._joints = JointState(
            name=list(JOINTS), position=[0.0] * len(JOINTS), velocity=[0.0] * len(JOINTS)
        )
        self._transforms = TFMessage(transforms=[TransformStamped() for _ in JOINTS])
        self._health = DiagnosticArray(
            status=[
                DiagnosticStatus(
                    name="tower_driver: board", values=[KeyValue(key="link_errors", value="0")] * 12
                )
            ]
        )

    def wait(self) -> None:
        """Until the listener is there. SystemExit where it does not come."""
        if not (self._lease.wait_for_service(ANSWER_S) and self._move.wait_for_server(ANSWER_S)):
            raise SystemExit("the listener did not come")
        end_s = time.monotonic() + ANSWER_S
        while not all(topic.get_subscription_count() for topic in self._topics.values()):
            if time.monotonic() > end_s:
                raise SystemExit("the listener does not hear everything")
            time.sleep(0.05)
        time.sleep(SETTLE_S)

    async def run(self) -> None:
        """All of it; prints at the end how many of each were said."""
        for second in range(self._seconds):
            due_s = time.monotonic() + 1.0 / SPEED
            await self._second(second)
            time.sleep(max(REST_S, due_s - time.monotonic()))
        await self._ask(MotionLease.Request.RELEASE)
        for name, count in sorted(self._said.items()):
            print(f"said {name} {count}", flush=True)
        print("over", flush=True)

    async def _second(self, second: int) -> None:
        for tick in range(CLOCK_HZ):
            self._say("/clock", Clock())
            if tick % (CLOCK_HZ // STREAM_HZ) == 0:
                self._say("joint_states", self._joints)
                self._say("tower/state", self._state)
                self._say("loads", Loads())
                self._say("/tf", self._transforms)
            if tick % (CLOCK_HZ // LEASE_HZ) == 0:
                await self._ask(MotionLease.Request.RENEW)
        self._say("climate", Climate())
        self._say("diagnostics", self._health)
        if second % EVENT_EVERY_S == 0:
            self._say("inspection/events", InspectionEvent())
        if second % FACE_EVERY_S == 0:
            self._say("inspection/faces", FaceResult())
            self._say("camera/rear_left/image/compressed", CompressedImage(format="jpeg", data=PICTURE))
        if second % GOAL_EVERY_S == 0:
            await self._go()

    def _say(self, name: str, message: object) -> None:
        self._said[name] = self._said.get(name, 0) + 1
        self._topics[name].publish(message)

    async def _ask(self, command: int) -> None:
        answer = await self._answered(
            self._lease.call_async(MotionLease.Request(command=command, holder="soak"))
        )
        if not answer.success:
            raise SystemExit("the motion lease was refused")

    async def _go(self) -> None:
        handle = await self._answered(self._move.send_goal_async(MoveTower.Goal(holder="soak")))
        if not handle.accepted:
            raise SystemExit("a goal was refused")
        await self._answered(handle.get_result_async())
        self._said["tower/move"] = self._said.get("tower/move", 0) + 1

    async def _answered(self, future: Future) -> object:
        return await future


def main() -> int:
    rclpy.init()
    node = TowerTraffic(int(sys.argv[1]))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    node.wait()
    print("ready", flush=True)
    running = executor.create_task(node.run)
    try:
        executor.spin_until_future_complete(running)
        return 0 if running.done() and running.exception() is None else 1
    except (KeyboardInterrupt, ExternalShutdownException):
        return 1
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    sys.exit(main())
