"""What the robot tells people's tools about its jobs, as domain objects: results, the running job, analysed faces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bee_robot.nodes import conversions

REFUSED, UNDONE = 2, 3


@dataclass(frozen=True)
class BoxReport:
    """How the visit to one box ended. `error_code`: 0 closed, 1 held, 2 refused (nothing was opened)."""

    box: int
    error_code: int
    error: str
    inspection: str
    end_state: str
    instruction: str
    frames_inspected: int = 0
    faces: int = 0
    open_time_s: float = 0.0
    visit_time_s: float = 0.0

    @property
    def is_refused(self) -> bool:
        return self.error_code == REFUSED


@dataclass(frozen=True)
class JobResult:
    """How a job ended. `error_code`: 0 as it should, 1 held, 2 refused (nothing was opened), 3 closed, but what was
    asked for was not done. `boxes`: of a visit to several,
    whose frames, faces and open times add up; `positions_mm`: of a jog, all axes, in the machine frame. What a job does not tell is empty."""

    error_code: int
    error: str = ""
    end_state: str = ""
    instruction: str = ""
    inspection: str = ""
    frames_inspected: int = 0
    faces: int = 0
    open_time_s: float = 0.0
    visit_time_s: float = 0.0
    rule_violations: int = 0
    boxes: tuple[BoxReport, ...] = ()
    positions_mm: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_refused(self) -> bool:
        """Nothing was opened; a refusal because the hive may be open already counts as held."""
        return self.error_code == REFUSED and self.end_state == "closed"


@dataclass(frozen=True)
class JobState:
    """What frame_extractor is at; see VisitState.msg. Times in s of robot time."""

    stamp_s: float
    is_busy: bool
    job: str
    by: str
    says: str
    box: int
    frame: int
    frames_total: int
    phase: str
    text: str
    is_paused: bool
    paused_because: str
    stop_because: str
    asks: str
    is_open: bool
    open_time_s: float
    open_limit_s: float
    close_at_s: float
    end_state: str
    instruction: str
    inspection: str


@dataclass(frozen=True)
class FaceNotice:
    """A face that has been analysed, or could not be (`error`). `analysis` as in the local store."""

    inspection: str
    frame: int
    face: str
    error: str
    analysis: dict[str, Any]


def job_result(msg: Any) -> JobResult:
    """From the result message of any job."""
    names = msg.get_fields_and_field_types()

    def given(name: str, otherwise: Any) -> Any:
        return getattr(msg, name) if name in names else otherwise

    boxes = tuple(map(_box_report, given("boxes", ())))
    return JobResult(
        error_code=msg.error_code,
        error=msg.error_msg,
        end_state=given("end_state", ""),
        instruction=msg.instruction,
        inspection=given("inspection", ""),
        frames_inspected=given("frames_inspected", sum(each.frames_inspected for each in boxes)),
        faces=given("faces", sum(each.faces for each in boxes)),
        open_time_s=given("open_time", sum(each.open_time_s for each in boxes)),
        visit_time_s=given("visit_time", 0.0),
        rule_violations=given("rule_violations", 0),
        boxes=boxes,
        positions_mm={
            axis: position * 1000.0 for axis, position in zip(given("axes", ()), given("positions", ()))
        },
    )


def _box_report(msg: Any) -> BoxReport:
    return BoxReport(
        box=msg.box,
        error_code=msg.error_code,
        error=msg.error_msg,
        inspection=msg.inspection,
        end_state=msg.end_state,
        instruction=msg.instruction,
        frames_inspected=msg.frames_inspected,
        faces=msg.faces,
        open_time_s=msg.open_time,
        visit_time_s=msg.visit_time,
    )


def job_state(msg: Any) -> JobState:
    """From a VisitState message."""
    return JobState(
        stamp_s=conversions.stamp_s(msg.header.stamp),
        is_busy=msg.is_busy,
        job=msg.job,
        by=msg.by,
        says=msg.says,
        box=msg.box,
        frame=msg.frame,
        frames_total=msg.frames_total,
        phase=msg.phase,
        text=msg.text,
        is_paused=msg.is_paused,
        paused_because=msg.paused_because,
        stop_because=msg.stop_because,
        asks=msg.asks,
        is_open=msg.is_open,
        open_time_s=msg.open_time,
        open_limit_s=msg.open_limit,
        close_at_s=msg.close_at,
        end_state=msg.end_state,
        instruction=msg.instruction,
        inspection=msg.inspection,
    )


def face_notice(msg: Any) -> FaceNotice:
    """From a FaceResult message."""
    analysis = json.loads(msg.analysis) if msg.analysis else {}
    return FaceNotice(msg.inspection, msg.frame, msg.face, msg.error, analysis)
