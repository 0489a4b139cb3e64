"""How Zenoh's threads and Python's get along: few threads to wake, and no thread state made anew for every message."""

from __future__ import annotations

import ctypes
import os
import threading

RUNTIME_VARIABLE = "ZENOH_RUNTIME"
_ONE_RECEIVER = "(rx: (worker_threads: 1))"
"""One thread receives, so that its Python state and its caches are warm.

The others stay apart, though sharing would save a switch for each message: undeclaring an advanced publisher waits, with
Python's lock held, for its heartbeat to end on `net`. Were that the receiver's thread, which waits for Python's lock in a
callback, both would wait for ever; the same goes for `tx` with a full queue.
"""
THREADS_WITH_STATE: set[int] = set()
"""Identifiers of the threads that keep their state."""


def prepare_runtime() -> None:
    """Choose Zenoh's threads, unless the environment does. Call before the process's first session."""
    os.environ.setdefault(RUNTIME_VARIABLE, _ONE_RECEIVER)


def keep_thread_state() -> None:
    """Keep the Python state of this thread of Zenoh for the next callback.

    A thread that Python did not start gets a state for each call into Python and loses it afterwards, with its memory mapped
    and unmapped. One more PyGILState_Ensure than Release lets it stay, as for threads of Python's own.
    """
    thread = threading.get_ident()
    if thread not in THREADS_WITH_STATE:
        THREADS_WITH_STATE.add(thread)
        ctypes.pythonapi.PyGILState_Ensure()
