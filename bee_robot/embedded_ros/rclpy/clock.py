"""Clocks: system, steady, and ROS time, which can follow /clock."""

from __future__ import annotations

import threading
import time as _time
import weakref
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from rclpy.clock_type import ClockType
from rclpy.constants import S_TO_NS
from rclpy.duration import Duration
from rclpy.exceptions import NotInitializedException
from rclpy.time import Time

__all__ = ["Clock", "ClockChange", "ClockType", "JumpHandle", "JumpThreshold", "ROSClock", "TimeJump"]

_NEVER = 2**63 - 1


class ClockChange(IntEnum):
    """What happened to the source of time."""

    ROS_TIME_NO_CHANGE = 1
    ROS_TIME_ACTIVATED = 2
    ROS_TIME_DEACTIVATED = 3
    SYSTEM_TIME_NO_CHANGE = 4


class JumpThreshold:
    """Which jumps a callback wants to hear of."""

    def __init__(
        self, *, min_forward: Duration | None, min_backward: Duration | None, on_clock_change: bool = True
    ) -> None:
        self.min_forward = min_forward
        self.min_backward = min_backward
        self.on_clock_change = on_clock_change
        if min_forward is not None and min_forward.nanoseconds <= 0:
            raise ValueError("min_forward must be a positive non-zero duration")
        if min_backward is not None and min_backward.nanoseconds >= 0:
            raise ValueError("min_backward must be a negative non-zero duration")
        if min_forward is None and min_backward is None and not on_clock_change:
            raise ValueError("At least one jump threshold must be enabled")


class TimeJump:
    """A jump of the clock: what changed, and by how much."""

    def __init__(self, clock_change: ClockChange, delta: Duration) -> None:
        if not isinstance(clock_change, (ClockChange, int)):
            raise TypeError("clock_change must be an instance of rclpy.clock.ClockChange")
        self._clock_change = clock_change
        self._delta = delta

    @property
    def clock_change(self) -> ClockChange:
        return self._clock_change

    @property
    def delta(self) -> Duration:
        return self._delta


class JumpHandle:
    """Keeps jump callbacks registered until `unregister()`."""

    def __init__(
        self,
        *,
        clock: Clock,
        threshold: JumpThreshold,
        pre_callback: Callable[[], Any] | None,
        post_callback: Callable[[TimeJump], Any] | None,
    ) -> None:
        if pre_callback is None and post_callback is None:
            raise ValueError("One of pre_callback or post_callback must be callable")
        if pre_callback is not None and not callable(pre_callback):
            raise ValueError("pre_callback must be callable if given")
        if post_callback is not None and not callable(post_callback):
            raise ValueError("post_callback must be callable if given")
        self._clock: Clock | None = clock
        self.threshold = threshold
        self.pre_callback = pre_callback
        self.post_callback = post_callback
        clock._jump_handles.append(self)

    def unregister(self) -> None:
        """Hear no more of jumps."""
        if self._clock is not None:
            self._clock._jump_handles.remove(self)
            self._clock = None

    def wants(self, change: ClockChange, delta_ns: int) -> bool:
        threshold = self.threshold
        if change in (ClockChange.ROS_TIME_ACTIVATED, ClockChange.ROS_TIME_DEACTIVATED):
            return threshold.on_clock_change
        forward, backward = threshold.min_forward, threshold.min_backward
        if forward is not None and delta_ns > 0 and delta_ns >= forward.nanoseconds:
            return True
        return backward is not None and delta_ns < 0 and delta_ns <= backward.nanoseconds

    def __enter__(self) -> JumpHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.unregister()


