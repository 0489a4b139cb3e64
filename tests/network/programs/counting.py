"""Two ends of a connection under test: `counting.py talk` and `counting.py hear`. Standard rclpy, nothing else.

The talker publishes numbers at 100 Hz and keeps calling a service, one call at a time; the hearer serves, hears, and prints.
"""

import importlib.util
import sys
import time

if importlib.util.find_spec("bee_robot") is not None:
    import bee_robot  # noqa: F401  decides which rclpy there is

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Int32, String
from std_srvs.srv import Trigger

PERIOD_S = 0.01
NEXT_CALL_S = 0.05
DEPTH = 1000


class Talker(Node):
    def __init__(self) -> None:
        super().__init__("talker")
        self._number = 0
        self._publisher = self.create_publisher(Int32, "number", DEPTH)
        self._client = self.create_client(Trigger, "ask")
        self._asked = 0
        self._pending = None
        self.create_timer(PERIOD_S, self._talk)
        self.create_timer(NEXT_CALL_S, self._ask)

    def _talk(self) -> None:
        if self._publisher.get_subscription_count():
            self._publisher.publish(Int32(data=self._number))
            self._number += 1

    def _ask(self) -> None:
        if self._pending is None and self._client.service_is_ready():
            self._asked += 1
            number = self._asked
            self._pending = self._client.call_async(Trigger.Request())
            self._pending.add_done_callback(lambda future: print(f"answer {number}", flush=True))
            self._asked_at = time.monotonic()
        elif self._pending is not None and (self._pending.done() or time.monotonic() > self._asked_at + 3.0):
            if not self._pending.done():
                print(f"no answer {self._asked}", flush=True)
                self._client.remove_pending_request(self._pending)
            self._pending = None


class Hearer(Node):
    def __init__(self) -> None:
        super().__init__("hearer")
        self.create_subscription(Int32, "number", lambda m: print(f"number {m.data}", flush=True), DEPTH)
        kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._hello = self.create_publisher(String, "hello", kept)
        self._hello.publish(String(data="hello"))
        self.create_service(Trigger, "ask", self._answer)

    def _answer(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = True
        return response


def main() -> None:
    rclpy.init(args=sys.argv)
    node = Talker() if sys.argv[1] == "talk" else Hearer()
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
