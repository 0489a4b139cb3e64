"""Action servers."""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Callable
from enum import Enum
from types import CoroutineType
from typing import Any

from rclpy._entity import Entity
from rclpy.action import _goal_states as states
from rclpy.action._goal_states import GoalEvent
from rclpy.action._names import action_names, check_action_type
from rclpy.exceptions import RCLError
from rclpy.executors import await_or_execute
from rclpy.publisher import Publisher
from rclpy.qos import (
    QoSProfile,
    qos_profile_action_status_default,
    qos_profile_default,
    qos_profile_services_default,
)
from rclpy.service import RequestHeader, RequestQueue
from rclpy.task import Future
from rclpy.timer import Timer
from rclpy.waitable import NumberOfEntities

__all__ = ["ActionServer", "CancelResponse", "GoalEvent", "GoalResponse", "ServerGoalHandle"]


class GoalResponse(Enum):
    """What a goal callback answers."""

    REJECT = 1
    ACCEPT = 2


class CancelResponse(Enum):
    """What a cancel callback answers."""

    REJECT = 1
    ACCEPT = 2


class ServerGoalHandle:
    """An accepted goal at its server."""

    def __init__(self, action_server: ActionServer, goal_info: Any, goal_request: Any) -> None:
        self._action_server = action_server
        self._goal_info = goal_info
        self._goal_request = goal_request
        self._state = states.ACCEPTED
        self._destroyed = False
        self._lock = threading.Lock()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerGoalHandle) and self.goal_id == other.goal_id

    __hash__ = None  # type: ignore[assignment]

    @property
    def request(self) -> Any:
        """The goal message."""
        return self._goal_request

    @property
    def goal_id(self) -> Any:
        return self._goal_info.goal_id

    @property
    def is_active(self) -> bool:
        return not self._destroyed and self._state in states.ACTIVE

    @property
    def is_cancel_requested(self) -> bool:
        return self.status == states.CANCELING

    @property
    def status(self) -> int:
        """A number of action_msgs/msg/GoalStatus."""
        return states.UNKNOWN if self._destroyed else self._state

    def _update_state(self, event: GoalEvent) -> None:
        with self._lock:
            if self._destroyed:
                return
            self._state = states.next_state(self._state, event)
        self._action_server._goal_changed(self)

    def execute(self, execute_callback: Callable[[ServerGoalHandle], Any] | None = None) -> None:
        """Run the execute callback (default: the server's) as a task of the executor."""
        # A goal may be cancelled before it runs; its callback then still runs, to end it properly.
        if not self.is_cancel_requested:
            self._update_state(GoalEvent.EXECUTE)
        self._action_server.notify_execute(self, execute_callback)

    def publish_feedback(self, feedback: Any) -> None:
        """Send feedback; TypeError if it is none of this action."""
        action_type = self._action_server.action_type
        if not isinstance(feedback, action_type.Feedback):
            raise TypeError(f"expected {action_type.Feedback}, got {type(feedback)}")
        if not self._destroyed:
            message = action_type.Impl.FeedbackMessage(goal_id=self.goal_id, feedback=feedback)
            self._action_server._feedback_publisher.publish(message)

    def succeed(self, response: Any = None) -> None:
        self._update_state(GoalEvent.SUCCEED)

    def abort(self, response: Any = None) -> None:
        self._update_state(GoalEvent.ABORT)

    def canceled(self, response: Any = None) -> None:
        self._update_state(GoalEvent.CANCELED)

    def destroy(self) -> None:
        self._destroyed = True


def default_handle_accepted_callback(goal_handle: ServerGoalHandle) -> None:
    """Execute the goal."""
    goal_handle.execute()


def default_goal_callback(goal_request: Any) -> GoalResponse:
    """Accept all goals."""
    return GoalResponse.ACCEPT


def default_cancel_callback(cancel_request: Any) -> CancelResponse:
    """No cancellations."""
    return CancelResponse.REJECT


