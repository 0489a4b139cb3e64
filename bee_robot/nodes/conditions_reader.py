"""What a robot that is up says of its conditions, for people's tools: read from the diagnostics of frame_extractor."""

from __future__ import annotations

import json
import queue
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray

from bee_robot.nodes.graph_client import GraphClient, GraphError
from bee_robot.nodes.visit_conditions import FINDINGS
from bee_robot.safety.conditions import Finding

TASK = "frame_extractor: conditions"
TOPIC = "diagnostics"


def read_conditions(client: GraphClient, timeout_s: float) -> tuple[Finding, ...]:
    """All that the gate looked at, a second ago at most. GraphError where nobody says it in that time."""
    told: queue.Queue[str] = queue.Queue()

    def take(array: Any) -> None:
        for status in array.status:
            if status.name == TASK:
                told.put(next((each.value for each in status.values if each.key == FINDINGS), ""))

    client.listen(DiagnosticArray, TOPIC, take)
    try:
        text = told.get(timeout=timeout_s)
    except queue.Empty:
        raise GraphError(
            f"no robot says its conditions within {timeout_s:g} s; start it (bee up tower), or look at a simulated one (--sim)"
        ) from None
    if not text:
        raise GraphError("the robot cannot judge its conditions; look at the log of frame_extractor")
    return tuple(Finding(**row) for row in json.loads(text))
