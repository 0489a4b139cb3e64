"""Robots that inspect honey-bee colonies.

Importing this package decides where `rclpy` and the message packages come from, once per process
(`BEE_ROS=auto|system|embedded`, default auto): from an installed ROS 2, which is then left alone,
or from `bee_robot.embedded_ros`. It imports nothing but the standard library.
"""

from __future__ import annotations

from bee_robot._ros_runtime import RosRuntime, choose_ros_runtime

__version__ = "0.1.0"
__all__ = ["RosRuntime", "__version__", "ros_runtime"]

_runtime = choose_ros_runtime()


def ros_runtime() -> RosRuntime:
    """Which ROS runtime this process uses, and why (shown by `bee doctor`)."""
    return _runtime
