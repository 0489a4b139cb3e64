"""Tells of what came in and cannot be read, without flooding the log."""

from __future__ import annotations

import threading
import time
from typing import Any

PAUSE_S = 5.0


class Refusals:
    """Logs the first refusal of an endpoint at once, then at most one in `PAUSE_S`, with their number."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._quiet_until_s = 0.0
        self._unsaid = 0

    def tell(self, text: str) -> None:
        now_s = time.monotonic()
        with self._lock:
            if now_s < self._quiet_until_s:
                self._unsaid += 1
                return
            self._quiet_until_s = now_s + PAUSE_S
            unsaid, self._unsaid = self._unsaid, 0
        more = f" ({unsaid} more like this since it was last said)" if unsaid else ""
        self._node.get_logger().error(text + more)
