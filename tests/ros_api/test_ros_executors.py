"""Executors, callback groups, futures, tasks, guard conditions."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

import pytest
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.context import Context
from rclpy.executors import (
    ExternalShutdownException,
    MultiThreadedExecutor,
    SingleThreadedExecutor,
)
from rclpy.node import Node
from rclpy.task import Future, Task
from ros_spinning import spin_until
from std_msgs.msg import Int32


def test_spin_once_comes_back_in_time(node: Node) -> None:
    start = time.monotonic()
    rclpy.spin_once(node, timeout_sec=0.1)
    assert 0.08 <= time.monotonic() - start <= 1.0


def test_spinning_until_a_future_ends_with_the_time(node: Node) -> None:
    start = time.monotonic()
    rclpy.spin_until_future_complete(node, Future(), timeout_sec=0.1)
    assert 0.08 <= time.monotonic() - start <= 1.0


def test_a_future_set_elsewhere_ends_the_spin(node: Node) -> None:
    future = Future()
    threading.Timer(0.1, lambda: future.set_result("done")).start()
    rclpy.spin_until_future_complete(node, future, timeout_sec=5.0)
    assert future.result() == "done"


def test_errors_in_callbacks_come_out_of_spin(node: Node) -> None:
    def fail() -> None:
        raise ValueError("broken callback")

    node.create_timer(0.01, fail)
    with pytest.raises(ValueError, match="broken callback"):
        spin_until(node, lambda: False, timeout_s=2.0)


def test_errors_in_coroutine_callbacks_come_out_of_spin(node: Node) -> None:
    async def fail() -> None:
        raise ValueError("broken coroutine")

    node.create_timer(0.01, fail)
    with pytest.raises(ValueError, match="broken coroutine"):
        spin_until(node, lambda: False, timeout_s=2.0)


def test_errors_in_pool_threads_come_out_of_spin(node: Node) -> None:
    def fail() -> None:
        raise ValueError("broken callback")

    node.create_timer(0.01, fail)
    executor = MultiThreadedExecutor(num_threads=2)
    executor.add_node(node)
    deadline = time.monotonic() + 3.0
    with pytest.raises(ValueError, match="broken callback"):
        while time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
    executor.shutdown()


def test_a_timer_goes_on_by_itself_in_a_pool(node: Node) -> None:
    """Nothing else wakes the executor between its calls."""
    done, calls = Future(), []
    node.create_timer(0.01, lambda: calls.append(None) or (len(calls) == 5 and done.set_result(None)))
    executor = MultiThreadedExecutor(2)
    executor.add_node(node)
    executor.spin_until_future_complete(done, timeout_sec=10.0)
    assert len(calls) >= 5
    executor.remove_node(node)
    executor.shutdown()


def test_shutdown_elsewhere_ends_spin(ros: None) -> None:
    node = rclpy.create_node("spinning")
    threading.Timer(0.2, rclpy.shutdown).start()
    start = time.monotonic()
    # It returns or raises, depending on where it was at that moment.
    with contextlib.suppress(ExternalShutdownException):
        rclpy.spin(node)
    assert time.monotonic() - start < 3.0 and not rclpy.ok()


def test_an_executor_can_be_shut_down_from_another_thread(node: Node) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    spinner = threading.Thread(target=executor.spin, daemon=True)
    spinner.start()
    time.sleep(0.1)
    assert executor.shutdown(timeout_sec=2.0)
    spinner.join(timeout=2.0)
    assert not spinner.is_alive()


def test_nodes_come_and_go(make_node: Callable[..., Node]) -> None:
    first, second = make_node("first"), make_node("second")
    executor = SingleThreadedExecutor()
    assert executor.add_node(first)
    assert not executor.add_node(first)
    executor.add_node(second)
    assert set(executor.get_nodes()) == {first, second}
    executor.remove_node(first)
    assert executor.get_nodes() == [second]
    executor.shutdown()


def test_messages_wait_for_a_node_that_is_not_spun(node: Node) -> None:
    received: list[int] = []
    node.create_subscription(Int32, "count", lambda m: received.append(m.data), 10)
    publisher = node.create_publisher(Int32, "count", 10)
    assert spin_until(node, lambda: publisher.get_subscription_count() == 1)
    for number in range(3):
        publisher.publish(Int32(data=number))
    time.sleep(0.1)
    assert received == []
    assert spin_until(node, lambda: received == [0, 1, 2])


def test_an_exclusive_group_runs_one_callback_at_a_time(node: Node) -> None:
    group = MutuallyExclusiveCallbackGroup()
    running, most = [0], [0]

    def work() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.03)
        running[0] -= 1

    for _ in range(3):
        node.create_timer(0.01, work, callback_group=group)
    spin_with_threads(node, 0.4)
    assert most[0] == 1


def test_a_reentrant_group_runs_callbacks_side_by_side(node: Node) -> None:
    group = ReentrantCallbackGroup()
    meeting = threading.Barrier(2)
    met: list[int] = []

    def work() -> None:
        try:
            met.append(meeting.wait(timeout=2.0))
        except threading.BrokenBarrierError:
            return

    first = node.create_timer(0.01, lambda: (first.cancel(), work()), callback_group=group)
    second = node.create_timer(0.01, lambda: (second.cancel(), work()), callback_group=group)
    spin_with_threads(node, 0.5)
    assert sorted(met) == [0, 1]


def test_groups_do_not_wait_for_each_other(node: Node) -> None:
    entered, released = threading.Event(), threading.Event()
    calls: list[int] = []

    def block() -> None:
        blocking.cancel()
        entered.set()
        released.wait(timeout=3.0)

    blocking = node.create_timer(0.01, block, callback_group=MutuallyExclusiveCallbackGroup())
    node.create_timer(0.01, lambda: calls.append(1), callback_group=MutuallyExclusiveCallbackGroup())
    executor = MultiThreadedExecutor(num_threads=2)
    executor.add_node(node)
    deadline = time.monotonic() + 3.0
    while time.monotonic() < deadline and not (entered.is_set() and len(calls) >= 5):
        executor.spin_once(timeout_sec=0.05)
    assert len(calls) >= 5 and not released.is_set()
    released.set()
    executor.shutdown()


def spin_with_threads(node: Node, seconds: float) -> None:
    executor = MultiThreadedExecutor(num_threads=4)
    executor.add_node(node)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.02)
    executor.shutdown()


def test_a_waiting_coroutine_keeps_its_exclusive_group(node: Node) -> None:
    """As in rclpy: a coroutine counts as running until it ends, also while it waits."""
    group = MutuallyExclusiveCallbackGroup()
    gate = Future()
    order: list[str] = []

    async def first() -> None:
        slow.cancel()
        order.append("begins")
        await gate
        order.append("ends")

    slow = node.create_timer(0.01, first, callback_group=group)
    node.create_timer(0.02, lambda: order.append("other"), callback_group=group)
    spin_until(node, lambda: False, timeout_s=0.2)
    begun = order.index("begins")
    assert order[begun + 1 :] == []
    gate.set_result(None)
    assert spin_until(node, lambda: order[-1] == "other" and "ends" in order)
    assert order[begun + 1] == "ends"


def test_a_callback_may_make_new_entities(node: Node) -> None:
    calls: list[str] = []

    def make() -> None:
        timer.cancel()
        node.create_timer(0.01, lambda: calls.append("new"))

    timer = node.create_timer(0.01, make)
    assert spin_until(node, lambda: len(calls) >= 2)


def test_a_guard_condition_wakes_the_executor(node: Node) -> None:
    calls: list[int] = []
    guard = node.create_guard_condition(lambda: calls.append(1))
    threading.Timer(0.05, guard.trigger).start()
    start = time.monotonic()
    rclpy.spin_once(node, timeout_sec=5.0)
    assert calls == [1] and time.monotonic() - start < 2.0
    rclpy.spin_once(node, timeout_sec=0.05)
    assert calls == [1]


def test_tasks_run_on_the_executor(node: Node) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    gate = Future()

    async def add(a: int, b: int) -> int:
        return a + b + await gate

    task = executor.create_task(add, 1, b=2)
    executor.spin_once(timeout_sec=0.05)
    assert not task.done()
    gate.set_result(39)
    executor.spin_until_future_complete(task, timeout_sec=2.0)
    assert task.result() == 42
    plain = executor.create_task(lambda: 7)
    executor.spin_until_future_complete(plain, timeout_sec=2.0)
    assert plain.result() == 7
    executor.shutdown()


def test_a_future_has_one_outcome() -> None:
    future = Future()
    assert not future.done() and future.result() is None
    seen: list[object] = []
    future.add_done_callback(lambda f: seen.append(f.result()))
    future.set_result(1)
    assert future.done() and not future.cancelled() and future.result() == 1 and seen == [1]
    future.add_done_callback(lambda f: seen.append("late"))
    assert seen == [1, "late"]


def test_a_future_can_be_cancelled_or_fail() -> None:
    cancelled = Future()
    cancelled.cancel()
    assert cancelled.cancelled()  # whether it is also done depends on the release
    assert cancelled.result() is None
    failed = Future()
    failed.set_exception(ValueError("no"))
    assert isinstance(failed.exception(), ValueError)
    with pytest.raises(ValueError, match="no"):
        failed.result()


def test_a_task_takes_the_outcome_of_what_it_runs() -> None:
    task = Task(lambda a, b: a * b, (6,), {"b": 7})
    task()
    assert task.done() and task.result() == 42
    failing = Task(lambda: 1 / 0)
    failing()
    assert isinstance(failing.exception(), ZeroDivisionError)


def test_two_contexts_are_two_worlds_of_their_own(ros: None) -> None:
    other = Context()
    rclpy.init(context=other, args=[])
    node = rclpy.create_node("inside", context=other)
    assert other.ok() and rclpy.ok()
    rclpy.shutdown(context=other)
    assert not other.ok() and rclpy.ok()
    node.destroy_node()


def test_a_context_is_initialised_once(ros: None) -> None:
    with pytest.raises(RuntimeError):
        rclpy.init()


def test_without_init_there_are_no_nodes() -> None:
    from rclpy.exceptions import NotInitializedException

    with pytest.raises(NotInitializedException):
        rclpy.create_node("too_early")
    with pytest.raises(RuntimeError):
        rclpy.shutdown()


def test_shutdown_callbacks_run(ros: None) -> None:
    called: list[int] = []
    rclpy.get_default_context().on_shutdown(lambda: called.append(1))
    rclpy.shutdown()
    assert called == [1]
