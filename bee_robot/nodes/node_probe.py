"""Whether a node is ready: on the graph, its executor answers, and, where it is a lifecycle node, active."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node, NodeNameNonExistentError

from bee_robot.clock import wall_s

ASK_AGAIN_S = 2.0
SETTLED_S = 0.5
"""A node that offers no parameter service cannot be asked; it counts once it has been on the graph for so long."""


@dataclass(frozen=True)
class Readiness:
    """`says`: the state in words, for people who wait."""

    is_ready: bool
    says: str


ABSENT = Readiness(False, "not on the graph")


@dataclass
class _Question:
    """A request to one node: for its lifecycle state, or, of a plain node, for none of its parameters."""

    client: Any
    request: Any
    future: Any = None
    asked_s: float = 0.0


class NodeProbe:
    """Asks nodes, without waiting. All calls in the thread that spins the node it is given."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._questions: dict[str, _Question] = {}
        self._seen_s: dict[str, float] = {}

    def look(self, name: str) -> Readiness:
        """Where the node of this full name is by now. Call again until it is ready; each call moves things on."""
        # Before the services are read: whoever has answered had made them all by then.
        answer = self._answer(name)
        services = self._services(name)
        if services is None:
            self.forget(name)
            return ABSENT
        seen_s = self._seen_s.setdefault(name, wall_s())
        if "lifecycle_msgs/srv/GetState" in services.get(f"{name}/get_state", []):
            return self._lifecycle(name, answer)
        if "rcl_interfaces/srv/GetParameters" not in services.get(f"{name}/get_parameters", []):
            is_settled = wall_s() - seen_s > SETTLED_S
            return Readiness(is_settled, "on the graph" if is_settled else "on the graph for a moment only")
        if isinstance(answer, GetParameters.Response):
            self.forget(name)
            return Readiness(True, "on the graph")
        self._ask(name, GetParameters, f"{name}/get_parameters", GetParameters.Request())
        return Readiness(False, "on the graph, but it does not answer")

    def forget(self, name: str) -> None:
        """Destroy what was made to ask this node."""
        self._seen_s.pop(name, None)
        question = self._questions.pop(name, None)
        if question is not None:
            self._node.destroy_client(question.client)

    def _lifecycle(self, name: str, answer: Any) -> Readiness:
        if isinstance(answer, GetState.Response):
            state = answer.current_state
            if state.id == State.PRIMARY_STATE_ACTIVE:
                self.forget(name)
                return Readiness(True, "active")
            self._questions[name].future = None  # ask again
            self._ask(name, GetState, f"{name}/get_state", GetState.Request())
            return Readiness(False, f"on the graph, {state.label or 'in an unknown state'}, not active")
        self._ask(name, GetState, f"{name}/get_state", GetState.Request())
        return Readiness(False, "on the graph, but it does not tell its lifecycle state")

    def _services(self, name: str) -> dict[str, list[str]] | None:
        """Services of a node with their types; None where no node of this name is on the graph."""
        namespace, _, base = name.rpartition("/")
        if (base, namespace or "/") not in self._node.get_node_names_and_namespaces():
            return None
        try:
            return dict(self._node.get_service_names_and_types_by_node(base, namespace or "/"))
        except NodeNameNonExistentError:  # it has left since
            return None

    def _answer(self, name: str) -> Any:
        question = self._questions.get(name)
        if question is None or question.future is None or not question.future.done():
            return None
        return question.future.result()

    def _ask(self, name: str, service_type: Any, service: str, request: Any) -> None:
        question = self._questions.get(name)
        if question is not None and not isinstance(request, type(question.request)):
            self._node.destroy_client(question.client)  # it has turned out to be a lifecycle node
            question = None
        if question is None:
            client = self._node.create_client(service_type, service)
            question = self._questions[name] = _Question(client, request)
        is_due = question.future is None or wall_s() - question.asked_s > ASK_AGAIN_S
        if is_due and question.client.service_is_ready():
            if question.future is not None:
                question.client.remove_pending_request(question.future)
            question.future = question.client.call_async(request)
            question.asked_s = wall_s()
