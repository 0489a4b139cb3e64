"""Action clients."""

from __future__ import annotations

import threading
import uuid
import weakref
from collections.abc import Callable
from types import CoroutineType
from typing import Any

from rclpy._entity import Entity, call_back
from rclpy._refusals import Refusals
from rclpy._sample_queue import SampleQueue
from rclpy.action import _goal_states as states
from rclpy.action._names import action_names, check_action_type
from rclpy.client import RESULT_TIMEOUT_S, RequestSender
from rclpy.qos import (
    QoSProfile,
    qos_profile_action_status_default,
    qos_profile_default,
    qos_profile_services_default,
)
from rclpy.task import Future
from rclpy.waitable import NumberOfEntities

from bee_robot.embedded_ros.types.cdr import SerializationError
from bee_robot.embedded_ros.wire import keys


class ClientGoalHandle:
    """A goal at its client: whether it was accepted, how it is, and requests about it."""

    def __init__(self, action_client: ActionClient, goal_id: Any, goal_response: Any) -> None:
        self._action_client = action_client
        self._goal_id = goal_id
        self._goal_response = goal_response
        self._status = states.UNKNOWN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClientGoalHandle) and self._goal_id == other._goal_id

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ClientGoalHandle <id={self.goal_id.uuid}, accepted={self.accepted}, status={self.status}>"

    @property
    def goal_id(self) -> Any:
        return self._goal_id

    @property
    def stamp(self) -> Any:
        return self._goal_response.stamp

    @property
    def accepted(self) -> bool:
        return self._goal_response.accepted

    @property
    def status(self) -> int:
        """A number of action_msgs/msg/GoalStatus, as last heard on the status topic."""
        return self._status

    def cancel_goal(self) -> Any:
        """Ask for cancelling and wait for the response. Deadlocks in a callback."""
        return _wait(self.cancel_goal_async())

    def cancel_goal_async(self) -> Future:
        return self._action_client._cancel_goal_async(self)

    def get_result(self) -> Any:
        """Ask for the result and wait for it. Deadlocks in a callback."""
        return _wait(self.get_result_async())

    def get_result_async(self) -> Future:
        return self._action_client._get_result_async(self)


def _wait(future: Future) -> Any:
    done = threading.Event()
    future._add_waiter(done.set)
    done.wait()
    return future.result()


class _Requests:
    """One of the three services, with the futures of what is under way."""

    def __init__(self, sender: RequestSender) -> None:
        self.sender = sender
        self.pending: dict[int, Future] = {}
        self.goal_ids: dict[int, Any] = {}

    def send(self, request: Any, goal_id: Any) -> Future:
        future = Future()
        number = self.sender.send(request)
        self.pending[number] = future
        self.goal_ids[number] = goal_id
        future.add_done_callback(self.forget)
        return future

    def forget(self, future: Future) -> None:
        for number, pending in list(self.pending.items()):
            if pending is future:
                del self.pending[number]
                self.goal_ids.pop(number, None)


