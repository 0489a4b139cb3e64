"""What SIGINT and SIGTERM do."""

from __future__ import annotations

import signal
import threading
from enum import IntEnum
from types import FrameType
from typing import Any


class SignalHandlerOptions(IntEnum):
    """Which signals shut all contexts down."""

    NO = 0
    SIGINT = 1
    SIGTERM = 2
    ALL = 3


_previous: dict[int, Any] = {}
_options = SignalHandlerOptions.NO


def install_signal_handlers(options: SignalHandlerOptions = SignalHandlerOptions.ALL) -> None:
    """Let the signals shut contexts down. Possible in the main thread only; elsewhere nothing happens."""
    global _options
    options = SignalHandlerOptions(options)
    if threading.current_thread() is not threading.main_thread():
        return
    for flag, number in (
        (SignalHandlerOptions.SIGINT, signal.SIGINT),
        (SignalHandlerOptions.SIGTERM, signal.SIGTERM),
    ):
        if options & flag and number not in _previous:
            _previous[number] = signal.signal(number, _on_signal)
    _options = SignalHandlerOptions(_options | options)


def uninstall_signal_handlers() -> None:
    """Put back what was there before."""
    global _options
    if threading.current_thread() is threading.main_thread():
        for number, previous in list(_previous.items()):
            if signal.getsignal(number) is _on_signal:
                signal.signal(number, previous if previous is not None else signal.SIG_DFL)
            del _previous[number]
    _options = SignalHandlerOptions.NO


def get_current_signal_handlers_options() -> SignalHandlerOptions:
    return _options


def _on_signal(number: int, frame: FrameType | None) -> None:
    from rclpy.context import invalidate_all

    invalidate_all(f"signal {signal.Signals(number).name}")
    previous = _previous.get(number)
    if callable(previous):
        previous(number, frame)


class SignalHandlerGuardCondition:
    """Wakes its executor on SIGINT; kept for code that names it. Executors here are always woken."""

    def __init__(self, context: Any = None) -> None:
        self._context = context

    def destroy(self) -> None:
        self._context = None
