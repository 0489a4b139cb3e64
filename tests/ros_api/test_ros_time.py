"""Clocks, time, durations, timers, rates, and simulated time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import rclpy
from builtin_interfaces.msg import Time as TimeMessage
from rclpy.clock import Clock, ClockType, JumpThreshold, ROSClock, TimeJump
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time
from ros_spinning import spin_until
from rosgraph_msgs.msg import Clock as ClockMessage


def test_times_and_durations_add_up() -> None:
    start = Time(seconds=10, nanoseconds=5)
    later = start + Duration(seconds=1.5)
    assert later.nanoseconds == 11_500_000_005
    assert (later - start) == Duration(nanoseconds=1_500_000_000)
    assert later.seconds_nanoseconds() == (11, 500_000_005)
    assert start < later and later >= start and start != later
    assert later - Duration(seconds=1) > start


def test_times_of_different_clocks_do_not_mix() -> None:
    with pytest.raises(TypeError):
        _ = Time(seconds=1) < Time(seconds=1, clock_type=ClockType.STEADY_TIME)
    with pytest.raises(TypeError):
        _ = Time(seconds=1) - Time(seconds=1, clock_type=ClockType.ROS_TIME)
    with pytest.raises(ValueError):
        Time(seconds=-1)
    with pytest.raises(OverflowError):
        Time(nanoseconds=2**63)


def test_messages_convert() -> None:
    stamp = Time(seconds=3, nanoseconds=4).to_msg()
    assert stamp == TimeMessage(sec=3, nanosec=4)
    assert Time.from_msg(stamp, clock_type=ClockType.SYSTEM_TIME) == Time(seconds=3, nanoseconds=4)
    assert Duration.from_msg(Duration(seconds=-1.5).to_msg()) == Duration(seconds=-1.5)


def test_clocks_have_their_types() -> None:
    assert Clock().clock_type == ClockType.SYSTEM_TIME
    assert isinstance(Clock(clock_type=ClockType.ROS_TIME), ROSClock)
    assert abs(Clock().now().nanoseconds - time.time_ns()) < 10**9
    steady = Clock(clock_type=ClockType.STEADY_TIME)
    assert steady.now() <= steady.now()


def test_a_timer_keeps_its_period(node: Node) -> None:
    calls: list[float] = []
    node.create_timer(0.02, lambda: calls.append(time.monotonic()))
    start = time.monotonic()
    assert spin_until(node, lambda: len(calls) >= 10)
    assert 0.15 <= time.monotonic() - start <= 0.6


def test_a_cancelled_timer_is_silent_until_reset(node: Node) -> None:
    calls: list[int] = []
    timer = node.create_timer(0.01, lambda: calls.append(1))
    assert spin_until(node, lambda: len(calls) >= 1)
    timer.cancel()
    assert timer.is_canceled()
    count = len(calls)
    spin_until(node, lambda: False, timeout_s=0.1)
    assert len(calls) == count
    timer.reset()
    assert spin_until(node, lambda: len(calls) > count)


def test_missed_calls_are_left_out(node: Node) -> None:
    calls: list[int] = []
    node.create_timer(0.01, lambda: calls.append(1))
    time.sleep(0.2)
    deadline = time.monotonic() + 0.005
    while time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.0)
    assert 1 <= len(calls) <= 2


def test_a_timer_tells_when_it_is_due(node: Node) -> None:
    timer = node.create_timer(10.0, lambda: None)
    assert timer.timer_period_ns == 10**10
    assert not timer.is_ready()
    assert 9.0e9 < timer.time_until_next_call() <= 1.0e10
    assert 0 <= timer.time_since_last_call() < 10**9


def test_a_destroyed_timer_is_silent(node: Node) -> None:
    calls: list[int] = []
    timer = node.create_timer(0.01, lambda: calls.append(1))
    assert node.destroy_timer(timer)
    spin_until(node, lambda: False, timeout_s=0.1)
    assert calls == []


def test_a_rate_sleeps_through_its_period(node: Node) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    spinner = threading.Thread(target=executor.spin, daemon=True)
    spinner.start()
    rate = node.create_rate(50.0)
    start = time.monotonic()
    for _ in range(5):
        rate.sleep()
    assert 0.06 <= time.monotonic() - start <= 0.5
    node.destroy_rate(rate)
    executor.shutdown()
    spinner.join(timeout=2.0)


def test_rates_are_positive(node: Node) -> None:
    with pytest.raises(ValueError):
        node.create_rate(0.0)


class Simulation:
    """A node that lives on the time of /clock, and the one that publishes it."""

    def __init__(self, make_node: Callable[..., Node]) -> None:
        self.node = make_node(
            "simulated", parameter_overrides=[Parameter("use_sim_time", Parameter.Type.BOOL, True)]
        )
        self._world = make_node("world")
        self._publisher = self._world.create_publisher(ClockMessage, "/clock", 10)
        assert spin_until(self.node, lambda: self._publisher.get_subscription_count() > 0)

    def set(self, seconds: float) -> None:
        stamp = Time(nanoseconds=round(seconds * 1e9))
        deadline = time.monotonic() + 5.0
        while self.node.get_clock().now().nanoseconds != stamp.nanoseconds:
            assert time.monotonic() < deadline, "/clock was not heard"
            self._publisher.publish(ClockMessage(clock=stamp.to_msg()))
            for _ in range(3):
                rclpy.spin_once(self.node, timeout_sec=0.01)


@pytest.fixture
def simulation(make_node: Callable[..., Node]) -> Iterator[Simulation]:
    yield Simulation(make_node)


def test_simulated_time_is_the_time_of_clock(simulation: Simulation) -> None:
    assert simulation.node.get_clock().ros_time_is_active
    assert simulation.node.get_clock().now().nanoseconds == 0
    simulation.set(12.5)
    assert simulation.node.get_clock().now() == Time(seconds=12.5, clock_type=ClockType.ROS_TIME)


def test_timers_run_on_simulated_time(simulation: Simulation) -> None:
    simulation.set(100.0)
    calls: list[int] = []
    simulation.node.create_timer(1.0, lambda: calls.append(simulation.node.get_clock().now().nanoseconds))
    spin_until(simulation.node, lambda: False, timeout_s=0.1)
    assert calls == []
    simulation.set(100.9)
    spin_until(simulation.node, lambda: False, timeout_s=0.1)
    assert calls == []
    simulation.set(101.0)
    assert spin_until(simulation.node, lambda: len(calls) == 1)
    simulation.set(102.0)
    assert spin_until(simulation.node, lambda: len(calls) == 2)
    assert calls == [101 * 10**9, 102 * 10**9]


def test_timers_survive_a_jump_back(simulation: Simulation) -> None:
    simulation.set(100.0)
    calls: list[int] = []
    simulation.node.create_timer(1.0, lambda: calls.append(1))
    simulation.set(101.0)
    assert spin_until(simulation.node, lambda: len(calls) == 1)
    simulation.set(10.0)
    simulation.set(11.5)
    assert spin_until(simulation.node, lambda: len(calls) == 2)


def test_sleep_follows_simulated_time(simulation: Simulation) -> None:
    simulation.set(5.0)
    clock = simulation.node.get_clock()
    reached: list[bool] = []
    sleeper = threading.Thread(target=lambda: reached.append(clock.sleep_for(Duration(seconds=2.0))))
    sleeper.start()
    simulation.set(6.5)
    time.sleep(0.1)
    assert reached == []
    simulation.set(7.0)
    sleeper.join(timeout=2.0)
    assert reached == [True]


def test_sleep_ends_with_the_context(ros: None) -> None:
    reached: list[bool] = []
    sleeper = threading.Thread(target=lambda: reached.append(Clock().sleep_for(Duration(seconds=60.0))))
    sleeper.start()
    time.sleep(0.1)
    rclpy.shutdown()
    sleeper.join(timeout=2.0)
    assert reached == [False]


def test_use_sim_time_can_be_switched(make_node: Callable[..., Node]) -> None:
    node = make_node("switching")
    assert not node.get_clock().ros_time_is_active
    node.set_parameters([Parameter("use_sim_time", Parameter.Type.BOOL, True)])
    assert node.get_clock().ros_time_is_active
    node.set_parameters([Parameter("use_sim_time", Parameter.Type.BOOL, False)])
    assert not node.get_clock().ros_time_is_active


def test_jumps_are_told(simulation: Simulation) -> None:
    simulation.set(10.0)
    jumps: list[TimeJump] = []
    threshold = JumpThreshold(
        min_forward=Duration(seconds=1), min_backward=Duration(seconds=-1), on_clock_change=True
    )
    handle = simulation.node.get_clock().create_jump_callback(threshold, post_callback=jumps.append)
    simulation.set(10.5)
    assert jumps == []
    simulation.set(20.5)
    assert [j.delta.nanoseconds for j in jumps] == [10 * 10**9]
    simulation.set(1.0)
    assert jumps[-1].delta.nanoseconds == -19_500_000_000
    handle.unregister()
    simulation.set(50.0)
    assert len(jumps) == 2
