"""What drivers have in common: a device that is connected, served and let go of, as a lifecycle node.

configure connects, activate serves, deactivate withdraws what was served, clean up lets go. The parameter `autostart` takes a
driver through the first two by itself. A device that is lost leads through error processing to unconfigured; with
autostart it is then looked for again, less and less often, for as long as the node runs. Nothing ever moves by itself.

Transitions are synchronous in rclpy: they block the executor while the device answers, for a bounded wall time. What may take
longer (a port that is not there yet, the time until the next attempt) is waited for outside of them.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import sys
import traceback
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, TypeVar

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNodeMixin, LifecycleState, TransitionCallbackReturn

from bee_robot.clock import pause_wall, wall_s
from bee_robot.configuration import ConfigurationError
from bee_robot.nodes.diagnostics import Status
from bee_robot.nodes.process import EXIT_BAD_INPUT, BeeNode

CONNECT_WALL_S = 8.0
DISCONNECT_WALL_S = 4.0
ANSWERS_WALL_S = 10.0  # for what is being answered when the node is ended
WATCH_WALL_S = 0.1
FIRST_PAUSE_S = 0.5  # before a lost device is looked for again; then twice as long each time
LONGEST_PAUSE_S = 10.0
STEADY_S = 10.0  # active for so long: the next loss is a new one

SUCCESS, FAILURE, ERROR = (
    TransitionCallbackReturn.SUCCESS,
    TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR,
)


class DeviceError(Exception):
    """The device cannot be had, or did not do what a transition needs: what, where, what to do. `alert`: key of alerts.py."""

    def __init__(self, message: str, alert: str = "") -> None:
        super().__init__(message)
        self.alert = alert


class Life(str, Enum):
    """The primary states of a lifecycle node."""

    UNCONFIGURED = "unconfigured"
    INACTIVE = "inactive"
    ACTIVE = "active"
    FINALIZED = "finalized"


Driver = TypeVar("Driver", bound="DriverNode")
Transition = Callable[[Driver, LifecycleState], TransitionCallbackReturn]


def _told(transition: Transition[Driver]) -> Transition[Driver]:
    """A fault in a transition is said; rclpy of Humble keeps it to itself. It still leads to error processing."""

    @functools.wraps(transition)
    def run(self: Driver, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(self, state)
        except Exception:  # said here, dealt with by the lifecycle
            self.get_logger().error(f"{transition.__name__} failed:\n{traceback.format_exc()}")
            raise

    return run


class DriverNode(LifecycleNodeMixin, BeeNode):
    """A subclass says what its device is: the methods of the first section. All but the coroutines run in the executor."""

    loss_alert = ""
    """Key of alerts.py of a lost device."""

    def __init__(self, kind: str, **options: Any) -> None:
        BeeNode.__init__(self, kind, **options)
        self.life = Life.UNCONFIGURED
        self.lost_because = ""
        """Why the device was lost, until it is connected again."""
        self._connecting: concurrent.futures.Future[None] | None = None
        self._hurry = asyncio.Event()
        self._is_ending = self._has_begun = self._has_served = self._is_seeking = self._is_pausing = False
        self._answers_due = self._losses = self._attempts = 0
        self._next_try_wall_s = self._active_since_wall_s = 0.0
        self._trouble = DeviceError("")
        LifecycleNodeMixin.__init__(self)
        self.diagnostics.add("lifecycle", self._look_at_life)

    # what a driver says of its device

    async def device_appears(self, hurry: asyncio.Event) -> None:
        """Wait for the device as long as is worth it, or until `hurry` is set. Not being there is `connect`'s error."""

    async def connect(self) -> None:
        """Open the device and shake hands; nothing moves. Raises DeviceError or ConfigurationError with nothing left open."""

    def serve(self) -> None:
        """Create what others use: services, actions, timers."""

    def withdraw(self) -> None:
        """Destroy what `serve` created; also after it failed half way."""

    def loss(self) -> str:
        """Why the device is not the one any more that was connected; empty while it is."""
        return ""

    def reason_to_stay(self) -> str:
        """Why this node may not be deactivated or cleaned up now; empty where it may."""
        return ""

    async def rest(self) -> None:
        """Before deactivation: bring the device to a state in which nobody has to serve it. Raises DeviceError."""

    async def disconnect(self, because: str) -> None:
        """Let go of the device; also of a lost one, or of none. Nothing moves afterwards."""

    # start and end

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """While somebody waits for an answer of this node, what answers is not destroyed."""
        self._answers_due += 1
        try:
            yield
        finally:
            self._answers_due -= 1

    def begin(self) -> None:
        self._has_begun = True
        self._watch = self.create_timer(
            WATCH_WALL_S, self._look_at_device, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        if self.parameter("autostart"):
            self._connect_after(0.0)
        else:
            self.get_logger().info("unconfigured: waits for a lifecycle manager (autostart is false)")

    def _connect_after(self, pause_s: float) -> None:
        self._is_seeking = True
        self._attempts += 1
        self._next_try_wall_s = wall_s() + pause_s
        self._is_pausing = pause_s > 0
        self._connecting = connecting = self.bridge.start(self._connect_then(pause_s))
        connecting.add_done_callback(lambda done: self.bridge.post(lambda: self._connected(done)))

    async def _connect_then(self, pause_s: float) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            if pause_s > 0:
                await asyncio.wait_for(self._hurry.wait(), pause_s)
        self._is_pausing = False
        await self.device_appears(self._hurry)
        await self.connect()

    def _connected(self, done: concurrent.futures.Future[None]) -> None:
        """An attempt of autostart has ended. Nothing to do where a manager took its outcome meanwhile."""
        if done is not self._connecting or self._is_ending or done.cancelled():
            return
        error = done.exception()
        if error is not None and not self._has_served:
            sys.stderr.write(f"{self.get_name()}: {error}\n")
            self.exit_code, self.is_finished = EXIT_BAD_INPUT, True
        elif self.trigger_configure() == SUCCESS:
            self.trigger_activate()

    def _try_again(self) -> None:
        if not self._is_ending:
            self._connect_after(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._attempts, 10)))

    @property
    def is_ending(self) -> bool:
        return self._is_ending

    async def end_well(self, because: str) -> None:
        """Whoever waits for an answer gets it; then the device is let go of."""
        self._is_ending = True
        if self._connecting is not None:
            self._connecting.cancel()
        until_s = wall_s() + ANSWERS_WALL_S
        while self._answers_due and wall_s() < until_s:
            await pause_wall(0.02)
        await self.disconnect(f"{self.get_name()} ends ({because})")

    def close(self) -> None:
        if self._has_begun and self.life is not Life.FINALIZED and self.context.ok():
            self._is_ending = True
            self.trigger_shutdown()
        super().close()

    # transitions

    @_told
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self._is_ending:
            return self._refuse("configure", "the node is ending")
        try:
            self._connect_now()
        except (DeviceError, ConfigurationError, TimeoutError) as error:
            return self._not_configured(error)
        self._is_seeking = False
        self.lost_because, self._trouble = "", DeviceError("")
        self.life = Life.INACTIVE
        return super().on_configure(state)

    def _connect_now(self) -> None:
        """Wait for the attempt that is under way, or make one. Whatever becomes of it, the next one is a new one."""
        if self._connecting is None:
            self._connecting = self.bridge.start(self.connect())
        self.bridge.call_soon(self._hurry.set)
        try:
            self.bridge.wait(self._connecting, CONNECT_WALL_S, "connecting")
        finally:
            self._connecting = None
            self.bridge.call_soon(self._hurry.clear)

    def _not_configured(self, error: Exception) -> TransitionCallbackReturn:
        is_news = str(error) != str(self._trouble)
        self._trouble = error if isinstance(error, DeviceError) else DeviceError(str(error))
        if self._is_seeking:  # autostart goes on, also where a manager tried in between
            self._try_again()
        return self._refuse("configure", str(error)) if is_news else FAILURE

    @_told
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self._is_ending:
            return self._refuse("activate", "the node is ending")
        self.serve()
        self._has_served, self._active_since_wall_s = True, wall_s()
        self.life = Life.ACTIVE
        return super().on_activate(state)

    @_told
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self.lost_because:
            return ERROR
        in_the_way = self._why_stay()
        if in_the_way:
            return self._refuse("deactivate", in_the_way)
        try:
            self.bridge.wait(self.bridge.start(self.rest()), DISCONNECT_WALL_S, "bringing the device to rest")
        except (DeviceError, TimeoutError) as error:
            return self._refuse("deactivate", str(error))
        self.withdraw()
        self.life = Life.INACTIVE
        self.get_logger().info("inactive: served again once it is activated")
        return super().on_deactivate(state)

    @_told
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self.lost_because:
            return ERROR
        in_the_way = self._why_stay()
        if in_the_way:
            return self._refuse("clean up", in_the_way)
        self._let_go("clean up")
        self.life = Life.UNCONFIGURED
        return super().on_cleanup(state)

    @_told
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Ends the process as SIGTERM does: what is in hand is finished first."""
        self.life = Life.FINALIZED
        if not self._is_ending:
            self.end_because = "shutdown of its lifecycle"
        return super().on_shutdown(state)

    @_told
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        because = self.lost_because or f"a transition from {state.label} failed"
        self.get_logger().error(f"unconfigured: {because}")
        self._losses += 1
        super().on_deactivate(state)
        self.withdraw()
        self._let_go(because)
        self.life = Life.UNCONFIGURED
        if self.parameter("autostart"):
            self._try_again()
        return super().on_error(state)

    def _refuse(self, transition: str, because: str) -> TransitionCallbackReturn:
        self.get_logger().error(f"{transition} refused: {because}")
        return FAILURE

    def _why_stay(self) -> str:
        if self._is_ending:
            return "the node is ending"
        if self._answers_due:
            return f"{self._answers_due} answers of this node are due"
        return self.reason_to_stay()

    def _let_go(self, because: str) -> None:
        self.bridge.wait(
            self.bridge.start(self.disconnect(because)), DISCONNECT_WALL_S, "letting go of the device"
        )

    def why_no_change(self) -> str:
        if self.life is not Life.UNCONFIGURED:
            return f"the node is {self.life.value}; deactivate it and clean it up first"
        if self._connecting is None or self._is_pausing:
            return ""
        return "an attempt of autostart to connect is under way; ask again between two attempts"

    # health

    def _look_at_device(self) -> None:
        """Whoever waits for an answer gets it before a lost device takes the services with it."""
        if self._is_ending or self.life not in (Life.INACTIVE, Life.ACTIVE):
            return
        if self.life is Life.ACTIVE and wall_s() - self._active_since_wall_s > STEADY_S:
            self._attempts = 0
        because = self.loss()
        if because and not self._answers_due:
            self.lost_because = because
            (self.trigger_deactivate if self.life is Life.ACTIVE else self.trigger_cleanup)()

    def _look_at_life(self, status: Status) -> None:
        status.values |= {
            "state": self.life.value,
            "autostart": self.parameter("autostart"),
            "losses": self._losses,
            "attempts": self._attempts,
        }
        if self.life is Life.ACTIVE:
            status.ok("active")
            return
        if self.life is not Life.UNCONFIGURED:
            status.warn(f"{self.life.value}: nothing is served")
            return
        if self._connecting is None:
            status.warn("unconfigured: waits for a lifecycle manager")
            return
        pause_s = max(0.0, self._next_try_wall_s - wall_s())
        status.values["next_attempt_in_s"] = pause_s
        trouble = self._trouble if str(self._trouble) else DeviceError(self.lost_because, self.loss_alert)
        if not str(trouble):
            status.warn("connecting")
        else:
            next_try = (
                f"attempt {self._attempts} in {pause_s:.0f} s"
                if pause_s
                else f"attempt {self._attempts} runs"
            )
            status.error(f"unconfigured: {trouble}; {next_try}", trouble.alert)
