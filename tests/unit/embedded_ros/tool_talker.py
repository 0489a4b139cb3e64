"""The graph that the tools are tried on: one node with topics, services, an action, parameters; and a lifecycle node."""

from __future__ import annotations

import array
import sys

import rclpy
from example_interfaces.action import Fibonacci
from example_interfaces.srv import AddTwoInts
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, JointState
from std_msgs.msg import String


class Talker(Node):
    def __init__(self) -> None:
        super().__init__("talker", namespace="/robot")
        latched = QoSProfile(depth=3, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        lossy = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.words = self.create_publisher(String, "chatter", 10)
        self.poses = self.create_publisher(PoseStamped, "pose", 10)
        self.joints = self.create_publisher(JointState, "joint_states", lossy)
        self.kept = self.create_publisher(String, "latched", latched)
        self.picture = self.create_publisher(CompressedImage, "picture", latched)
        self.create_subscription(String, "orders", lambda message: self.kept.publish(message), 10)
        self.kept.publish(String(data="kept"))
        self.picture.publish(CompressedImage(format="jpeg", data=array.array("B", bytes(range(200)))))
        limits = FloatingPointRange(from_value=0.0, to_value=10.0, step=0.0)
        self.declare_parameter(
            "gain", 1.5, ParameterDescriptor(description="how much", floating_point_range=[limits])
        )
        self.declare_parameter("limits.low", 3)
        self.declare_parameter("names", ["a", "b"])
        self.declare_parameter("fixed", "text", ParameterDescriptor(read_only=True))
        self.create_service(AddTwoInts, "add", self.add)
        self.action = ActionServer(
            self, Fibonacci, "count", self.count, goal_callback=self.judge,
            cancel_callback=lambda _: CancelResponse.ACCEPT, callback_group=ReentrantCallbackGroup(),
        )  # fmt: skip
        self.number = 0
        self.create_timer(0.02, self.talk)

    def talk(self) -> None:
        self.number += 1
        self.words.publish(String(data=f"hello {self.number}"))
        pose = PoseStamped()
        pose.header.stamp = self.get_clock().now().to_msg()
        pose.pose.position.x = 2.5
        self.poses.publish(pose)
        self.joints.publish(JointState(name=["lift", "turn"], position=[0.25, 1.0]))

    @staticmethod
    def add(request: AddTwoInts.Request, response: AddTwoInts.Response) -> AddTwoInts.Response:
        response.sum = request.a + request.b
        return response

    @staticmethod
    def judge(goal: Fibonacci.Goal) -> int:
        from rclpy.action import GoalResponse

        return GoalResponse.REJECT if goal.order < 0 else GoalResponse.ACCEPT

    async def count(self, handle: object) -> Fibonacci.Result:
        """An order above 100 takes until it is cancelled."""
        order = handle.request.order  # type: ignore[attr-defined]
        handle.publish_feedback(Fibonacci.Feedback(sequence=[0, 1]))  # type: ignore[attr-defined]
        while order > 100 and not handle.is_cancel_requested:  # type: ignore[attr-defined]
            future = rclpy.Future()
            timer = self.create_timer(0.02, lambda future=future: future.set_result(None))
            await future
            self.destroy_timer(timer)
        handle.canceled() if order > 100 else handle.succeed()  # type: ignore[attr-defined]
        return Fibonacci.Result(sequence=list(range(min(order, 5))))


def main() -> None:
    rclpy.init()
    executor = MultiThreadedExecutor(2)
    nodes = [Talker(), LifecycleNode("machine", namespace="/robot")]
    for node in nodes:
        executor.add_node(node)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        while True:
            executor.spin_once()
    except (ExternalShutdownException, KeyboardInterrupt):
        pass


if __name__ == "__main__":
    main()
