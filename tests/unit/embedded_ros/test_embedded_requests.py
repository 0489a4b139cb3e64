"""How long a request waits, and what is said when nobody answers it."""

from __future__ import annotations

import time

import pytest
import rclpy
from std_srvs.srv import Trigger


def test_a_request_that_is_not_answered_in_time_is_told(
    ros: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BEE_ROS_SERVICE_TIMEOUT", "0.2")
    node = rclpy.create_node("asker")
    busy = rclpy.create_node("busy")  # nobody spins it
    busy.create_service(Trigger, "ask", lambda request, response: response)
    client = node.create_client(Trigger, "ask")
    assert client.wait_for_service(timeout_sec=5.0)
    future = client.call_async(Trigger.Request())
    until_s = time.monotonic() + 5.0
    said = ""
    while "did not answer" not in said and time.monotonic() < until_s:
        rclpy.spin_once(node, timeout_sec=0.05)
        said += capfd.readouterr().err
    assert (
        "the server of /ask did not answer request 1 within 0.2 s; BEE_ROS_SERVICE_TIMEOUT sets another time"
        in said
    )
    assert not future.done()
    busy.destroy_node()
    node.destroy_node()


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan"])
def test_the_time_is_a_number_of_seconds(ros: None, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("BEE_ROS_SERVICE_TIMEOUT", text)
    node = rclpy.create_node("asker")
    with pytest.raises(RuntimeError, match="BEE_ROS_SERVICE_TIMEOUT"):
        node.create_client(Trigger, "ask")
    node.destroy_node()
