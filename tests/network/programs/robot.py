"""A robot of tests: topics, a service, an action, a parameter. Standard rclpy, nothing else.

robot.py --ros-args -r __ns:=/bee1
"""

import importlib.util
import sys

if importlib.util.find_spec("bee_robot") is not None:
    import bee_robot  # noqa: F401  decides which rclpy there is

import rclpy
from example_interfaces.action import Fibonacci
from rclpy.action import ActionServer
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Int32, String
from std_srvs.srv import Trigger

PERIOD_S = 0.05
STEPS = 3


class Robot(Node):
    """Counts on `count`, keeps its name on `map`, obeys `say` and `go`, climbs on `climb`."""

    def __init__(self) -> None:
        super().__init__("driver")
        self.declare_parameter("speed", 1.0)
        self._goes = 0
        self._count = 0
        kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._map = self.create_publisher(String, "map", kept)
        self._map.publish(String(data=f"map of {self.get_namespace()}"))
        self._counter = self.create_publisher(Int32, "count", 100)
        self._said = self.create_publisher(String, "said", 100)
        self.create_timer(PERIOD_S, self._tick)
        self.create_subscription(String, "say", self._say, 100)
        self.create_service(Trigger, "go", self._go)
        self._actions = ActionServer(self, Fibonacci, "climb", self._climb)

    def _tick(self) -> None:
        self._counter.publish(Int32(data=self._count))
        self._count += 1

    def _say(self, message: String) -> None:
        print(f"said {message.data}", flush=True)
        self._said.publish(message)

    def _go(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._goes += 1
        print(f"go {self._goes}", flush=True)
        response.success = True
        response.message = f"{self.get_namespace()} went"
        return response

    def _climb(self, goal) -> Fibonacci.Result:
        print(f"climb {goal.request.order}", flush=True)
        sequence = [0, 1]
        for _ in range(STEPS):
            sequence.append(sequence[-1] + sequence[-2])
            goal.publish_feedback(Fibonacci.Feedback(sequence=sequence))
        goal.succeed()
        return Fibonacci.Result(sequence=sequence)


def main() -> None:
    rclpy.init(args=sys.argv)
    node = Robot()
    print("ready", flush=True)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
