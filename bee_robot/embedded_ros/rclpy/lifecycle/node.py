"""Lifecycle nodes."""

from __future__ import annotations

import traceback
from typing import Any

from rclpy.lifecycle import _machine as machine
from rclpy.lifecycle._machine import LifecycleState, Transition, TransitionCallbackReturn
from rclpy.lifecycle.managed_entity import ManagedEntity
from rclpy.lifecycle.publisher import LifecyclePublisher
from rclpy.node import Node
from rclpy.qos import QoSProfile

_SUCCESS, _FAILURE, _ERROR = (
    TransitionCallbackReturn.SUCCESS,
    TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR,
)


class _StateMachineView:
    """What rclpy's `_state_machine` tells."""

    def __init__(self, node: Any) -> None:
        self._node = node

    @property
    def initialized(self) -> bool:
        return True

    @property
    def current_state(self) -> tuple[int, str]:
        """Number and label."""
        state = self._node._state
        return state.state_id, state.label

    def __getattr__(self, name: str) -> Any:
        if name.startswith("service_"):
            return getattr(self._node, f"_{name}", None)
        raise AttributeError(name)


class LifecycleNodeMixin(ManagedEntity):
    """Makes a node follow the lifecycle: services, transition events, managed entities.

    A transition calls `on_<transition>` of the node, which by default calls that of all managed
    entities. FAILURE goes back to where it started, ERROR (or an exception) to `on_error`.
    """

    def __init__(self, *, enable_communication_interface: bool = True, callback_group: Any = None) -> None:
        if not isinstance(enable_communication_interface, bool):
            raise TypeError(
                f"enable_communication_interface must be a bool, got {enable_communication_interface!r}"
            )
        self._managed_entities: set[ManagedEntity] = set()
        self._state = machine.UNCONFIGURED
        self._transition_publisher: Any = None
        if enable_communication_interface:
            self._open_interface(callback_group)

    def _open_interface(self, callback_group: Any) -> None:
        import lifecycle_msgs.srv as srv
        from lifecycle_msgs.msg import TransitionEvent

        node: Any = self
        self._transition_publisher = node.create_publisher(
            TransitionEvent, "~/transition_event", QoSProfile(depth=10)
        )
        for srv_type, name, callback in (
            (srv.ChangeState, "change_state", self._on_change_state),
            (srv.GetState, "get_state", self._on_get_state),
            (srv.GetAvailableStates, "get_available_states", self._on_get_states),
            (srv.GetAvailableTransitions, "get_available_transitions", self._on_get_transitions),
            (srv.GetAvailableTransitions, "get_transition_graph", self._on_get_graph),
        ):
            service = node.create_service(srv_type, f"~/{name}", callback, callback_group=callback_group)
            setattr(self, f"_service_{name}", service)

    @property
    def _state_machine(self) -> _StateMachineView:
        """Where code written for Humble, which has no public way to ask, looks up the state."""
        return _StateMachineView(self)

    # -- transitions

    def trigger_configure(self) -> TransitionCallbackReturn:
        return self._transition(machine.find_transition(self._state, label="configure"))

    def trigger_cleanup(self) -> TransitionCallbackReturn:
        return self._transition(machine.find_transition(self._state, label="cleanup"))

    def trigger_shutdown(self) -> TransitionCallbackReturn:
        return self._transition(machine.find_transition(self._state, label="shutdown"))

    def trigger_activate(self) -> TransitionCallbackReturn:
        return self._transition(machine.find_transition(self._state, label="activate"))

    def trigger_deactivate(self) -> TransitionCallbackReturn:
        return self._transition(machine.find_transition(self._state, label="deactivate"))

    def _transition(self, transition: Transition) -> TransitionCallbackReturn:
        start = self._state
        self._enter(transition.during, transition.number, transition.label)
        result = self._call(f"on_{transition.label}", start)
        outcome = machine.OUTCOMES[transition.label]
        if result is _SUCCESS:
            self._enter(transition.success, outcome, "transition_success")
        elif result is _FAILURE:
            self._enter(transition.failure, outcome + 1, "transition_failure")
        else:
            self._enter(machine.ERROR_PROCESSING, outcome + 2, "transition_error")
            self._process_error(start)
        return result

    def _process_error(self, start: LifecycleState) -> None:
        result = self._call("on_error", start)
        if result is _SUCCESS:
            self._enter(machine.UNCONFIGURED, machine.OUTCOMES["error"], "transition_success")
        else:
            self._enter(machine.FINALIZED, machine.OUTCOMES["error"] + 1, "transition_failure")

    def _call(self, name: str, state: LifecycleState) -> TransitionCallbackReturn:
        node: Any = self
        try:
            result = getattr(self, name)(state)
        except Exception as error:  # noqa: BLE001 - user code may raise anything
            node.get_logger().error(f"{name} of {node.get_name()} raised {type(error).__name__}: {error}")
            traceback.print_exc()
            return _ERROR
        if not isinstance(result, TransitionCallbackReturn):
            node.get_logger().error(
                f"{name} of {node.get_name()} returned {result!r}, no TransitionCallbackReturn"
            )
            return _ERROR
        return result

    def _enter(self, state: LifecycleState, number: int, label: str) -> None:
        start, self._state = self._state, state
        if self._transition_publisher is None:
            return
        from lifecycle_msgs.msg import TransitionEvent

        node: Any = self
        event = TransitionEvent(timestamp=node.get_clock().now_ns())
        event.transition.id, event.transition.label = number, label
        event.start_state.id, event.start_state.label = start.state_id, start.label
        event.goal_state.id, event.goal_state.label = state.state_id, state.label
        self._transition_publisher.publish(event)

    # -- what the transitions do by default

    def _all(self, name: str, state: LifecycleState) -> TransitionCallbackReturn:
        for entity in self._managed_entities:
            result = getattr(entity, name)(state)
            if result is not _SUCCESS:
                return result
        return _SUCCESS

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._all("on_configure", state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._all("on_cleanup", state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._all("on_shutdown", state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._all("on_activate", state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._all("on_deactivate", state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._all("on_error", state)

    def add_managed_entity(self, entity: ManagedEntity) -> None:
        """Let an entity follow the transitions from now on. TypeError if it is no ManagedEntity."""
        if not isinstance(entity, ManagedEntity):
            raise TypeError("Expected a rclpy.lifecycle.ManagedEntity instance.")
        self._managed_entities.add(entity)

    def create_lifecycle_publisher(self, *args: Any, **kwargs: Any) -> LifecyclePublisher:
        """A publisher that is on from the next activation on; arguments as for `create_publisher`."""
        node: Any = self
        publisher = node.create_publisher(*args, **kwargs, publisher_class=LifecyclePublisher)
        self._managed_entities.add(publisher)
        return publisher

    def destroy_lifecycle_publisher(self, publisher: LifecyclePublisher) -> bool:
        node: Any = self
        self._managed_entities.discard(publisher)
        return node.destroy_publisher(publisher)

    # -- services

    def _on_change_state(self, request: Any, response: Any) -> Any:
        node: Any = self
        try:
            transition = machine.find_transition(self._state, request.transition.id, request.transition.label)
        except RuntimeError as error:
            node.get_logger().error(str(error))
            response.success = False
            return response
        response.success = self._transition(transition) is _SUCCESS
        return response

    def _on_get_state(self, request: Any, response: Any) -> Any:
        response.current_state.id, response.current_state.label = self._state.state_id, self._state.label
        return response

    def _on_get_states(self, request: Any, response: Any) -> Any:
        from lifecycle_msgs.msg import State

        response.available_states = [State(id=s.state_id, label=s.label) for s in machine.STATES]
        return response

    def _on_get_transitions(self, request: Any, response: Any) -> Any:
        possible = [edge for edge in machine.transition_graph() if edge[2] == self._state]
        response.available_transitions = [_describe(*edge) for edge in possible]
        return response

    def _on_get_graph(self, request: Any, response: Any) -> Any:
        response.available_transitions = [_describe(*edge) for edge in machine.transition_graph()]
        return response


def _describe(number: int, label: str, start: LifecycleState, goal: LifecycleState) -> Any:
    from lifecycle_msgs.msg import TransitionDescription

    description = TransitionDescription()
    description.transition.id, description.transition.label = number, label
    for state, message in ((start, description.start_state), (goal, description.goal_state)):
        message.id, message.label = state.state_id, state.label
    return description


class LifecycleNode(LifecycleNodeMixin, Node):
    """A node with a lifecycle."""

    def __init__(
        self, node_name: str, *, enable_communication_interface: bool = True, **options: Any
    ) -> None:
        Node.__init__(self, node_name, **options)
        LifecycleNodeMixin.__init__(self, enable_communication_interface=enable_communication_interface)
