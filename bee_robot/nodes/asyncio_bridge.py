"""The only crossing between a node's asyncio loop and its rclpy executor.

Procedures and devices are coroutines on one asyncio loop in its own thread; subscriptions, services and actions run in
the executor. `submit` hands a coroutine to the loop and returns an rclpy future that an executor callback may await;
`ros` waits, on the loop, for an rclpy future. Nothing else goes across.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from rclpy.clock import JumpHandle, JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.task import Future

from bee_robot.clock import Clock, FollowedClock, RealClock, wait_for, wall_s

LEAST_WAIT_WALL_S = 3.0

T = TypeVar("T")


class AsyncioBridge:
    """An asyncio loop beside a node. `clock` is robot time: it follows `/clock` where the node uses simulated time."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.loop = asyncio.new_event_loop()
        self._wake = node.create_guard_condition(lambda: None)
        self._thread = threading.Thread(target=self._run, name=f"{node.get_name()}_asyncio", daemon=True)
        self._jump: JumpHandle | None = None
        self.clock: Clock = self._make_clock()
        self._thread.start()

    def _make_clock(self) -> Clock:
        if not self._node.get_parameter("use_sim_time").value:
            return RealClock()
        clock = FollowedClock(self.loop)
        ros_clock = self._node.get_clock()
        clock.note(ros_clock.now().nanoseconds * 1e-9)
        threshold = JumpThreshold(
            min_forward=Duration(nanoseconds=1), min_backward=Duration(nanoseconds=-1), on_clock_change=True
        )
        self._jump = ros_clock.create_jump_callback(
            threshold, post_callback=lambda _: clock.note(ros_clock.now().nanoseconds * 1e-9)
        )
        return clock

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        pending = asyncio.all_tasks(self.loop)
        for task in pending:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self.loop.close()

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> Future:
        """Run a coroutine on the loop. The rclpy future ends with its result or exception."""
        future = Future()

        def settle(task: asyncio.Task[Any]) -> None:
            if task.cancelled():  # a cancelled rclpy future would never end whoever awaits it (Humble)
                future.set_exception(asyncio.CancelledError("the node is ending"))
            elif task.exception() is not None:
                future.set_exception(task.exception())
            else:
                future.set_result(task.result())
            self._wake.trigger()  # an executor that sleeps does not see a future settled in another thread

        def start() -> None:
            self.loop.create_task(coroutine).add_done_callback(settle)

        self.loop.call_soon_threadsafe(start)
        return future

    def start(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the loop, for whoever looks at its future from any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def wait(self, future: concurrent.futures.Future[T], limit_wall_s: float, what: str) -> T:
        """Block the executor until a future of `start` is done: for the transitions of lifecycle nodes only, which have to
        answer before they return. The robot's clock of a simulation stands meanwhile. TimeoutError, naming `what`, and
        the coroutine is cancelled, after `limit_wall_s`."""
        try:
            return future.result(limit_wall_s)
        except concurrent.futures.TimeoutError:
            if future.done():  # its own, from Python 3.11 on the same class
                raise
            future.cancel()
            raise TimeoutError(f"{what} took longer than {limit_wall_s:g} s") from None

    def call_soon(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a plain function on the loop, from the executor or any other thread."""
        self.loop.call_soon_threadsafe(function, *arguments)

    async def ros(self, future: Future, timeout_s: float, what: str) -> Any:
        """Wait on the loop for an rclpy future. TimeoutError, naming `what`, after `timeout_s` of robot time, and not before
        LEAST_WAIT_WALL_S of wall time: a fast simulation does not make the processes of this machine any faster."""
        done = self.loop.create_future()

        def settle(ros_future: Future) -> None:
            def hand_over() -> None:
                if done.done():
                    return
                error = ros_future.exception()
                if error is not None:
                    done.set_exception(error)
                else:
                    done.set_result(ros_future.result())

            self.loop.call_soon_threadsafe(hand_over)

        future.add_done_callback(settle)
        began_wall_s = wall_s()
        try:
            return await wait_for(self.clock, asyncio.shield(done), timeout_s)
        except asyncio.TimeoutError:
            left_wall_s = LEAST_WAIT_WALL_S - (wall_s() - began_wall_s)
        try:
            return await asyncio.wait_for(done, max(0.0, left_wall_s))
        except asyncio.TimeoutError:
            raise TimeoutError(f"no answer from {what} within {timeout_s:g} s") from None

    def post(self, send: Callable[[], Any]) -> None:
        """Have the executor send a request whose answer nobody waits for (see `ask`)."""
        executor = self._node.executor
        if executor is not None:  # None: the node is ending, nothing goes out any more
            executor.create_task(send)

    async def ask(self, send: Callable[[], Future], timeout_s: float, what: str) -> Any:
        """Send a request and wait for its answer, like `ros`. The executor sends it: rclpy's clients note a request after it
        is out, so an answer that the executor takes meanwhile would belong to nobody."""
        executor = self._node.executor
        if executor is None:
            raise TimeoutError(f"{what} was not asked: this node is ending")
        sent = await self.ros(executor.create_task(send), timeout_s, what)
        return await self.ros(sent, timeout_s, what)

    def close(self) -> None:
        """Cancel what still runs on the loop and end its thread. Call from outside the loop."""
        if self._jump is not None:
            self._jump.unregister()  # no clock sample reaches a loop that has ended
            self._jump = None
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(timeout=5.0)
