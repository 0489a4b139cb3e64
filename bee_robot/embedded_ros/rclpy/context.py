"""A context: one session on the graph, between init and shutdown."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable
from inspect import ismethod
from typing import Any

from rclpy.exceptions import RCLError

_all_contexts: weakref.WeakSet[Context] = weakref.WeakSet()


class Context:
    """Holds what nodes share: domain, arguments, transport session, graph cache, rosout."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._valid = False
        self._initialised = False
        self._reason = ""
        self._callbacks: list[Callable[[], Any]] = []
        self._wakers: list[Callable[[], None]] = []
        self._domain_id = 0
        self._session: Any = None
        self._transport: Any = None
        self._graph: Any = None
        self._arguments: Any = None
        self._next_entity_id = 0
        self._wires: dict[int, Any] = {}
        self._logging_initialized = False

    def init(
        self,
        args: list[str] | None = None,
        *,
        initialize_logging: bool = True,
        domain_id: int | None = None,
    ) -> None:
        """Parse ROS arguments and join the graph.

        RuntimeError if it was initialised before; RCLError if the graph cannot be reached as
        configured; UnknownROSArgsError or InvalidROSArgsError for bad arguments.
        """
        import sys

        from rclpy import _log_output
        from rclpy._arguments import parse_arguments, warn_of_deprecated

        from bee_robot.embedded_ros.wire.graph import GraphCache
        from bee_robot.embedded_ros.wire.session import open_transport
        from bee_robot.embedded_ros.wire.settings import TransportError, domain_id_from_environment
        from bee_robot.embedded_ros.wire.threads import prepare_runtime

        if domain_id is not None and domain_id < 0:
            raise RuntimeError(f"Domain id ({domain_id}) should not be lower than zero.")
        with self._lock:
            if self._initialised and self._valid:
                raise RuntimeError("Context.init() must only be called once")
            self._arguments = parse_arguments(sys.argv if args is None else args)
            prepare_runtime()
            try:
                self._domain_id = domain_id_from_environment() if domain_id is None else domain_id
                self._transport = open_transport(self._domain_id, _report)
                self._session = self._transport.session
            except TransportError as error:
                raise RCLError(str(error)) from error
            self._graph = GraphCache()
            self._graph.on_problem = _tell
            self._graph.refusal = self._transport.refusal
            self._graph.start(self._session, self._domain_id)
            self._valid = self._initialised = True
            self._reason = ""
            _all_contexts.add(self)
        if initialize_logging:
            self._logging_initialized = True
            _log_output.configure(self._arguments)
        warn_of_deprecated(self._arguments)

    @property
    def handle(self) -> Any:
        """Something to use in a `with`; rclpy gives an object of its C layer here."""
        return self._lock if self._initialised else None

    @property
    def session(self) -> Any:
        """The transport session; RCLError once the context is shut down."""
        session = self._session
        if session is None:
            raise RCLError("the context is not valid: rclpy.init() has not been called, or it was shut down")
        return session

    def keep(self, wire: Any) -> Any:
        """Remember something declared in the session, to undeclare it before the session is closed.

        Closing a session while samples still arrive for a Python callback waits for them to end.
        """
        with self._lock:
            self._wires[id(wire)] = wire
        return wire

    def release(self, wire: Any) -> None:
        """Undeclare something that was kept; nothing happens if the context has done so."""
        with self._lock:
            known = self._wires.pop(id(wire), None)
        if known is not None:
            known.undeclare()

    @property
    def graph(self) -> Any:
        if self._graph is None:
            raise RCLError("the context is not valid: rclpy.init() has not been called, or it was shut down")
        return self._graph

    @property
    def arguments(self) -> Any:
        return self._arguments

    def next_entity_id(self) -> int:
        """A number for the next entity in this session's tokens."""
        with self._lock:
            number = self._next_entity_id
            self._next_entity_id += 1
            return number

    def get_domain_id(self) -> int:
        if not self._initialised:
            raise RCLError("the context has no domain before init()")
        return self._domain_id

    def ok(self) -> bool:
        """True between init and shutdown."""
        return self._valid

    def shutdown(self) -> None:
        """Leave the graph; RuntimeError if that was done before."""
        if not self._initialised or (not self._valid and self._session is None):
            raise RuntimeError("Context must be initialized before it can be shutdown")
        self.invalidate("shutdown() was called")
        self._close()

    def try_shutdown(self) -> None:
        """Leave the graph if that was not done yet."""
        if self._initialised:
            self.invalidate("shutdown() was called")
            self._close()

    def invalidate(self, reason: str) -> None:
        """Make `ok()` False and let executors end; safe in a signal handler. The session stays open."""
        if not self._valid:
            return
        self._valid = False
        self._reason = reason
        for callback in self._take_callbacks():
            callback()
        for waker in list(self._wakers):
            waker()

    def _take_callbacks(self) -> list[Callable[[], Any]]:
        references, self._callbacks = self._callbacks, []
        found = []
        for reference in references:
            callback = reference() if isinstance(reference, weakref.WeakMethod) else reference
            if callback is not None:
                found.append(callback)
        return found

    def _close(self) -> None:
        # All is taken over first: another thread may initialise the context anew while this one closes.
        with self._lock:
            transport, self._transport = self._transport, None
            self._session = None
            wires, self._wires = list(self._wires.values()), {}
            graph = self._graph
        if transport is None:
            return
        graph.wake()
        for wire in wires:
            wire.undeclare()
        graph.stop()
        transport.close()

    def on_shutdown(self, callback: Callable[[], Any]) -> None:
        """`callback()` runs when the context is shut down. Methods are held weakly."""
        if not callable(callback):
            raise TypeError(f"callback should be a callable, got {type(callback)}")
        with self._lock:
            if not self._valid:
                callback()
            elif ismethod(callback):
                self._callbacks.append(weakref.WeakMethod(callback, self._forget))
            else:
                self._callbacks.append(callback)

    def _forget(self, reference: Any) -> None:
        if reference in self._callbacks:
            self._callbacks.remove(reference)

    def add_waker(self, waker: Callable[[], None]) -> None:
        """`waker()` is called, also from a signal handler, when the context ends."""
        self._wakers.append(waker)

    def remove_waker(self, waker: Callable[[], None]) -> None:
        if waker in self._wakers:
            self._wakers.remove(waker)

    def destroy(self) -> None:
        """Shut down if that was not done yet."""
        self.try_shutdown()

    def __enter__(self) -> Context:
        if not self._initialised:
            self.init()
        return self

    def __exit__(self, *exception: object) -> None:
        self.try_shutdown()


def _tell(problem: str) -> None:
    """Log a problem of the graph. On a thread of its own: this comes from the transport."""
    from rclpy.logging import get_logger

    threading.Thread(target=get_logger("rmw_zenoh").error, args=(problem,), daemon=True).start()


def _report(severity: str, text: str) -> None:
    """Log what the transport tells of its router."""
    from rclpy.logging import get_logger

    logger = get_logger("rmw_zenoh")
    (logger.warning if severity == "warning" else logger.info)(text)


def invalidate_all(reason: str) -> None:
    """End all contexts, as a signal does."""
    for context in list(_all_contexts):
        context.invalidate(reason)


@atexit.register
def _close_all() -> None:
    """Leave the graph properly at the end of the process, so that peers hear of it at once."""
    for context in list(_all_contexts):
        context.try_shutdown()