class Clock:
    """A source of time. `Clock(clock_type=ClockType.ROS_TIME)` gives a ROSClock."""

    def __new__(cls, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> Clock:
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        return super().__new__(ROSClock if clock_type is ClockType.ROS_TIME else cls)

    def __init__(self, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> None:
        self._clock_type = clock_type
        self._jump_handles: list[JumpHandle] = []
        self._source: Callable[[], int] = (
            _time.monotonic_ns if clock_type is ClockType.STEADY_TIME else _time.time_ns
        )

    @property
    def clock_type(self) -> ClockType:
        return self._clock_type

    @property
    def handle(self) -> Any:
        return threading.RLock()

    def __repr__(self) -> str:
        return f"Clock(clock_type={self._clock_type.name})"

    def now_ns(self) -> int:
        """Nanoseconds since the clock's epoch; what `now()` wraps."""
        return self._source()

    def now(self) -> Time:
        return Time(nanoseconds=self._source(), clock_type=self._clock_type)

    def follows_simulation(self) -> bool:
        """True while /clock, not the machine, makes this time."""
        return False

    def create_jump_callback(
        self,
        threshold: JumpThreshold,
        *,
        pre_callback: Callable[[], Any] | None = None,
        post_callback: Callable[[TimeJump], Any] | None = None,
    ) -> JumpHandle:
        return JumpHandle(
            clock=self, threshold=threshold, pre_callback=pre_callback, post_callback=post_callback
        )

    def sleep_until(self, until: Time, context: Any = None) -> bool:
        """Sleep until a point of this clock. True if it was reached, False if the context ended first."""
        context = _usable_context(context)
        if until.clock_type != self._clock_type:
            raise ValueError("until's clock type does not match this clock's type")
        woken = threading.Event()
        context.add_waker(woken.set)
        self._add_alarm(until.nanoseconds, woken)
        changes = self._when_source_changes(woken)
        try:
            return self._wait(until.nanoseconds, woken, context)
        finally:
            if changes is not None:
                changes.unregister()
            self._remove_alarm(woken)
            context.remove_waker(woken.set)

    def _wait(self, until_ns: int, woken: threading.Event, context: Any) -> bool:
        simulated = self.follows_simulation()
        while context.ok():
            if self.follows_simulation() != simulated:
                return False
            rest_ns = until_ns - self.now_ns()
            if rest_ns <= 0:
                return True
            woken.wait(None if simulated else min(rest_ns / S_TO_NS, threading.TIMEOUT_MAX))
            woken.clear()
        return False

    def _when_source_changes(self, woken: threading.Event) -> JumpHandle | None:
        return None

    def sleep_for(self, rel_time: Duration, context: Any = None) -> bool:
        """Sleep for a span of this clock's time; see `sleep_until`."""
        return self.sleep_until(self.now() + rel_time, context)

    def _add_alarm(self, due_ns: int, woken: threading.Event) -> None:
        """Only simulated time needs alarms: other clocks are waited for with a timeout."""

    def _remove_alarm(self, woken: threading.Event) -> None: ...

    def _add_timer(self, timer: Any) -> None: ...

    def _remove_timer(self, timer: Any) -> None: ...

    def _timers_changed(self) -> None: ...


def _usable_context(context: Any) -> Any:
    if context is None:
        from rclpy.utilities import get_default_context

        context = get_default_context()
    if not context.ok():
        raise NotInitializedException("context is not valid")
    return context


class ROSClock(Clock):
    """System time, or the time of /clock while `ros_time_is_active`.

    /clock may come thousands of times a second: a message costs a comparison with the time at
    which the next timer or sleeper is due, and wakes nobody before that.
    """

    def __new__(cls) -> ROSClock:
        return super().__new__(cls, clock_type=ClockType.ROS_TIME)  # type: ignore[return-value]

    def __init__(self, *, clock_type: ClockType = ClockType.ROS_TIME) -> None:
        super().__init__(clock_type=ClockType.ROS_TIME)
        self._override_ns = 0
        self._active = False
        self._next_due_ns = _NEVER
        self._alarm_lock = threading.Lock()
        self._alarms: dict[threading.Event, int] = {}
        self._timers: weakref.WeakSet[Any] = weakref.WeakSet()

    @property
    def ros_time_is_active(self) -> bool:
        return self._active

    def follows_simulation(self) -> bool:
        return self._active

    def now_ns(self) -> int:
        return self._override_ns if self._active else _time.time_ns()

    def now(self) -> Time:
        return Time(nanoseconds=self.now_ns(), clock_type=ClockType.ROS_TIME)

    def _set_ros_time_is_active(self, enabled: bool) -> None:
        if enabled == self._active:
            return
        change = ClockChange.ROS_TIME_ACTIVATED if enabled else ClockChange.ROS_TIME_DEACTIVATED
        before_ns = self.now_ns()
        after_ns = self._override_ns if enabled else _time.time_ns()
        handles = self._begin_jump(change, after_ns - before_ns)
        self._active = enabled
        for timer in list(self._timers):
            timer._clock_source_changed(before_ns, after_ns)
        self._end_jump(handles, change, after_ns - before_ns)
        self._timers_changed()
        self._wake_all()

    def set_ros_time_override(self, time: Time) -> None:
        """Set the time that counts while ROS time is active."""
        if not isinstance(time, Time):
            raise TypeError(f"Time must be specified as rclpy.time.Time. Received type: {type(time)}")
        self._set_override_ns(time.nanoseconds)

    def _set_override_ns(self, now_ns: int) -> None:
        """The hot path of /clock."""
        before_ns = self._override_ns
        if not self._active:
            self._override_ns = now_ns
            return
        if self._jump_handles:
            change, delta_ns = ClockChange.ROS_TIME_NO_CHANGE, now_ns - before_ns
            handles = self._begin_jump(change, delta_ns)
            self._override_ns = now_ns
            self._end_jump(handles, change, delta_ns)
        else:
            self._override_ns = now_ns
        if now_ns >= self._next_due_ns or now_ns < before_ns:
            self._ring(now_ns, before_ns)

    def _ring(self, now_ns: int, before_ns: int) -> None:
        if now_ns < before_ns:
            for timer in list(self._timers):
                timer._clock_went_back(now_ns)
        for event, due_ns in list(self._alarms.items()):
            if due_ns <= now_ns or now_ns < before_ns:
                event.set()
        for timer in list(self._timers):
            if timer._next_call_ns <= now_ns:
                timer._became_due()
        self._timers_changed()

    def _wake_all(self) -> None:
        for event in list(self._alarms):
            event.set()
        for timer in list(self._timers):
            timer._became_due()

    def _begin_jump(self, change: ClockChange, delta_ns: int) -> list[JumpHandle]:
        handles = [h for h in list(self._jump_handles) if h.wants(change, delta_ns)]
        for handle in handles:
            if handle.pre_callback is not None:
                handle.pre_callback()
        return handles

    def _end_jump(self, handles: list[JumpHandle], change: ClockChange, delta_ns: int) -> None:
        for handle in handles:
            if handle.post_callback is not None:
                handle.post_callback(TimeJump(change, Duration(nanoseconds=delta_ns)))

    def _timers_changed(self) -> None:
        """Find the next time of simulation at which somebody has to be woken."""
        if not self._active:
            return
        with self._alarm_lock:
            due_ns = min(self._alarms.values(), default=_NEVER)
            for timer in list(self._timers):
                # A timer that is due and queued is looked at again after its call.
                waits = not timer._queued or timer._next_call_ns > self._override_ns
                if waits and timer._next_call_ns < due_ns:
                    due_ns = timer._next_call_ns
            self._next_due_ns = due_ns

    def _add_alarm(self, due_ns: int, woken: threading.Event) -> None:
        self._alarms[woken] = due_ns
        self._timers_changed()

    def _remove_alarm(self, woken: threading.Event) -> None:
        self._alarms.pop(woken, None)
        self._timers_changed()

    def _when_source_changes(self, woken: threading.Event) -> JumpHandle | None:
        threshold = JumpThreshold(min_forward=None, min_backward=None, on_clock_change=True)
        return self.create_jump_callback(threshold, post_callback=lambda jump: woken.set())

    def _add_timer(self, timer: Any) -> None:
        self._timers.add(timer)
        self._timers_changed()

    def _remove_timer(self, timer: Any) -> None:
        self._timers.discard(timer)
        self._timers_changed()
