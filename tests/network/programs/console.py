"""A console of tests: does what it is told about a robot, and prints what came of it as JSON.

    console.py PATIENCE_S NAME=/bee1/... ... [--ros-args ...]

Words are `see=/bee1`, `hear=/bee1`, `say=/bee1`, `go=/bee1`, `climb=/bee1`, `speed=/bee1`, `set_speed=/bee1`. All are
begun at once; what has not come to an end when patience does is null.
"""

import importlib.util
import json
import sys
import time

if importlib.util.find_spec("bee_robot") is not None:
    import bee_robot  # noqa: F401  decides which rclpy there is

import rclpy
from example_interfaces.action import Fibonacci
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.utilities import remove_ros_args
from std_msgs.msg import Int32, String
from std_srvs.srv import Trigger

COUNTS = 5
RESEND_S = 0.1


class Console(Node):
    """Asks robots for things; `outcome` has what came."""

    def __init__(self) -> None:
        super().__init__("console")
        self.outcome = {}
        self._waiting = []

    def begin(self, word: str, robot: str) -> None:
        self.outcome[f"{word}={robot}"] = None
        getattr(self, f"_{word}")(robot, lambda value: self.outcome.update({f"{word}={robot}": value}))

    def is_done(self) -> bool:
        for begin in list(self._waiting):
            if begin():
                self._waiting.remove(begin)
        return all(value is not None for value in self.outcome.values())

    def _see(self, robot, done) -> None:
        """The graph: nodes, topics with types, services of the robot."""

        def look() -> bool:
            nodes = [f"{ns.rstrip('/')}/{name}" for name, ns in self.get_node_names_and_namespaces()]
            topics = {
                name: types for name, types in self.get_topic_names_and_types() if name.startswith(robot)
            }
            services = [name for name, _ in self.get_service_names_and_types() if name.startswith(robot)]
            is_whole = f"{robot}/go" in services and f"{robot}/count" in topics and f"{robot}/driver" in nodes
            if is_whole:
                done({"nodes": sorted(set(nodes)), "topics": topics, "services": services})
            return is_whole

        self._waiting.append(look)

    def _hear(self, robot, done) -> None:
        """Five numbers in a row, and what the robot said before we came."""
        heard = {"counts": [], "map": ""}

        def count(message) -> None:
            if len(heard["counts"]) < COUNTS:
                heard["counts"].append(message.data)
            finish()

        def keep(message) -> None:
            heard["map"] = message.data
            finish()

        def finish() -> None:
            if len(heard["counts"]) == COUNTS and heard["map"]:
                done(heard)

        kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(Int32, f"{robot}/count", count, 100)
        self.create_subscription(String, f"{robot}/map", keep, kept)

    def _say(self, robot, done) -> None:
        """Publish a command until the robot repeats it."""
        publisher = self.create_publisher(String, f"{robot}/say", 10)
        self.create_subscription(String, f"{robot}/said", lambda m: done(m.data), 10)
        self.create_timer(RESEND_S, lambda: publisher.publish(String(data=f"from {self.get_namespace()}")))

    def _go(self, robot, done) -> None:
        self._ask(Trigger, f"{robot}/go", Trigger.Request(), lambda r: done(r.message))

    def _speed(self, robot, done) -> None:
        request = GetParameters.Request(names=["speed"])
        self._ask(
            GetParameters, f"{robot}/driver/get_parameters", request, lambda r: done(r.values[0].double_value)
        )

    def _set_speed(self, robot, done) -> None:
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=2.5)
        request = SetParameters.Request(parameters=[Parameter(name="speed", value=value)])
        self._ask(
            SetParameters, f"{robot}/driver/set_parameters", request, lambda r: done(r.results[0].successful)
        )

    def _ask(self, service_type, name, request, done) -> None:
        client = self.create_client(service_type, name)

        def ask() -> bool:
            if not client.service_is_ready():
                return False
            client.call_async(request).add_done_callback(lambda future: done(future.result()))
            return True

        self._waiting.append(ask)

    def _climb(self, robot, done) -> None:
        client = ActionClient(self, Fibonacci, f"{robot}/climb")
        feedback = []

        def accepted(future) -> None:
            if not future.result().accepted:
                done({"accepted": False})
                return
            future.result().get_result_async().add_done_callback(finished)

        def finished(future) -> None:
            done({"result": list(future.result().result.sequence), "feedback": len(feedback)})

        def ask() -> bool:
            if not client.server_is_ready():
                return False
            sent = client.send_goal_async(Fibonacci.Goal(order=5), feedback_callback=feedback.append)
            sent.add_done_callback(accepted)
            return True

        self._waiting.append(ask)


def main() -> None:
    patience_s, *words = remove_ros_args(sys.argv)[1:]
    rclpy.init(args=sys.argv)
    node = Console()
    for word in words:
        node.begin(*word.split("="))
    deadline = time.monotonic() + float(patience_s)
    while not node.is_done() and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.05)
    print(json.dumps(node.outcome), flush=True)
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
