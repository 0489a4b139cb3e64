"""GraphClient: the robot's graph for people's tools (command line, console), in domain objects and plain calls.

Runs a node and its executor in a thread of its own; every method may be called from any thread and is bounded in time.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from bee_robot.clock import wall_s, wall_sleep
from bee_robot.devices.tower import TowerState
from bee_robot.hive.inspection import VisitEvent
from bee_robot.nodes import conversions, job_reports, qos, services
from bee_robot.nodes.job_reports import FaceNotice, JobResult, JobState
from bee_robot.nodes.node_probe import NodeProbe, Readiness
from bee_robot.rulebook import Violation
from bee_robot_interfaces import action
from bee_robot_interfaces.msg import FaceResult, InspectionEvent, RuleViolation
from bee_robot_interfaces.msg import TowerState as TowerStateMsg
from bee_robot_interfaces.msg import VisitState as VisitStateMsg
from bee_robot_interfaces.srv import SimHands, StopTower, VisitControl

ANSWER_S = 10.0
WORDS = {
    "pause": VisitControl.Request.PAUSE,
    "resume": VisitControl.Request.RESUME,
    "skip": VisitControl.Request.SKIP_FRAME,
    "stop": VisitControl.Request.STOP_AFTER_FRAME,
    "stop_now": VisitControl.Request.STOP_NOW,
    "answer": VisitControl.Request.ANSWER,
}
"""What can be said to a job that runs."""
HANDS = {
    "open_door": SimHands.Request.OPEN_DOOR,
    "close_door": SimHands.Request.CLOSE_DOOR,
    "swap_frame": SimHands.Request.SWAP_FRAME,
    "press_estop": SimHands.Request.PRESS_ESTOP,
    "release_estop": SimHands.Request.RELEASE_ESTOP,
}
"""What a person can do at a simulated machine."""


class GraphError(Exception):
    """The graph did not do what was asked: what, where, what to do."""


class JobHandle:
    """A running job."""

    def __init__(self, client: GraphClient, name: str, goal_handle: Any) -> None:
        self._client, self._name = client, name
        self._goal_handle = goal_handle
        self._result = client.sent(goal_handle.get_result_async)

    def done(self) -> bool:
        return bool(self._result.done())

    def result(self) -> JobResult:
        """Call when done. Raises GraphError where the job was refused, or the extractor is gone."""
        if not self._result.done():
            raise GraphError(f"{self._name} still runs")
        answer = self._result.result()
        if answer is None:
            raise GraphError("frame_extractor ended without a result; run 'bee recover'")
        result = job_reports.job_result(answer.result)
        if not result.end_state and not result.positions_mm:
            raise GraphError(
                result.error
                or f"frame_extractor failed without saying how {self._name} ended; look at the hive and its log"
            )
        return result

    def cancel(self) -> None:
        """Ask for an orderly end: the frame is set down and the hive closed; the result comes as usual."""
        self._client.sent(self._goal_handle.cancel_goal_async)

    def stop_now(self, because: str) -> None:
        """Stop all motion at once; what is open stays open until 'bee recover'."""
        self._client.stop_motion(because)


class GraphClient:
    """See module. Use as a context manager."""

    def __init__(self, namespace: str = "", name: str = "bee_client") -> None:
        self.events: queue.Queue[VisitEvent] = queue.Queue()
        self.faces: queue.Queue[FaceNotice] = queue.Queue()
        self.violations: list[Violation] = []
        self._job_state: JobState | None = None
        self._state: TowerState | None = None
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(name, namespace=namespace or None, context=self._context)
        self._actions: dict[str, ActionClient] = {}
        self._stop = self._node.create_client(StopTower, "tower/stop")
        self._control = self._node.create_client(VisitControl, "visit/control")
        self._hands = self._node.create_client(SimHands, "sim/hands")
        node = self._node
        node.create_subscription(TowerStateMsg, "tower/state", self._take_state, qos.of("tower/state"))
        node.create_subscription(VisitStateMsg, "visit/state", self._take_job_state, qos.of("visit/state"))
        node.create_subscription(
            InspectionEvent, "inspection/events", self._take_event, qos.of("inspection/events")
        )
        node.create_subscription(FaceResult, "inspection/faces", self._take_face, qos.of("inspection/faces"))
        node.create_subscription(
            RuleViolation, "sim/violations", self._take_violation, qos.of("sim/violations")
        )
        self._probe = NodeProbe(node)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name="graph_client", daemon=True)
        self._thread.start()

    def __enter__(self) -> GraphClient:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        self._executor.shutdown(timeout_sec=1.0)
        self._thread.join(timeout=2.0)
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    # what comes in

    def _take_state(self, msg: TowerStateMsg) -> None:
        self._state = conversions.tower_state_from_msg(msg)

    def _take_event(self, msg: InspectionEvent) -> None:
        self.events.put(conversions.event_from_msg(msg))

    def _take_face(self, msg: FaceResult) -> None:
        self.faces.put(job_reports.face_notice(msg))

    def _take_violation(self, msg: RuleViolation) -> None:
        stamp_s = conversions.stamp_s(msg.header.stamp)
        self.violations.append(Violation(msg.rule, stamp_s, msg.where, msg.value, msg.limit, msg.says))

    def _take_job_state(self, msg: VisitStateMsg) -> None:
        self._job_state = job_reports.job_state(msg)

    def job_state(self) -> JobState | None:
        """What frame_extractor is at, or None before it has told."""
        return self._job_state

    def tower_state(self) -> TowerState | None:
        """The latest state of the tower, or None before the first."""
        return self._state

    # what goes out

    def is_ready(self) -> bool:
        return self._state is not None and self._job_state is not None and self._control.service_is_ready()

    def nodes(self) -> set[str]:
        """Full names of all nodes on the graph, this client's own left out."""
        found = {
            f"{namespace.rstrip('/')}/{name}"
            for name, namespace in self._node.get_node_names_and_namespaces()
        }
        return found - {self._node.get_fully_qualified_name()}

    def sees(self, *names: str) -> bool:
        """Whether any of these nodes of the robot is on the graph."""
        namespace = self._node.get_namespace().rstrip("/")
        return bool(self.nodes() & {f"{namespace}/{name}" for name in names})

    def readiness(self, name: str) -> Readiness:
        """Where a node, by its full name, is on its way to being ready. Ask again until it is (see nodes/node_probe.py)."""
        found: Readiness = self.sent(lambda: self._probe.look(name))
        return found

    def wait_ready(self, timeout_s: float, while_waiting: Callable[[], None] = lambda: None) -> None:
        """Wait in wall time until a tower and its extractor answer. GraphError names what is missing."""
        end_s = wall_s() + timeout_s
        while not self.is_ready():
            while_waiting()
            if wall_s() > end_s:
                missing = "tower_driver" if self._state is None else "frame_extractor"
                raise GraphError(
                    f"{missing} did not answer within {timeout_s:g} s; look at its log, or run 'bee doctor'"
                )
            wall_sleep(0.02)

    def start(self, name: str, **goal: Any) -> JobHandle:
        """Send a job's goal, with the fields of its action. GraphError where nobody takes it. One that is refused ends at
        once, with the reason."""
        client = self._actions.get(name) or self.sent(lambda: self._action(name))
        self._until(client.server_is_ready, name)
        handle = self._wait(self.sent(lambda: client.send_goal_async(_goal_of(name, goal))), name)
        if not handle.accepted:
            raise GraphError(f"frame_extractor did not accept {name}; look at its log")
        return JobHandle(self, name, handle)

    def _action(self, name: str) -> ActionClient:
        client = self._actions[name] = ActionClient(self._node, _action_type(name), name)
        return client

    def say(self, word: str, by: str, because: str = "", text: str = "") -> str:
        """Say one of WORDS to the job that runs; what is answered. GraphError where nobody hears it, or it makes no sense."""
        request = VisitControl.Request(command=WORDS[word], by=by, because=because, text=text)
        answer = self._wait(self.sent(lambda: self._control.call_async(request)), "visit/control")
        if not answer.success:
            raise GraphError(answer.message)
        return str(answer.message)

    def do(self, deed: str) -> str:
        """One of HANDS, at a simulated machine; what happened. GraphError where it cannot be done, or nothing is simulated."""
        self._until(
            self._hands.service_is_ready, "sim/hands", "this robot is not simulated, or sim_world is gone"
        )
        request = SimHands.Request(command=HANDS[deed])
        answer = self._wait(self.sent(lambda: self._hands.call_async(request)), "sim/hands")
        if not answer.success:
            raise GraphError(answer.message)
        return str(answer.message)

    def stop_motion(self, because: str) -> None:
        answer = self._wait(
            self.sent(lambda: self._stop.call_async(StopTower.Request(because=because))), "tower/stop"
        )
        if not answer.success:
            raise GraphError(f"the tower did not confirm the stop: {answer.message}; press the e-stop")

    def listen(self, type_: Any, topic: str, take: Callable[[Any], None]) -> None:
        """Hear a topic of the robot; `take` is called in the executor's thread."""
        self.sent(lambda: self._node.create_subscription(type_, topic, take, qos.of(topic)))

    def sent(self, send: Callable[[], Any]) -> Any:
        """The future of a request that the executor's thread sends (see AsyncioBridge.ask)."""
        sending = self._executor.create_task(send)
        return self._wait(sending, "this process")

    def _wait(self, future: Any, what: str) -> Any:
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        if not done.wait(ANSWER_S):
            raise GraphError(
                f"{what} did not answer within {ANSWER_S:g} s; is the robot running? (bee up tower)"
            )
        return future.result()

    def _until(
        self, is_so: Callable[[], bool], what: str, why: str = "is frame_extractor running? (bee up tower)"
    ) -> None:
        end_s = wall_s() + ANSWER_S
        while not is_so():
            if wall_s() > end_s:
                raise GraphError(f"nobody serves {what}; {why}")
            wall_sleep(0.02)


def _action_type(name: str) -> Any:
    """The type of an action, by the table of services.py."""
    row = next(row for row in services.ACTIONS if row.name == name)
    return getattr(action, row.type.rpartition("/")[2])


def _goal_of(name: str, fields: dict[str, Any]) -> Any:
    return _action_type(name).Goal(**fields)
