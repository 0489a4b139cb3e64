"""Action servers and clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import rclpy
from action_msgs.msg import GoalStatus
from action_msgs.srv import CancelGoal
from example_interfaces.action import Fibonacci
from rclpy.action import ActionClient, ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from ros_spinning import finish, spin_until
from std_srvs.srv import Trigger
from unique_identifier_msgs.msg import UUID


async def pause(node: Node, seconds: float) -> None:
    """Let time pass in a coroutine, as executors allow it: by a future that a timer sets."""
    over = rclpy.task.Future()
    timer = node.create_timer(seconds, lambda: over.set_result(None))
    await over
    node.destroy_timer(timer)


Serve = Callable[..., ActionServer]


class Counter:
    """A server of Fibonacci that can be told how to behave."""

    def __init__(self, node: Node, serve: Serve, **options: object) -> None:
        self.node = node
        self.handles: list[ServerGoalHandle] = []
        serve(self.execute, **options)

    async def execute(self, handle: ServerGoalHandle) -> Fibonacci.Result:
        self.handles.append(handle)
        sequence = [0, 1]
        for _ in range(handle.request.order):
            sequence.append(sequence[-1] + sequence[-2])
            handle.publish_feedback(Fibonacci.Feedback(sequence=sequence))
            await pause(self.node, 0.005)
            if handle.is_cancel_requested:
                handle.canceled()
                return Fibonacci.Result(sequence=sequence)
        handle.succeed()
        return Fibonacci.Result(sequence=sequence)


@pytest.fixture
def serve(node: Node) -> Iterator[Serve]:
    """Makes servers of `count`. They are destroyed after the test: the node alone would leave them in the graph."""
    made: list[ActionServer] = []

    def make(execute: Callable[[ServerGoalHandle], object], **options: object) -> ActionServer:
        made.append(ActionServer(node, Fibonacci, "count", execute, **options))
        return made[-1]

    yield make
    for each in made:
        each.destroy()


@pytest.fixture
def client(node: Node) -> Iterator[ActionClient]:
    made = ActionClient(node, Fibonacci, "count")
    yield made
    made.destroy()


def accept_cancel(handle: ServerGoalHandle) -> CancelResponse:
    return CancelResponse.ACCEPT


def test_a_goal_runs_and_gives_feedback_and_a_result(node: Node, client: ActionClient, serve: Serve) -> None:
    Counter(node, serve)
    assert client.wait_for_server(timeout_sec=2.0)
    feedback: list[int] = []
    sent = client.send_goal_async(
        Fibonacci.Goal(order=4), feedback_callback=lambda m: feedback.append(len(m.feedback.sequence))
    )
    handle = finish(node, sent)
    assert handle.accepted
    answer = finish(node, handle.get_result_async())
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert list(answer.result.sequence) == [0, 1, 1, 2, 3, 5]
    assert feedback == [3, 4, 5, 6]
    assert spin_until(node, lambda: handle.status == GoalStatus.STATUS_SUCCEEDED)


def test_the_server_sees_the_goal(node: Node, client: ActionClient, serve: Serve) -> None:
    counter = Counter(node, serve)
    assert client.wait_for_server(timeout_sec=2.0)
    goal_id = UUID(uuid=list(range(16)))
    handle = finish(node, client.send_goal_async(Fibonacci.Goal(order=1), goal_uuid=goal_id))
    finish(node, handle.get_result_async())
    assert counter.handles[0].request.order == 1
    assert counter.handles[0].goal_id == goal_id == handle.goal_id
    assert not counter.handles[0].is_active


def test_a_goal_can_be_rejected(node: Node, client: ActionClient, serve: Serve) -> None:
    Counter(
        node, serve, goal_callback=lambda goal: GoalResponse.REJECT if goal.order > 3 else GoalResponse.ACCEPT
    )
    assert client.wait_for_server(timeout_sec=2.0)
    assert not finish(node, client.send_goal_async(Fibonacci.Goal(order=9))).accepted
    assert finish(node, client.send_goal_async(Fibonacci.Goal(order=1))).accepted


def test_a_goal_can_be_cancelled(node: Node, client: ActionClient, serve: Serve) -> None:
    Counter(node, serve, cancel_callback=accept_cancel)
    assert client.wait_for_server(timeout_sec=2.0)
    handle = finish(node, client.send_goal_async(Fibonacci.Goal(order=1000)))
    result = handle.get_result_async()
    answer = finish(node, handle.cancel_goal_async())
    assert answer.return_code == CancelGoal.Response.ERROR_NONE
    assert [g.goal_id for g in answer.goals_canceling] == [handle.goal_id]
    assert finish(node, result).status == GoalStatus.STATUS_CANCELED


def test_cancelling_is_refused_by_default(node: Node, client: ActionClient, serve: Serve) -> None:
    Counter(node, serve)
    assert client.wait_for_server(timeout_sec=2.0)
    handle = finish(node, client.send_goal_async(Fibonacci.Goal(order=20)))
    answer = finish(node, handle.cancel_goal_async())
    assert list(answer.goals_canceling) == []
    assert finish(node, handle.get_result_async()).status == GoalStatus.STATUS_SUCCEEDED


def test_an_ended_goal_cannot_be_cancelled(node: Node, client: ActionClient, serve: Serve) -> None:
    Counter(node, serve, cancel_callback=accept_cancel)
    assert client.wait_for_server(timeout_sec=2.0)
    handle = finish(node, client.send_goal_async(Fibonacci.Goal(order=0)))
    finish(node, handle.get_result_async())
    answer = finish(node, handle.cancel_goal_async())
    assert answer.return_code == CancelGoal.Response.ERROR_GOAL_TERMINATED


def test_an_error_in_the_execute_callback_aborts(node: Node, client: ActionClient, serve: Serve) -> None:
    def execute(handle: ServerGoalHandle) -> Fibonacci.Result:
        raise ValueError("the beam is stuck")

    serve(execute)
    assert client.wait_for_server(timeout_sec=2.0)
    handle = finish(node, client.send_goal_async(Fibonacci.Goal()))
    assert finish(node, handle.get_result_async()).status == GoalStatus.STATUS_ABORTED


def test_a_goal_without_an_end_counts_as_aborted(node: Node, client: ActionClient, serve: Serve) -> None:
    serve(lambda handle: Fibonacci.Result(sequence=[1]))
    assert client.wait_for_server(timeout_sec=2.0)
    handle = finish(node, client.send_goal_async(Fibonacci.Goal()))
    answer = finish(node, handle.get_result_async())
    assert answer.status == GoalStatus.STATUS_ABORTED and list(answer.result.sequence) == [1]


def test_impossible_transitions_are_errors(node: Node, client: ActionClient, serve: Serve) -> None:
    errors: list[BaseException] = []

    def execute(handle: ServerGoalHandle) -> Fibonacci.Result:
        try:
            handle.canceled()
        except Exception as error:  # noqa: BLE001  RCLError of rclpy's C layer
            errors.append(error)
        handle.succeed()
        return Fibonacci.Result()

    serve(execute)
    assert client.wait_for_server(timeout_sec=2.0)
    handle = finish(node, client.send_goal_async(Fibonacci.Goal()))
    assert finish(node, handle.get_result_async()).status == GoalStatus.STATUS_SUCCEEDED
    assert len(errors) == 1


def test_a_deferred_goal_runs_when_it_is_told_to(node: Node, client: ActionClient, serve: Serve) -> None:
    waiting: list[ServerGoalHandle] = []
    Counter(node, serve, handle_accepted_callback=waiting.append)
    assert client.wait_for_server(timeout_sec=2.0)
    handle = finish(node, client.send_goal_async(Fibonacci.Goal(order=1)))
    result = handle.get_result_async()
    spin_until(node, result.done, timeout_s=0.2)
    assert not result.done() and waiting[0].status == GoalStatus.STATUS_ACCEPTED
    waiting[0].execute()
    assert finish(node, result).status == GoalStatus.STATUS_SUCCEEDED


def test_two_goals_run_side_by_side(node: Node, client: ActionClient, serve: Serve) -> None:
    Counter(node, serve)
    assert client.wait_for_server(timeout_sec=2.0)
    first = finish(node, client.send_goal_async(Fibonacci.Goal(order=30)))
    second = finish(node, client.send_goal_async(Fibonacci.Goal(order=2)))
    late, early = first.get_result_async(), second.get_result_async()
    assert finish(node, early).status == GoalStatus.STATUS_SUCCEEDED
    assert not late.done()
    assert len(finish(node, late).result.sequence) == 32


def test_an_unknown_goal_has_no_result(node: Node, client: ActionClient, serve: Serve) -> None:
    Counter(node, serve)
    assert client.wait_for_server(timeout_sec=2.0)
    service = node.create_client(Fibonacci.Impl.GetResultService, "count/_action/get_result")
    assert service.wait_for_service(timeout_sec=2.0)
    answer = finish(node, service.call_async(Fibonacci.Impl.GetResultService.Request()))
    assert answer.status == GoalStatus.STATUS_UNKNOWN


def test_actions_are_made_of_the_usual_services_and_topics(
    node: Node, client: ActionClient, serve: Serve
) -> None:
    Counter(node, serve)
    assert client.wait_for_server(timeout_sec=2.0)
    services = dict(node.get_service_names_and_types())
    topics = dict(node.get_topic_names_and_types())
    assert services["/count/_action/send_goal"] == ["example_interfaces/action/Fibonacci_SendGoal"]
    assert services["/count/_action/get_result"] == ["example_interfaces/action/Fibonacci_GetResult"]
    assert services["/count/_action/cancel_goal"] == ["action_msgs/srv/CancelGoal"]
    assert topics["/count/_action/feedback"] == ["example_interfaces/action/Fibonacci_FeedbackMessage"]
    assert topics["/count/_action/status"] == ["action_msgs/msg/GoalStatusArray"]


def test_without_a_server_nothing_is_ready(node: Node, client: ActionClient) -> None:
    assert not client.server_is_ready()
    assert not client.wait_for_server(timeout_sec=0.3)


def test_goals_and_types_are_checked(node: Node, client: ActionClient) -> None:
    with pytest.raises(TypeError):
        client.send_goal_async(Fibonacci.Result())
    with pytest.raises(TypeError):
        ActionServer(node, Fibonacci, "count", execute_callback="not callable")
    assert hasattr(Trigger, "Request")


def test_feedback_is_checked(node: Node, client: ActionClient, serve: Serve) -> None:
    errors: list[TypeError] = []

    def execute(handle: ServerGoalHandle) -> Fibonacci.Result:
        try:
            handle.publish_feedback("almost done")
        except TypeError as error:
            errors.append(error)
        handle.succeed()
        return Fibonacci.Result()

    serve(execute)
    assert client.wait_for_server(timeout_sec=2.0)
    handle = finish(node, client.send_goal_async(Fibonacci.Goal()))
    finish(node, handle.get_result_async())
    assert len(errors) == 1