class ActionClient(Entity):
    """Sends goals to an action server, and follows them."""

    def __init__(
        self,
        node: Any,
        action_type: Any,
        action_name: str,
        *,
        callback_group: Any = None,
        goal_service_qos_profile: QoSProfile = qos_profile_services_default,
        result_service_qos_profile: QoSProfile = qos_profile_services_default,
        cancel_service_qos_profile: QoSProfile = qos_profile_services_default,
        feedback_sub_qos_profile: QoSProfile = qos_profile_default,
        status_sub_qos_profile: QoSProfile = qos_profile_action_status_default,
    ) -> None:
        super().__init__(callback_group or node.default_callback_group)
        check_action_type(action_type)
        self._node = node
        self._refusals = Refusals(node)
        self._action_type = action_type
        self._action_name = action_name
        self._names = names = action_names(node, action_name)
        self._goal_handles: dict[bytes, weakref.ref[ClientGoalHandle]] = {}
        self._feedback_callbacks: dict[bytes, Callable[[Any], Any]] = {}
        impl, wake = action_type.Impl, self._mark_ready

        def requests(srv_type: Any, name: str, qos: QoSProfile, timeout_s: float | None = None) -> _Requests:
            return _Requests(RequestSender(node, srv_type, name, qos, wake, timeout_s))

        self._goals = requests(impl.SendGoalService, names.send_goal, goal_service_qos_profile)
        self._cancels = requests(impl.CancelGoalService, names.cancel_goal, cancel_service_qos_profile)
        self._results = requests(
            impl.GetResultService, names.get_result, result_service_qos_profile, RESULT_TIMEOUT_S
        )
        self._feedback = SampleQueue(
            node, impl.FeedbackMessage, names.feedback, feedback_sub_qos_profile, wake
        )
        self._status = SampleQueue(node, impl.GoalStatusMessage, names.status, status_sub_qos_profile, wake)
        node.add_waitable(self)

    # -- run by the executor

    def _has_work(self) -> bool:
        return (
            bool(self._goals.sender)
            or bool(self._feedback)
            or bool(self._status)
            or bool(self._cancels.sender)
            or bool(self._results.sender)
        )

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        coroutine = None
        # Feedback comes before results, as it was sent before them.
        for queue, handler in (
            (self._goals.sender, self._take_goal_response),
            (self._feedback, self._take_feedback),
            (self._status, self._take_status),
            (self._cancels.sender, lambda: self._take_response(self._cancels)),
            (self._results.sender, lambda: self._take_response(self._results)),
        ):
            if queue:
                coroutine = handler()
                break
        if self._has_work():
            self._mark_ready()
        return coroutine

    def _take_goal_response(self) -> None:
        taken = self._goals.sender.take()
        if taken is None:
            return
        number, response = taken
        future = self._goals.pending.get(number)
        if future is None:
            self._unexpected("goal")
            return
        handle = ClientGoalHandle(self, self._goals.goal_ids[number], response)
        if handle.accepted:
            self._goal_handles[bytes(handle.goal_id.uuid)] = weakref.ref(handle)
        else:
            self._feedback_callbacks.pop(bytes(handle.goal_id.uuid), None)
        self._complete(future, handle)

    def _take_response(self, requests: _Requests) -> None:
        taken = requests.sender.take()
        if taken is None:
            return
        number, response = taken
        future = requests.pending.get(number)
        if future is None:
            self._unexpected("result" if requests is self._results else "cancel")
            return
        if requests is self._results:
            self._feedback_callbacks.pop(bytes(requests.goal_ids[number].uuid), None)
        self._complete(future, response)

    def _complete(self, future: Future, value: Any) -> None:
        if not future.done():
            future._set_executor(self._node.executor)
            future.set_result(value)

    def _unexpected(self, what: str) -> None:
        self._node.get_logger().warning(
            f"Ignoring unexpected {what} response. There may be more than one action server for the action "
            f"'{self._action_name}'"
        )

    def _take_feedback(self) -> CoroutineType[Any, Any, Any] | None:
        message = self._take(self._feedback)
        if message is None:
            return None
        callback = self._feedback_callbacks.get(bytes(message.goal_id.uuid))
        return call_back(callback, message) if callback is not None else None

    def _take_status(self) -> None:
        message = self._take(self._status)
        for status in message.status_list if message is not None else ():
            key = bytes(status.goal_info.goal_id.uuid)
            reference = self._goal_handles.get(key)
            if reference is None:
                continue
            handle = reference()
            if handle is not None:
                handle._status = status.status
            if handle is None or status.status not in states.ACTIVE:
                del self._goal_handles[key]

    def _take(self, queue: SampleQueue) -> Any:
        try:
            return queue.take()
        except SerializationError as error:
            self._refusals.tell(f"message of action {self._action_name} dropped: {error}")
            return None

    # -- requests

    def send_goal(self, goal: Any, **options: Any) -> Any:
        """Send a goal and wait for its result response. Deadlocks in a callback."""
        handle = _wait(self.send_goal_async(goal, **options))
        return _wait(self._get_result_async(handle))

    def send_goal_async(
        self, goal: Any, feedback_callback: Callable[[Any], Any] | None = None, goal_uuid: Any = None
    ) -> Future:
        """Send a goal; the future gets a ClientGoalHandle once it is accepted or rejected."""
        from unique_identifier_msgs.msg import UUID

        if not isinstance(goal, self._action_type.Goal):
            raise TypeError(f"expected {self._action_type.Goal}, got {type(goal)}")
        goal_id = UUID(uuid=list(uuid.uuid4().bytes)) if goal_uuid is None else goal_uuid
        if feedback_callback is not None:
            self._feedback_callbacks[bytes(goal_id.uuid)] = feedback_callback
        request = self._action_type.Impl.SendGoalService.Request(goal_id=goal_id, goal=goal)
        return self._goals.send(request, goal_id)

    def _cancel_goal_async(self, goal_handle: ClientGoalHandle) -> Future:
        _require_handle(goal_handle)
        request = self._action_type.Impl.CancelGoalService.Request()
        request.goal_info.goal_id = goal_handle.goal_id
        return self._cancels.send(request, goal_handle.goal_id)

    def _get_result_async(self, goal_handle: ClientGoalHandle) -> Future:
        _require_handle(goal_handle)
        request = self._action_type.Impl.GetResultService.Request(goal_id=goal_handle.goal_id)
        return self._results.send(request, goal_handle.goal_id)

    # -- server

    def server_is_ready(self) -> bool:
        """True if all services and topics of a server are there."""
        graph = self._node.context.graph
        return (
            all(r.sender.has_server() for r in (self._goals, self._cancels, self._results))
            and graph.count(keys.PUBLISHER, self._names.feedback) > 0
            and graph.count(keys.PUBLISHER, self._names.status) > 0
        )

    def wait_for_server(self, timeout_sec: float | None = None) -> bool:
        """Wait for a server; False if none came in time (None: without limit) or the context ended."""
        context = self._node.context
        wait_s = None if timeout_sec is None or timeout_sec < 0 else timeout_sec
        context.graph.wait_until(lambda: self.server_is_ready() or not context.ok(), wait_s)
        return self.server_is_ready()

    def get_num_entities(self) -> NumberOfEntities:
        """How many of each kind rclpy counts for an action client."""
        return NumberOfEntities(num_subs=2, num_clients=3)

    def destroy(self) -> None:
        for requests in (self._goals, self._cancels, self._results):
            requests.sender.close()
        self._feedback.close()
        self._status.close()
        if self in self._node._waitables:
            self._node.remove_waitable(self)


def _require_handle(goal_handle: Any) -> None:
    if not isinstance(goal_handle, ClientGoalHandle):
        raise TypeError(f"Expected type ClientGoalHandle but received {type(goal_handle)}")
