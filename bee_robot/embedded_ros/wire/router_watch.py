"""Whether a session has its router, and telling when that changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

Report = Callable[[str, str], None]
"""`report(severity, text)`, severity `info` or `warning`."""


class RouterWatch:
    """Knows the routers that a session is connected with; reports when the last goes, and when one is back.

    Zenoh connects again by itself, and declares anew what there is: nothing has to be done but to say so.
    """

    def __init__(
        self, session: Any, report: Report, *, is_needed: bool, why: Callable[[], str] = lambda: ""
    ) -> None:
        """`why()` may know why a router is lost."""
        import zenoh

        self._report = report
        self._why = why
        self._is_needed = is_needed
        self._condition = threading.Condition()
        self._routers: set[str] = set()
        self._was_lost = False
        self._stopped = False
        # Direct: an indirect callback has a thread of its own, for which Python waits at its end.
        handler = zenoh.handlers.Callback(self._on_event, indirect=False)
        self._listener = session.info.declare_transport_events_listener(handler, history=True)

    def wait(self, timeout_s: float) -> bool:
        """Wait for a router; whether there is one."""
        with self._condition:
            return self._condition.wait_for(lambda: bool(self._routers), timeout_s)

    def stop(self) -> None:
        """Be silent from now on: the session is about to be closed."""
        with self._condition:
            self._stopped = True

    def _on_event(self, event: Any) -> None:
        if "ROUTER" not in str(event.transport.whatami).upper():
            return
        router = str(event.transport.zid)
        with self._condition:
            if "DELETE" in str(event.kind):
                self._routers.discard(router)
                change = "" if self._routers or self._was_lost else "lost"
                self._was_lost = self._was_lost or not self._routers
            else:
                self._routers.add(router)
                change = "back" if self._was_lost else ""
                self._was_lost = False
                self._condition.notify_all()
            if not change or self._stopped:
                return
        # Not here: this is a thread of Zenoh, which must not wait for anybody's log.
        threading.Thread(target=self._tell, args=(change,), name="router watch", daemon=True).start()

    def _tell(self, change: str) -> None:
        if change == "back":
            self._report("info", "the Zenoh router is back: connected again")
            return
        what = "the whole graph" if self._is_needed else "nodes of other machines"
        why = self._why()
        self._report(
            "warning",
            f"the Zenoh router is gone, and with it {what}: {why or 'trying to connect again'}",
        )
