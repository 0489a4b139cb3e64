"""GraphClient: the robot's graph for people's tools (command line, console), in domain objects and plain calls.

Runs a node and its executor in a thread of its own; every method may be called from any thread and is bounded in time.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from bee_robot.clock import wall_s, wall_sleep
from bee_robot.devices.tower import TowerState
from bee_robot.hive.inspection import VisitEvent
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.node_probe import NodeProbe, Readiness
from bee_robot.rulebook import Violation
from bee_robot_interfaces.action import InspectBox, Recover
from bee_robot_interfaces.msg import FaceResult, InspectionEvent, RuleViolation
from bee_robot_interfaces.msg import TowerState as TowerStateMsg
from bee_robot_interfaces.srv import StopTower

ANSWER_S = 10.0


class GraphError(Exception):
    """The graph did not do what was asked: what, where, what to do."""


@dataclass(frozen=True)
class Feedback:
    phase: str
    frame: int
    frames_total: int
    open_time_s: float
    open_limit_s: float
    text: str


@dataclass(frozen=True)
class InspectionResult:
    """How a visit ended. `error_code`: 0 closed, 1 held, 2 refused (nothing was opened)."""

    error_code: int
    error: str
    inspection: str
    end_state: str
    instruction: str
    frames_inspected: int
    faces: int
    open_time_s: float
    visit_time_s: float
    rule_violations: int


@dataclass(frozen=True)
class FaceNotice:
    """A face that has been analysed, or could not be (`error`). `analysis` as in the local store."""

    inspection: str
    frame: int
    face: str
    error: str
    analysis: dict[str, Any]


class InspectionHandle:
    """A running inspection."""

    def __init__(self, client: GraphClient, goal_handle: Any) -> None:
        self._client = client
        self._goal_handle = goal_handle
        self._result = client.sent(goal_handle.get_result_async)

    def done(self) -> bool:
        return bool(self._result.done())

    def result(self) -> InspectionResult:
        """Call when done. Raises GraphError where the extractor is gone."""
        if not self._result.done():
            raise GraphError("the inspection still runs")
        answer = self._result.result()
        if answer is None:
            raise GraphError("frame_extractor ended without a result; run 'bee recover'")
        r = answer.result
        if not r.end_state:
            raise GraphError(
                "frame_extractor failed without saying how the visit ended; look at the hive and its log"
            )
        return InspectionResult(
            r.error_code,
            r.error_msg,
            r.inspection,
            r.end_state,
            r.instruction,
            r.frames_inspected,
            r.faces,
            r.open_time,
            r.visit_time,
            r.rule_violations,
        )

    def cancel(self) -> None:
        """Ask for an orderly end: the frame is set down and the hive closed; the result comes as usual."""
        self._client.sent(self._goal_handle.cancel_goal_async)

    def stop_now(self, because: str) -> None:
        """Stop all motion at once; what is open stays open until 'bee recover'."""
        self._client.stop_motion(because)


@dataclass(frozen=True)
class RecoveryResult:
    """How a recovery ended. `error_code`: 0 closed, 1 held, 2 refused (nothing was tried)."""

    error_code: int
    explanation: str
    end_state: str
    instruction: str


class RecoveryHandle:
    """A running recovery."""

    def __init__(self, client: GraphClient, goal_handle: Any) -> None:
        self._result = client.sent(goal_handle.get_result_async)

    def done(self) -> bool:
        return bool(self._result.done())

    def result(self) -> RecoveryResult:
        """Call when done. Raises GraphError where the extractor is gone."""
        answer = self._result.result() if self._result.done() else None
        if answer is None:
            raise GraphError("frame_extractor ended without a result; look at its log and at the hive")
        r = answer.result
        if not r.end_state:
            raise GraphError(
                "frame_extractor failed without saying how recovery ended; look at the hive and its log"
            )
        return RecoveryResult(r.error_code, r.error_msg, r.end_state, r.instruction)


class GraphClient:
    """See module. Use as a context manager."""

    def __init__(self, namespace: str = "", name: str = "bee_client") -> None:
        self.events: queue.Queue[VisitEvent] = queue.Queue()
        self.faces: queue.Queue[FaceNotice] = queue.Queue()
        self.violations: list[Violation] = []
        self.feedback: Feedback | None = None
        self._state: TowerState | None = None
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(name, namespace=namespace or None, context=self._context)
        self._inspect = ActionClient(self._node, InspectBox, "inspect_box")
        self._recover = ActionClient(self._node, Recover, "recover")
        self._stop = self._node.create_client(StopTower, "tower/stop")
        node = self._node
        node.create_subscription(TowerStateMsg, "tower/state", self._take_state, qos.of("tower/state"))
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
        analysis = json.loads(msg.analysis) if msg.analysis else {}
        self.faces.put(FaceNotice(msg.inspection, msg.frame, msg.face, msg.error, analysis))

    def _take_violation(self, msg: RuleViolation) -> None:
        stamp_s = conversions.stamp_s(msg.header.stamp)
        self.violations.append(Violation(msg.rule, stamp_s, msg.where, msg.value, msg.limit, msg.says))

    def _take_feedback(self, msg: Any) -> None:
        f = msg.feedback
        self.feedback = Feedback(f.phase, f.frame, f.frames_total, f.open_time, f.open_limit, f.text)

    def tower_state(self) -> TowerState | None:
        """The latest state of the tower, or None before the first."""
        return self._state

    # what goes out

    def is_ready(self) -> bool:
        return self._state is not None and self._inspect.server_is_ready() and self._recover.server_is_ready()

    def nodes(self) -> set[str]:
        """Full names of all nodes on the graph, this client's own left out."""
        found = {
            f"{namespace.rstrip('/')}/{name}"
            for name, namespace in self._node.get_node_names_and_namespaces()
        }
        return found - {self._node.get_fully_qualified_name()}

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

    def start_inspection(
        self, hive: str, box: int, override_by: str = "", override_reason: str = ""
    ) -> InspectionHandle:
        """Send the goal. GraphError where it is refused or nobody answers."""
        goal = InspectBox.Goal(hive=hive, box=box, override_by=override_by, override_reason=override_reason)
        handle = self._wait(
            self.sent(lambda: self._inspect.send_goal_async(goal, feedback_callback=self._take_feedback)),
            "inspect_box",
        )
        if not handle.accepted:
            raise GraphError(
                "the robot refused the inspection: another one runs, or the box is not of this hive"
            )
        return InspectionHandle(self, handle)

    def recover(
        self, by: str = "", frame_is_off: bool = False, hive_is_clear: bool = False
    ) -> RecoveryHandle:
        """Ask the robot to close what a former visit left open. GraphError where it is refused or nobody answers."""
        goal = Recover.Goal(by=by, frame_is_off=frame_is_off, hive_is_clear=hive_is_clear)
        handle = self._wait(self.sent(lambda: self._recover.send_goal_async(goal)), "recover")
        if not handle.accepted:
            raise GraphError("the robot refused to recover: it is busy with a visit")
        return RecoveryHandle(self, handle)

    def stop_motion(self, because: str) -> None:
        answer = self._wait(
            self.sent(lambda: self._stop.call_async(StopTower.Request(because=because))), "tower/stop"
        )
        if not answer.success:
            raise GraphError(f"the tower did not confirm the stop: {answer.message}; press the e-stop")

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
