"""The rendezvous of a ROS domain on one machine: whoever holds its port introduces newcomers.

It is a Zenoh peer in a session of its own, beside the one that the process talks with, since a
session cannot take up listening later. Gossip through it tells the processes each other's
addresses; then they talk directly, and nothing but introductions depends on it. (A router would
route, too, and that of Zenoh 1.10.2 panics when many liveliness tokens come and go.)
"""

from __future__ import annotations

import errno
import json
import socket
import threading
from typing import Any

HOST = "127.0.0.1"
_TAKE_OVER_ATTEMPTS, _TAKE_OVER_PAUSE_S = 4, 0.2


def endpoint(port: int) -> str:
    return f"tcp/{HOST}:{port}"


def is_port_free(port: int) -> bool:
    """Could this process listen there now? OSError if listening fails for another reason."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Zenoh does: connections of a dead server that linger are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


class Rendezvous:
    """Serves the port if it is free, and again when its holder has gone."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._session: Any = None
        self._listener: Any = None
        self._closed = False
        self._ending = threading.Event()

    @property
    def is_serving(self) -> bool:
        return self._session is not None

    def try_to_serve(self) -> bool:
        """Take the port if nobody has it; True if this process serves now."""
        with self._lock:
            if self._closed:
                return False
            if self._session is None and is_port_free(self._port):
                self._session = _open(self._port)
            return self._session is not None

    def watch(self, session: Any) -> None:
        """Take over when a peer of `session` has gone and the port with it."""
        import zenoh

        # Direct: an indirect callback has a thread of its own, for which Python waits at its end.
        handler = zenoh.handlers.Callback(self._on_transport_event, indirect=False)
        self._listener = session.info.declare_transport_events_listener(handler)

    def _on_transport_event(self, event: Any) -> None:
        if "DELETE" in str(event.kind) and not self._closed and self._session is None:
            # Not here: this is a thread of Zenoh, which must not wait for Zenoh.
            threading.Thread(target=self._take_over, name="rendezvous", daemon=True).start()

    def _take_over(self) -> None:
        """Try a few times: the port may be freed a moment after the connection."""
        for _ in range(_TAKE_OVER_ATTEMPTS):
            try:
                if self.try_to_serve():
                    return
            except OSError:
                pass  # out of ports or descriptors for now; there is nobody to tell who could help
            if self._ending.wait(_TAKE_OVER_PAUSE_S):
                return

    def close(self) -> None:
        """Let go of the port. The watched session may be closed after this."""
        self._ending.set()
        # The listener ends with its session: undeclaring it could wait for a callback of its own,
        # which waits for Python's lock, which undeclaring holds.
        with self._lock:
            self._closed = True
            session, self._session = self._session, None
        if session is not None:
            session.close()


def _open(port: int) -> Any:
    """A session that listens on the port; None if another process was faster."""
    import zenoh

    config = zenoh.Config()
    for key, value in {
        "mode": "peer",
        "listen/endpoints": [endpoint(port)],
        "listen/timeout_ms": 0,
        "listen/exit_on_failure": True,
        "connect/endpoints": [],
        "scouting/multicast/enabled": False,
        "scouting/gossip/enabled": True,
        "scouting/delay": 1,
        "adminspace/enabled": False,
    }.items():
        config.insert_json5(key, json.dumps(value))
    try:
        return zenoh.open(config)
    except zenoh.ZError:
        return None
