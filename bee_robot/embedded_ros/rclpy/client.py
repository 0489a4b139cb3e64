"""Service clients."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from types import CoroutineType
from typing import Any

from rclpy._endpoint import service_endpoint
from rclpy._entity import Entity
from rclpy._handle import Handle
from rclpy._refusals import Refusals
from rclpy.exceptions import InvalidHandle
from rclpy.qos import QoSProfile
from rclpy.task import Future

from bee_robot.embedded_ros.types.cdr import SerializationError
from bee_robot.embedded_ros.types.registry import codec_of
from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.attachment import Attachment
from bee_robot.embedded_ros.wire.settings import SERVICE_TIMEOUT, service_timeout_s

RESULT_TIMEOUT_S = 10.0**6
"""For the result of an action, which may take days."""
_REASON_MAX = 300
_ZENOH_TIMEOUT = "Timeout"


class RequestSender:
    """Sends the requests of a service and queues the responses. Shared with action clients."""

    def __init__(
        self,
        node: Any,
        srv_type: Any,
        srv_name: str,
        qos_profile: QoSProfile,
        wake: Callable[[], None],
        timeout_s: float | None = None,
    ):
        self.name = srv_name
        # Zenoh keeps about 800 bytes for each request until this time is over, also for those that were answered.
        self._timeout_s = service_timeout_s() if timeout_s is None else timeout_s
        self._node = node
        self._srv_type = srv_type
        self._wake = wake
        self._encode = codec_of(srv_type.Request).serialize
        self._decode = codec_of(srv_type.Response).deserialize
        self._sequence_number = 0
        self._refusals = Refusals(node)
        self._lock = threading.Lock()
        self._responses: deque[tuple[int, Any]] = deque()
        self._unanswered: set[int] = set()
        self.endpoint = service_endpoint(node, keys.CLIENT, srv_type, srv_name, qos_profile)
        self.endpoint.announce()

    def send(self, request: Any) -> int:
        """Send a request; its sequence number comes back with the response. TypeError for another type."""
        import zenoh

        if not self.endpoint.is_announced:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")
        if not isinstance(request, self._srv_type.Request):
            raise TypeError(f"expected {self._srv_type.Request}, got {type(request)}")
        with self._lock:
            self._sequence_number += 1
            number = self._sequence_number
        self._unanswered.add(number)
        handler = zenoh.handlers.Callback(
            lambda reply: self._on_reply(number, reply), lambda: self._on_end(number), indirect=False
        )
        self.endpoint.context.session.get(
            self.endpoint.key,
            handler,
            target=zenoh.QueryTarget.ALL_COMPLETE,
            # Without consolidation a response is handed over when it comes, not when all are in.
            consolidation=zenoh.ConsolidationMode.NONE,
            timeout=self._timeout_s,
            payload=self._encode(request),
            attachment=Attachment(number, time.time_ns(), self.endpoint.gid).encode(),
        )
        return number

    def _on_reply(self, number: int, reply: Any) -> None:
        if number in self._unanswered:
            self._unanswered.discard(number)
            self._responses.append((number, reply))
            self._wake()

    def _on_end(self, number: int) -> None:
        if number in self._unanswered and self.endpoint.is_announced:
            self._unanswered.discard(number)
            self._responses.append((number, None))
            self._wake()

    def __bool__(self) -> bool:
        return bool(self._responses)

    def take(self) -> tuple[int, Any] | None:
        """The next response and its sequence number. None if there is none, or nothing to hand on."""
        try:
            number, reply = self._responses.popleft()
        except IndexError:
            return None
        if reply is None:
            self._node.get_logger().warning(
                f"no server of {self.name} answered request {number}: none is there, it has gone away, or it had too many requests"
            )
            return None
        if reply.ok is None:
            reason = reply.err.payload.to_bytes().decode(errors="replace")
            if reason == _ZENOH_TIMEOUT:
                self._node.get_logger().error(
                    f"the server of {self.name} did not answer request {number} within {self._timeout_s:g} s; "
                    f"{SERVICE_TIMEOUT} sets another time"
                )
                return None
            self._refusals.tell(f"the server of {self.name} refused request {number}: {reason[:_REASON_MAX]}")
            return None
        try:
            return number, self._decode(reply.ok.payload.to_bytes())
        except SerializationError as error:
            self._refusals.tell(f"response of {self.name} dropped: {error}")
            return None

    def has_server(self) -> bool:
        """True if a server of this name and type is in the graph."""
        token = self.endpoint.token
        return any(
            t.wire_type == token.wire_type and t.type_hash == token.type_hash
            for t in self.endpoint.context.graph.select(keys.SERVICE, name=self.name)
        )

    def wait_for_server(self, timeout_sec: float | None) -> bool:
        context = self.endpoint.context
        wait_s = None if timeout_sec is None or timeout_sec < 0 else timeout_sec
        context.graph.wait_until(lambda: self.has_server() or not context.ok(), wait_s)
        return self.has_server()

    def close(self) -> None:
        self.endpoint.withdraw()
        self._unanswered.clear()
        self._responses.clear()


class Client(Entity):
    """Calls a service. Made by `Node.create_client`."""

    order = 3

    def __init__(
        self,
        node: Any,
        context: Any,
        srv_type: Any,
        srv_name: str,
        qos_profile: QoSProfile,
        callback_group: Any,
    ) -> None:
        self.context = context
        self.srv_type = srv_type
        self.srv_name = srv_name  # as given; `service_name` is the full name
        self._handle = Handle()
        self.qos_profile = qos_profile
        self._pending: dict[int, Future] = {}
        self._lock = threading.Lock()
        super().__init__(callback_group)
        full_name = node._resolve(srv_name, is_service=True)
        self._requests = RequestSender(node, srv_type, full_name, qos_profile, self._mark_ready)

    def call(self, request: Any, timeout_sec: float | None = None) -> Any:
        """Call and wait for the response. Deadlocks in a callback, unless other threads spin the node."""
        if not isinstance(request, self.srv_type.Request):
            raise TypeError(f"expected {self.srv_type.Request}, got {type(request)}")
        done = threading.Event()
        future = self.call_async(request)
        future._add_waiter(done.set)
        if not done.wait(timeout_sec if timeout_sec is None or timeout_sec >= 0 else None):
            self.remove_pending_request(future)
            raise TimeoutError(f"no response of {self.srv_name} within {timeout_sec} s")
        return future.result()

    def call_async(self, request: Any) -> Future:
        """Send the request; the future gets the response. TypeError for another type."""
        if not isinstance(request, self.srv_type.Request):
            raise TypeError(f"expected {self.srv_type.Request}, got {type(request)}")
        future = Future()
        with self._lock:
            number = self._requests.send(request)
            self._pending[number] = future
        future.add_done_callback(self.remove_pending_request)
        if self._requests:
            self._mark_ready()
        return future

    def get_pending_request(self, sequence_number: int) -> Future:
        return self._pending[sequence_number]

    def remove_pending_request(self, future: Future) -> None:
        """Forget a request: its response is then dropped."""
        with self._lock:
            for number, pending in list(self._pending.items()):
                if pending is future:
                    del self._pending[number]

    def service_is_ready(self) -> bool:
        """True if there is a server."""
        return self._requests.has_server()

    def wait_for_service(self, timeout_sec: float | None = None) -> bool:
        """Wait for a server; False if none came in time (None: without limit) or the context ended."""
        self._handle.require_valid()
        return self._requests.wait_for_server(timeout_sec)

    def _has_work(self) -> bool:
        return bool(self._requests)

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        taken = self._requests.take()
        if self._requests:
            self._mark_ready()
        if taken is None:
            return None
        number, response = taken
        with self._lock:
            future = self._pending.get(number)
        if future is not None and not future.done():
            executor = self._executor_ref() if self._executor_ref is not None else None
            future._set_executor(executor)
            future.set_result(response)
        return None

    @property
    def service_name(self) -> str:
        return self._requests.name

    @property
    def handle(self) -> Handle:
        return self._handle

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()

    def destroy(self) -> None:
        self._handle.destroy_when_not_in_use()
        self._set_executor(None)
        self._requests.close()
