"""Jobs of frame_extractor <-> ROS messages: results and feedback of every action are filled by the names of their fields."""

from __future__ import annotations

from typing import Any

from bee_robot.extraction.jog import JogEnd, JogOutcome
from bee_robot.hive.inspection import EndState, HiveOutcome, VisitOutcome
from bee_robot.nodes.job_runner import JobProgress
from bee_robot_interfaces.msg import BoxResult

NONE, HELD, REFUSED, UNDONE = 0, 1, 2, 3
"""error_code of every job's result. UNDONE: the hive is closed, and what was asked for was not done."""


def filled(message: Any, values: dict[str, Any]) -> Any:
    """A message of this type with those of the values for which it has fields."""
    names = message.get_fields_and_field_types()
    return message(**{name: value for name, value in values.items() if name in names})


def feedback(message: Any, progress: JobProgress) -> Any:
    """How far a job is, as feedback of its action."""
    return filled(
        message,
        {
            "box": progress.box,
            "boxes_done": progress.boxes_done,
            "boxes_total": progress.boxes_total,
            "phase": progress.phase,
            "frame": progress.frame,
            "frames_total": progress.frames_total,
            "asks": progress.asks,
            "open_time": float(progress.open_time_s),
            "open_limit": float(progress.open_limit_s),
            "text": progress.text,
        },
    )


def of_outcome(outcome: VisitOutcome) -> dict[str, Any]:
    """The fields of a result that tell how a visit ended."""
    code = NONE if outcome.end_state is EndState.CLOSED else HELD
    if outcome.undone and code == NONE:
        code = UNDONE
    return {
        "box": outcome.box,
        "error_code": REFUSED if outcome.refusals else code,
        "error_msg": "; ".join(outcome.refusals) or _said(outcome),
        "inspection": outcome.inspection,
        "end_state": outcome.end_state.value,
        "instruction": outcome.instruction,
        "frames_inspected": outcome.frames_inspected,
        "faces": outcome.faces,
        "open_time": float(outcome.open_time_s),
        "visit_time": float(outcome.visit_time_s),
    }


def _said(outcome: VisitOutcome) -> str:
    if not outcome.undone or outcome.undone in outcome.explanation:
        return outcome.explanation
    return "; ".join(filter(None, (outcome.undone, outcome.explanation)))


def of_jog(outcome: JogOutcome) -> dict[str, Any]:
    """The fields of a result that tell where a step ended."""
    return {
        "error_code": {JogEnd.DONE: NONE, JogEnd.HELD: HELD, JogEnd.REFUSED: REFUSED}[outcome.end],
        "error_msg": outcome.explanation,
        "instruction": outcome.instruction,
        "axes": [axis.value for axis in outcome.positions_mm],
        "positions": [float(place_mm) / 1000.0 for place_mm in outcome.positions_mm.values()],
    }


def of_hive(outcome: HiveOutcome) -> dict[str, Any]:
    """The fields of a result that tell how a visit to several boxes ended."""
    code = NONE if outcome.end_state is EndState.CLOSED else HELD
    return {
        "error_code": REFUSED if outcome.refusals else code,
        "error_msg": "; ".join(outcome.refusals) or outcome.explanation,
        "end_state": outcome.end_state.value,
        "instruction": outcome.instruction,
        "boxes": [filled(BoxResult, of_outcome(box)) for box in outcome.boxes],
        "visit_time": float(outcome.visit_time_s),
    }
