"""Services and clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
import rclpy
from example_interfaces.srv import AddTwoInts
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from ros_spinning import finish, spin_all_until, spin_until
from std_srvs.srv import SetBool, Trigger


def add(request: AddTwoInts.Request, response: AddTwoInts.Response) -> AddTwoInts.Response:
    response.sum = request.a + request.b
    return response


def test_a_call_is_answered(node: Node) -> None:
    node.create_service(AddTwoInts, "add", add)
    client = node.create_client(AddTwoInts, "add")
    assert client.wait_for_service(timeout_sec=2.0)
    future = client.call_async(AddTwoInts.Request(a=2, b=40))
    assert finish(node, future).sum == 42
    assert future.exception() is None


def test_each_call_gets_its_own_answer(node: Node) -> None:
    node.create_service(AddTwoInts, "add", add)
    client = node.create_client(AddTwoInts, "add")
    assert client.wait_for_service(timeout_sec=2.0)
    # As many as a service keeps by default.
    futures = [client.call_async(AddTwoInts.Request(a=i, b=i)) for i in range(10)]
    assert spin_until(node, lambda: all(f.done() for f in futures))
    assert [f.result().sum for f in futures] == [2 * i for i in range(10)]


def test_requests_beyond_the_depth_of_a_service_are_lost(node: Node) -> None:
    node.create_service(AddTwoInts, "add", add)
    client = node.create_client(AddTwoInts, "add", qos_profile=QoSProfile(depth=100))
    assert client.wait_for_service(timeout_sec=2.0)
    futures = [client.call_async(AddTwoInts.Request(a=i)) for i in range(20)]
    time.sleep(0.3)
    spin_until(node, futures[0].done, timeout_s=0.5)
    assert [i for i, f in enumerate(futures) if f.done()] == list(range(10, 20))


def test_between_two_nodes_with_a_namespace(make_node: Callable[..., Node]) -> None:
    server = make_node("server", namespace="/apiary/tower")
    caller = make_node("caller")
    server.create_service(Trigger, "stop", lambda q, r: Trigger.Response(success=True, message="held"))
    client = caller.create_client(Trigger, "/apiary/tower/stop")
    assert client.wait_for_service(timeout_sec=2.0)
    future = client.call_async(Trigger.Request())
    assert spin_all_until([server, caller], future.done)
    assert future.result() == Trigger.Response(success=True, message="held")


def test_without_a_server_nothing_is_ready(node: Node) -> None:
    client = node.create_client(AddTwoInts, "nobody")
    assert not client.service_is_ready()
    assert not client.wait_for_service(timeout_sec=0.2)


def test_a_server_of_another_type_is_not_the_server(node: Node) -> None:
    node.create_service(SetBool, "switch", lambda q, r: r)
    client = node.create_client(Trigger, "switch")
    assert not client.wait_for_service(timeout_sec=0.3)


def test_a_destroyed_server_is_gone(node: Node) -> None:
    service = node.create_service(AddTwoInts, "add", add)
    client = node.create_client(AddTwoInts, "add")
    assert client.wait_for_service(timeout_sec=2.0)
    assert node.destroy_service(service)
    assert spin_until(node, lambda: not client.service_is_ready())


def test_requests_are_checked(node: Node) -> None:
    client = node.create_client(AddTwoInts, "add")
    with pytest.raises(TypeError):
        client.call_async(AddTwoInts.Response())


def test_a_removed_request_stays_unanswered(node: Node) -> None:
    node.create_service(AddTwoInts, "add", add)
    client = node.create_client(AddTwoInts, "add")
    assert client.wait_for_service(timeout_sec=2.0)
    future = client.call_async(AddTwoInts.Request())
    client.remove_pending_request(future)
    other = client.call_async(AddTwoInts.Request(a=1))
    finish(node, other)
    spin_until(node, future.done, timeout_s=0.2)
    assert not future.done()


def test_a_coroutine_can_serve(node: Node) -> None:
    async def slow_add(request: AddTwoInts.Request, response: AddTwoInts.Response) -> AddTwoInts.Response:
        await woken
        return add(request, response)

    woken = rclpy.task.Future()
    group = ReentrantCallbackGroup()
    node.create_service(AddTwoInts, "add", slow_add, callback_group=group)
    client = node.create_client(AddTwoInts, "add", callback_group=group)
    assert client.wait_for_service(timeout_sec=2.0)
    future = client.call_async(AddTwoInts.Request(a=1, b=2))
    spin_until(node, future.done, timeout_s=0.2)
    assert not future.done()
    woken.set_result(None)
    assert finish(node, future).sum == 3


def test_a_coroutine_callback_can_await_a_call(make_node: Callable[..., Node]) -> None:
    server, caller = make_node("server"), make_node("caller")
    server.create_service(AddTwoInts, "add", add)
    group = ReentrantCallbackGroup()
    client = caller.create_client(AddTwoInts, "add", callback_group=group)
    assert client.wait_for_service(timeout_sec=2.0)
    sums: list[int] = []

    async def on_timer() -> None:
        timer.cancel()
        response = await client.call_async(AddTwoInts.Request(a=20, b=1))
        sums.append(response.sum)

    timer = caller.create_timer(0.01, on_timer, callback_group=group)
    assert spin_all_until([server, caller], lambda: sums == [21])


def test_a_blocking_call_works_from_another_thread(make_node: Callable[..., Node]) -> None:
    server, caller = make_node("server"), make_node("caller")
    server.create_service(AddTwoInts, "add", add)
    client = caller.create_client(AddTwoInts, "add")
    assert client.wait_for_service(timeout_sec=2.0)
    executor = SingleThreadedExecutor()
    executor.add_node(server)
    executor.add_node(caller)
    spinner = threading.Thread(target=executor.spin, daemon=True)
    spinner.start()
    assert client.call(AddTwoInts.Request(a=5, b=6)).sum == 11
    executor.shutdown()
    spinner.join(timeout=2.0)
    assert not spinner.is_alive()


def test_a_blocking_call_in_a_callback_works_with_threads(make_node: Callable[..., Node]) -> None:
    middle = make_node("middle")
    group = ReentrantCallbackGroup()
    middle.create_service(AddTwoInts, "add", add, callback_group=group)
    inner = middle.create_client(AddTwoInts, "add", callback_group=group)

    def double(request: AddTwoInts.Request, response: AddTwoInts.Response) -> AddTwoInts.Response:
        response.sum = inner.call(AddTwoInts.Request(a=request.a, b=request.a)).sum
        return response

    middle.create_service(AddTwoInts, "double", double, callback_group=group)
    client = middle.create_client(AddTwoInts, "double", callback_group=group)
    assert client.wait_for_service(timeout_sec=2.0)
    executor = MultiThreadedExecutor(num_threads=3)
    executor.add_node(middle)
    future = client.call_async(AddTwoInts.Request(a=21))
    executor.spin_until_future_complete(future, timeout_sec=5.0)
    assert future.result().sum == 42
    executor.shutdown()


def test_done_callbacks_run(node: Node) -> None:
    node.create_service(AddTwoInts, "add", add)
    client = node.create_client(AddTwoInts, "add")
    assert client.wait_for_service(timeout_sec=2.0)
    sums: list[int] = []
    future = client.call_async(AddTwoInts.Request(a=1, b=1))
    future.add_done_callback(lambda f: sums.append(f.result().sum))
    assert spin_until(node, lambda: sums == [2])
