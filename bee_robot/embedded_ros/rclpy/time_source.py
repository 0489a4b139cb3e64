"""Lets a node's clock follow /clock while the parameter `use_sim_time` is true."""

from __future__ import annotations

import struct
from typing import Any

from rclpy._endpoint import message_endpoint
from rclpy.clock import ROSClock
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy

from bee_robot.embedded_ros.types.registry import message_class
from bee_robot.embedded_ros.wire import keys

CLOCK_TOPIC = "/clock"
USE_SIM_TIME_NAME = "use_sim_time"
_STAMP = struct.Struct("<iI")
_STAMP_OFFSET = 4


class TimeSource:
    """Subscribes to /clock and sets the clocks attached to it.

    The messages do not go through the executor: they come thousands of times a second in fast
    simulations, and all they do is set a number (and wake those for whom it is time).
    """

    def __init__(self, *, node: Any = None) -> None:
        self._node: Any = None
        self._clocks: list[ROSClock] = []
        self._active = False
        self._last_ns = 0
        self._endpoint: Any = None
        self._clock_sub: Any = None
        if node is not None:
            self.attach_node(node)

    @property
    def ros_time_is_active(self) -> bool:
        return self._active

    @ros_time_is_active.setter
    def ros_time_is_active(self, enabled: bool) -> None:
        if self._active == enabled:
            return
        self._active = enabled
        for clock in self._clocks:
            clock._set_ros_time_is_active(enabled)
        if enabled:
            self._subscribe()
        else:
            self._unsubscribe()

    def attach_node(self, node: Any) -> None:
        """Watch the node's `use_sim_time`, which is declared if it was not. Another node is let go."""
        if self._node is not None:
            self.detach_node()
        self._node = node
        if self._active:
            self._subscribe()
        if not node.has_parameter(USE_SIM_TIME_NAME):
            node.declare_parameter(USE_SIM_TIME_NAME, False)
        parameter = node.get_parameter(USE_SIM_TIME_NAME)
        if parameter.type_ == Parameter.Type.BOOL:
            self.ros_time_is_active = parameter.value
        else:
            node.get_logger().error(
                f"Invalid type for parameter '{USE_SIM_TIME_NAME}' {parameter.type_} should be bool"
            )
        node.add_on_set_parameters_callback(self._on_parameters)

    def _on_parameters(self, parameters: list[Parameter]) -> Any:
        from rcl_interfaces.msg import SetParametersResult

        for parameter in parameters:
            if parameter.name == USE_SIM_TIME_NAME:
                if parameter.type_ != Parameter.Type.BOOL:
                    return SetParametersResult(successful=False, reason=f"{USE_SIM_TIME_NAME} must be a bool")
                self.ros_time_is_active = parameter.value
        return SetParametersResult(successful=True)

    def attach_clock(self, clock: ROSClock) -> None:
        if not isinstance(clock, ROSClock):
            raise ValueError("Only clocks with type ROS_TIME can be attached.")
        clock._set_override_ns(self._last_ns)
        clock._set_ros_time_is_active(self._active)
        self._clocks.append(clock)

    def detach_node(self) -> None:
        self._unsubscribe()
        self._node = None

    def _get_node(self) -> Any:
        return self._node

    def clock_callback(self, msg: Any) -> None:
        """Set the clocks as a message of /clock does."""
        self._set_clocks(msg.clock.sec * 1_000_000_000 + msg.clock.nanosec)

    def _set_clocks(self, now_ns: int) -> None:
        self._last_ns = now_ns
        for clock in self._clocks:
            clock._set_override_ns(now_ns)

    def _subscribe(self) -> None:
        if self._node is None:
            return
        import zenoh

        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        clock_type = message_class("rosgraph_msgs/msg/Clock")
        self._endpoint = message_endpoint(self._node, keys.SUBSCRIPTION, clock_type, CLOCK_TOPIC, qos)
        handler = zenoh.handlers.Callback(self._on_clock, indirect=False)
        subscriber = self._node.context.session.declare_subscriber(self._endpoint.key, handler)
        self._clock_sub = self._node.context.keep(subscriber)
        self._endpoint.announce()

    def _unsubscribe(self) -> None:
        subscriber, self._clock_sub = self._clock_sub, None
        if subscriber is not None:
            self._node.context.release(subscriber)
            self._endpoint.withdraw()

    def _on_clock(self, sample: Any) -> None:
        data = sample.payload.to_bytes()
        if len(data) != 12 or data[1] != 1:
            return  # not a little-endian Clock; a peer that sends such a thing would fail everywhere
        seconds, nanoseconds = _STAMP.unpack_from(data, _STAMP_OFFSET)
        self._set_clocks(seconds * 1_000_000_000 + nanoseconds)
