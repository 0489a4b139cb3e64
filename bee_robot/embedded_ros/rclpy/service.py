"""Service servers."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable
from types import CoroutineType
from typing import Any

from rclpy._endpoint import service_endpoint
from rclpy._entity import Entity
from rclpy._handle import Handle
from rclpy._refusals import Refusals
from rclpy.exceptions import RCLError
from rclpy.qos import HistoryPolicy, QoSProfile

from bee_robot.embedded_ros.types.cdr import SerializationError
from bee_robot.embedded_ros.types.registry import codec_of
from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.attachment import Attachment


class RequestHeader:
    """Where a request came from, and the open query that its response goes to."""

    __slots__ = ("query", "sequence_number", "client_gid", "source_timestamp", "received_timestamp")

    def __init__(self, query: Any, received_ns: int) -> None:
        self.query = query
        attachment = Attachment.of(query)
        self.sequence_number = attachment.sequence_number
        self.client_gid = attachment.gid
        self.source_timestamp = attachment.source_time_ns
        self.received_timestamp = received_ns


class RequestQueue:
    """The queryable of a service: receives requests, sends responses. Shared with action servers."""

    def __init__(
        self, node: Any, srv_type: Any, srv_name: str, qos_profile: QoSProfile, wake: Callable[[], None]
    ):
        import zenoh

        self.name = srv_name
        self._node = node
        self._refusals = Refusals(node)
        self._queries: deque[tuple[Any, int]] = deque()
        self._depth = None if qos_profile.history == HistoryPolicy.KEEP_ALL else qos_profile.depth or 42
        self._wake = wake
        self._decode = codec_of(srv_type.Request).deserialize
        self._encode = codec_of(srv_type.Response).serialize
        self.endpoint = service_endpoint(node, keys.SERVICE, srv_type, srv_name, qos_profile)
        handler = zenoh.handlers.Callback(self._on_query, indirect=False)
        queryable = node.context.session.declare_queryable(self.endpoint.key, handler, complete=True)
        self._wire: Any = node.context.keep(queryable)
        self.endpoint.announce()

    def _on_query(self, query: Any) -> None:
        self._queries.append((query, time.time_ns()))
        if self._depth is not None and len(self._queries) > self._depth:
            # Keep-last, as for messages: the oldest request goes unanswered, unless it is taken right now.
            with contextlib.suppress(IndexError):
                self._queries.popleft()[0].drop()
        self._wake()

    def __bool__(self) -> bool:
        return bool(self._queries)

    def take(self) -> tuple[RequestHeader, Any] | None:
        """The next request with its header; None if there is none (or it could not be read)."""
        try:
            query, received_ns = self._queries.popleft()
        except IndexError:
            return None
        try:
            if query.payload is None:
                raise SerializationError("it has no content")
            header = RequestHeader(query, received_ns)
            return header, self._decode(query.payload.to_bytes())
        except (SerializationError, ValueError) as error:
            self._refusals.tell(f"request to {self.name} refused: {error}")
            query.reply_err(str(error).encode())
            query.drop()
            return None

    def respond(self, header: RequestHeader, response: Any) -> None:
        """Send the response; RCLError if the client has gone away."""
        query = header.query
        attachment = Attachment(header.sequence_number, time.time_ns(), header.client_gid).encode()
        try:
            query.reply(query.key_expr, self._encode(response), attachment=attachment)
        except Exception as error:
            raise RCLError(f"failed to send the response of {self.name}: {error}") from error
        finally:
            query.drop()

    @property
    def is_open(self) -> bool:
        return self._wire is not None

    def close(self) -> None:
        wire, self._wire = self._wire, None
        self.endpoint.withdraw()
        if wire is not None:
            self.endpoint.context.release(wire)
        while self._queries:
            self._queries.popleft()[0].drop()


class Service(Entity):
    """Answers requests with `callback(request, response) -> response`. Made by `Node.create_service`."""

    order = 4

    def __init__(
        self,
        node: Any,
        srv_type: Any,
        srv_name: str,
        callback: Callable[[Any, Any], Any],
        callback_group: Any,
        qos_profile: QoSProfile,
    ) -> None:
        self.srv_type = srv_type
        self.srv_name = srv_name  # as given; `service_name` is the full name
        self._handle = Handle()
        self.callback = callback
        self.qos_profile = qos_profile
        super().__init__(callback_group)
        full_name = node._resolve(srv_name, is_service=True)
        self._requests = RequestQueue(node, srv_type, full_name, qos_profile, self._mark_ready)

    def _has_work(self) -> bool:
        return bool(self._requests)

    def _execute(self) -> CoroutineType[Any, Any, Any] | None:
        taken = self._requests.take()
        if self._requests:
            self._mark_ready()
        if taken is None:
            return None
        header, request = taken
        result = self.callback(request, self.srv_type.Response())
        if type(result) is CoroutineType:
            return self._answer_later(result, header)
        self.send_response(result, header)
        return None

    async def _answer_later(self, coroutine: Any, header: RequestHeader) -> None:
        self.send_response(await coroutine, header)

    def send_response(self, response: Any, header: RequestHeader) -> None:
        """Send a response. TypeError if it is none of this service."""
        if not isinstance(response, self.srv_type.Response):
            raise TypeError(
                f"the callback of service {self.srv_name} returned {type(response).__name__}, "
                f"not {self.srv_type.Response.__name__}"
            )
        self._requests.respond(header, response)

    @property
    def service_name(self) -> str:
        return self._requests.name

    @property
    def handle(self) -> Handle:
        return self._handle

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()

    def destroy(self) -> None:
        self._handle.destroy_when_not_in_use()
        self._set_executor(None)
        self._requests.close()