class ActionServer(Entity):
    """Accepts, runs and ends goals. Made of three services and two topics, as ROS 2 composes them."""

    def __init__(
        self,
        node: Any,
        action_type: Any,
        action_name: str,
        execute_callback: Callable[[ServerGoalHandle], Any],
        *,
        callback_group: Any = None,
        goal_callback: Callable[[Any], Any] | None = default_goal_callback,
        handle_accepted_callback: Callable[[ServerGoalHandle], Any] | None = default_handle_accepted_callback,
        cancel_callback: Callable[[ServerGoalHandle], Any] | None = default_cancel_callback,
        goal_service_qos_profile: QoSProfile = qos_profile_services_default,
        result_service_qos_profile: QoSProfile = qos_profile_services_default,
        cancel_service_qos_profile: QoSProfile = qos_profile_services_default,
        feedback_pub_qos_profile: QoSProfile = qos_profile_default,
        status_pub_qos_profile: QoSProfile = qos_profile_action_status_default,
        result_timeout: int = 900,
    ) -> None:
        super().__init__(callback_group or node.default_callback_group)
        check_action_type(action_type)
        self._node = node
        self._action_type = action_type
        self._lock = threading.Lock()
        self._goal_handles: dict[bytes, ServerGoalHandle] = {}
        self._result_futures: dict[bytes, Future] = {}
        self._ended_ns: dict[bytes, int] = {}
        self._result_timeout_ns = int(result_timeout * 10**9)
        self.register_handle_accepted_callback(handle_accepted_callback)
        self.register_goal_callback(goal_callback)
        self.register_cancel_callback(cancel_callback)
        self.register_execute_callback(execute_callback)
        impl, names, wake = action_type.Impl, action_names(node, action_name), self._mark_ready
        self._goals = RequestQueue(
            node, impl.SendGoalService, names.send_goal, goal_service_qos_profile, wake
        )
        self._cancels = RequestQueue(
            node, impl.CancelGoalService, names.cancel_goal, cancel_service_qos_profile, wake
        )
        self._results = RequestQueue(
            node, impl.GetResultService, names.get_result, result_service_qos_profile, wake
        )
        self._feedback_publisher = Publisher(
            node, impl.FeedbackMessage, names.feedback, feedback_pub_qos_profile, None, None
        )
        self._status_publisher = Publisher(
            node, impl.GoalStatusMessage, names.status, status_pub_qos_profile, None, None
        )
        self._expiry: Timer | None = None
        node.add_waitable(self)

    @property
    def action_type(self) -> Any:
        return self._action_type

    # -- run by the executor

    def _has_work(self) -> bool:
        return bool(self._goals) or bool(self._cancels) or bool(self._results)

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        coroutine: CoroutineType[Any, Any, Any] | None = None
        for queue, handler in (
            (self._goals, self._on_goal),
            (self._cancels, self._on_cancel),
            (self._results, self._on_result_request),
        ):
            if queue:
                taken = queue.take()
                if taken is not None:
                    coroutine = handler(*taken)
                break
        if self._has_work():
            self._mark_ready()
        return coroutine

    async def _on_goal(self, header: RequestHeader, request: Any) -> None:
        from action_msgs.msg import GoalInfo

        log = self._node.get_logger()
        uuid = bytes(request.goal_id.uuid)
        self._forget_expired()
        accepted = False
        if uuid not in self._goal_handles:
            answer = await await_or_execute(self._goal_callback, request.goal)
            if isinstance(answer, GoalResponse):
                accepted = answer is GoalResponse.ACCEPT
            else:
                log.warning("Goal request callback did not return a GoalResponse type. Rejecting goal.")
        info = GoalInfo(goal_id=request.goal_id)
        handle: ServerGoalHandle | None = None
        if accepted:
            info.stamp = self._node.get_clock().now().to_msg()
            handle = self._goal_handles[uuid] = ServerGoalHandle(self, info, request.goal)
            self._result_futures[uuid] = Future()
        response = self._action_type.Impl.SendGoalService.Response(accepted=accepted, stamp=info.stamp)
        try:
            self._goals.respond(header, response)
        except RCLError:
            log.warning("Failed to send goal response (the client may have gone away)")
            return
        if handle is not None:
            await await_or_execute(self._handle_accepted_callback, handle)

    async def _on_cancel(self, header: RequestHeader, request: Any) -> None:
        response = self._cancel_candidates(request.goal_info)
        accepted = []
        for info in response.goals_canceling:
            handle = self._goal_handles[bytes(info.goal_id.uuid)]
            answer = await await_or_execute(self._cancel_callback, handle)
            if answer is not CancelResponse.ACCEPT:
                continue
            try:
                handle._update_state(GoalEvent.CANCEL_GOAL)
            except RCLError as error:
                # The goal ended while its cancel callback ran.
                self._node.get_logger().debug(f"Failed to cancel goal in cancel callback: {error}")
                continue
            accepted.append(info)
        response.goals_canceling = accepted
        try:
            self._cancels.respond(header, response)
        except RCLError:
            self._node.get_logger().warning("Failed to send cancel response (the client may have gone away)")

    def _cancel_candidates(self, wanted: Any) -> Any:
        """The response with the goals that a cancel request means: by id, by time, or all."""
        response = self._action_type.Impl.CancelGoalService.Response()
        uuid = bytes(wanted.goal_id.uuid)
        stamp = (wanted.stamp.sec, wanted.stamp.nanosec)
        by_id, by_time = any(uuid), stamp != (0, 0)
        if by_id and not by_time:
            handle = self._goal_handles.get(uuid)
            if handle is None:
                response.return_code = response.ERROR_UNKNOWN_GOAL_ID
            elif not states.is_cancelable(handle.status):
                response.return_code = response.ERROR_GOAL_TERMINATED
            else:
                response.goals_canceling = [handle._goal_info]
            return response
        chosen = []
        for key, handle in self._goal_handles.items():
            if not states.is_cancelable(handle.status):
                continue
            accepted_at = (handle._goal_info.stamp.sec, handle._goal_info.stamp.nanosec)
            if not by_time or accepted_at <= stamp or key == uuid:
                chosen.append(handle._goal_info)
        response.goals_canceling = chosen
        return response

    async def _on_result_request(self, header: RequestHeader, request: Any) -> None:
        self._forget_expired()
        future = self._result_futures.get(bytes(request.goal_id.uuid))
        if future is None:
            response = self._action_type.Impl.GetResultService.Response(status=states.UNKNOWN)
            self._results.respond(header, response)
            return
        future.add_done_callback(functools.partial(self._send_result, header))

    def _send_result(self, header: RequestHeader, future: Future) -> None:
        try:
            self._results.respond(header, future.result())
        except RCLError:
            self._node.get_logger().warning("Failed to send result response (the client may have gone away)")

    # -- goals

    def notify_execute(
        self, goal_handle: ServerGoalHandle, execute_callback: Callable[[ServerGoalHandle], Any] | None
    ) -> None:
        """Run a goal's callback as a task."""
        callback = execute_callback or self._execute_callback
        executor = self._node.executor
        if executor is None:
            raise RuntimeError(
                "the node of this action server belongs to no executor: nobody can execute the goal"
            )
        executor.create_task(self._run_goal, callback, goal_handle)

    async def _run_goal(
        self, execute_callback: Callable[[ServerGoalHandle], Any], goal_handle: ServerGoalHandle
    ) -> None:
        log = self._node.get_logger()
        uuid = goal_handle.goal_id.uuid
        try:
            result = await await_or_execute(execute_callback, goal_handle)
        except Exception as error:  # noqa: BLE001 - user code may raise anything
            # The client has to get an answer in any case: an aborted goal with an empty result.
            result = self._action_type.Result()
            log.error(f"Error raised in execute callback: {error}")
            traceback.print_exc()
        if not isinstance(result, self._action_type.Result):
            log.error(
                f"the execute callback returned {type(result).__name__}, not {self._action_type.Result.__name__}: "
                "sending an empty result"
            )
            result = self._action_type.Result()
        if goal_handle.is_active:
            log.warning(f"Goal state not set, assuming aborted. Goal ID: {uuid}")
            goal_handle.abort()
        response = self._action_type.Impl.GetResultService.Response(status=goal_handle.status, result=result)
        future = self._result_futures.get(bytes(uuid))
        if future is not None:
            future.set_result(response)

    def _goal_changed(self, goal_handle: ServerGoalHandle) -> None:
        if not goal_handle.is_active:
            self._ended_ns[bytes(goal_handle.goal_id.uuid)] = self._node.get_clock().now_ns()
            self._schedule_expiry()
        self._publish_status()

    def _publish_status(self) -> None:
        from action_msgs.msg import GoalStatus

        message = self._action_type.Impl.GoalStatusMessage()
        message.status_list = [
            GoalStatus(goal_info=handle._goal_info, status=handle.status)
            for handle in list(self._goal_handles.values())
        ]
        self._status_publisher.publish(message)

    def _schedule_expiry(self) -> None:
        """Let a timer look when the oldest result is due; it runs only while results are kept."""
        if self._result_timeout_ns < 0:
            return
        if self._expiry is None:
            self._expiry = Timer(self._forget_expired, self.callback_group, 10**9, self._node.get_clock())
            self._node._adopt(self._expiry, self._node._hidden_timers)
        if self._ended_ns:
            due_ns = min(self._ended_ns.values()) + self._result_timeout_ns
            self._expiry.timer_period_ns = max(due_ns - self._node.get_clock().now_ns(), 10**6)
            self._expiry.reset()
        else:
            self._expiry.cancel()

    def _forget_expired(self) -> None:
        """Results are kept for `result_timeout` after the end of their goals (negative: for ever)."""
        if self._result_timeout_ns < 0:
            return
        now_ns = self._node.get_clock().now_ns()
        for uuid, ended_ns in list(self._ended_ns.items()):
            future = self._result_futures.get(uuid)
            if now_ns - ended_ns >= self._result_timeout_ns and (future is None or future.done()):
                self._goal_handles.pop(uuid).destroy()
                self._result_futures.pop(uuid, None)
                del self._ended_ns[uuid]
        if self._expiry is not None:
            self._schedule_expiry()

    # -- callbacks

    def register_handle_accepted_callback(self, handle_accepted_callback: Callable[..., Any] | None) -> None:
        """`callback(goal_handle)` after acceptance; default: execute."""
        self._handle_accepted_callback = handle_accepted_callback or default_handle_accepted_callback

    def register_goal_callback(self, goal_callback: Callable[..., Any] | None) -> None:
        """`callback(goal) -> GoalResponse`; default: accept."""
        self._goal_callback = goal_callback or default_goal_callback

    def register_cancel_callback(self, cancel_callback: Callable[..., Any] | None) -> None:
        """`callback(goal_handle) -> CancelResponse`; default: reject."""
        self._cancel_callback = cancel_callback or default_cancel_callback

    def register_execute_callback(self, execute_callback: Callable[..., Any]) -> None:
        """`callback(goal_handle) -> Result`, plain or a coroutine."""
        if not callable(execute_callback):
            raise TypeError("Failed to register goal execution callback: not callable")
        self._execute_callback = execute_callback

    def get_num_entities(self) -> NumberOfEntities:
        """How many of each kind rclpy counts for an action server."""
        return NumberOfEntities(num_timers=1, num_services=3)

    def destroy(self) -> None:
        for handle in self._goal_handles.values():
            handle.destroy()
        if self._expiry is not None:
            self._node._drop(self._expiry, self._node._hidden_timers)
        for queue in (self._goals, self._cancels, self._results):
            queue.close()
        self._feedback_publisher.destroy()
        self._status_publisher.destroy()
        if self in self._node._waitables:
            self._node.remove_waitable(self)
