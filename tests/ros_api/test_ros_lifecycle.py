"""Lifecycle nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.lifecycle import State as LifecycleState
from ros_spinning import finish, spin_until
from std_msgs.msg import String


class Driver(LifecycleNode):
    def __init__(self) -> None:
        super().__init__("driver")
        self.calls: list[str] = []
        self.answer = TransitionCallbackReturn.SUCCESS
        self.news = self.create_lifecycle_publisher(String, "news", 10)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.calls.append(f"configure from {state.label}")
        if self.answer is TransitionCallbackReturn.ERROR:
            raise ValueError("no serial port")
        return self.answer

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.calls.append("activate")
        return super().on_activate(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.calls.append("error")
        return TransitionCallbackReturn.SUCCESS


@pytest.fixture
def driver(ros: None) -> Iterator[Driver]:
    made = Driver()
    yield made
    made.destroy_node()


def state_of(driver: Driver) -> int:
    client = driver.create_client(GetState, "driver/get_state")
    assert client.wait_for_service(timeout_sec=2.0)
    return int(finish(driver, client.call_async(GetState.Request())).current_state.id)


def change(driver: Driver, transition: int | Transition) -> bool:
    client = driver.create_client(ChangeState, "driver/change_state")
    assert client.wait_for_service(timeout_sec=2.0)
    wanted = transition if isinstance(transition, Transition) else Transition(id=transition)
    return bool(finish(driver, client.call_async(ChangeState.Request(transition=wanted))).success)


def test_a_node_goes_through_its_life(driver: Driver) -> None:
    assert state_of(driver) == State.PRIMARY_STATE_UNCONFIGURED
    assert change(driver, Transition.TRANSITION_CONFIGURE)
    assert state_of(driver) == State.PRIMARY_STATE_INACTIVE
    assert change(driver, Transition.TRANSITION_ACTIVATE)
    assert state_of(driver) == State.PRIMARY_STATE_ACTIVE
    assert driver.calls == ["configure from unconfigured", "activate"]
    assert change(driver, Transition.TRANSITION_DEACTIVATE)
    assert change(driver, Transition.TRANSITION_CLEANUP)
    assert change(driver, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
    assert state_of(driver) == State.PRIMARY_STATE_FINALIZED


def test_an_impossible_transition_is_refused(driver: Driver) -> None:
    with pytest.raises(RuntimeError):
        driver.trigger_activate()
    assert driver.calls == []
    assert state_of(driver) == State.PRIMARY_STATE_UNCONFIGURED


def test_an_impossible_transition_by_label_is_refused(driver: Driver) -> None:
    # By number, Humble lets the error out of spin instead of answering.
    assert not change(driver, Transition(label="activate"))
    assert state_of(driver) == State.PRIMARY_STATE_UNCONFIGURED
    assert change(driver, Transition(label="configure"))
    assert state_of(driver) == State.PRIMARY_STATE_INACTIVE


def test_failure_stays_where_it_was(driver: Driver) -> None:
    driver.answer = TransitionCallbackReturn.FAILURE
    assert not change(driver, Transition.TRANSITION_CONFIGURE)
    assert state_of(driver) == State.PRIMARY_STATE_UNCONFIGURED


def test_an_exception_leads_to_error_handling(driver: Driver) -> None:
    driver.answer = TransitionCallbackReturn.ERROR
    assert driver.trigger_configure() is TransitionCallbackReturn.ERROR
    assert driver.calls[-1] == "error"
    assert state_of(driver) == State.PRIMARY_STATE_UNCONFIGURED


def test_a_lifecycle_publisher_is_silent_unless_active(driver: Driver) -> None:
    received: list[str] = []
    driver.create_subscription(String, "news", lambda m: received.append(m.data), 10)
    assert spin_until(driver, lambda: driver.news.get_subscription_count() == 1)
    driver.news.publish(String(data="too early"))
    driver.trigger_configure()
    driver.trigger_activate()
    driver.news.publish(String(data="now"))
    assert spin_until(driver, lambda: bool(received))
    assert received == ["now"]


def test_possible_transitions_are_told(driver: Driver) -> None:
    client = driver.create_client(GetAvailableTransitions, "driver/get_available_transitions")
    assert client.wait_for_service(timeout_sec=2.0)
    answer = finish(driver, client.call_async(GetAvailableTransitions.Request()))
    assert {t.transition.label for t in answer.available_transitions} == {"configure", "shutdown"}
