"""Waits for one message."""

from __future__ import annotations

from typing import Any

from rclpy.qos import QoSProfile


def wait_for_message(
    msg_type: Any, node: Any, topic: str, *, qos_profile: QoSProfile | int = 1, time_to_wait: float = -1
) -> tuple[bool, Any]:
    """(True, message), or (False, None) after `time_to_wait` seconds (negative: without limit)."""
    import time

    from rclpy.executors import SingleThreadedExecutor

    received: list[Any] = []
    executor = SingleThreadedExecutor(context=node.context)
    subscription = node.create_subscription(msg_type, topic, received.append, qos_profile)
    # The node may belong to another executor, which then fills the list; ours only watches the clock.
    owned = node.executor is None
    if owned:
        executor.add_node(node)
    deadline = None if time_to_wait < 0 else time.monotonic() + time_to_wait
    try:
        while not received and node.context.ok():
            rest = None if deadline is None else deadline - time.monotonic()
            if rest is not None and rest <= 0:
                break
            executor.spin_once(timeout_sec=0.1 if rest is None else min(rest, 0.1))
    finally:
        executor.shutdown()
        node.destroy_subscription(subscription)
    return (True, received[0]) if received else (False, None)
