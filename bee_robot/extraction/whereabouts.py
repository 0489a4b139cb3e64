"""Which frame the hooks hold after a programme broke off and its process died: from the journal's last step and from where
the plates stand. Pure.

A take begins at travel height beside the pins and goes higher only with the frame; a put ends by sliding off it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bee_robot.configuration import MechanismConfiguration
from bee_robot.extraction.following import SLOT_MM, HeldFrame

AT_TRAVEL_MM = 0.1
AT_LIFT_MM = 0.5
BELT_UNCERTAIN_MM = 3.0  # a belt without power may have crept


@dataclass(frozen=True)
class FrameJob:
    """What a programme was about: the frame, its place when a take began or where a put ends (mm along Y), the direction in
    which it is pushed (-1 back, +1 front; its pin sits on that side of the centre bar), and by how much."""

    frame: int
    place_mm: float
    push: int
    nudge_mm: float = 0.0

    def to_dict(self) -> dict[str, float]:
        return {
            "frame": self.frame,
            "place_mm": round(self.place_mm, 3),
            "push": self.push,
            "nudge_mm": round(self.nudge_mm, 3),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, float]) -> FrameJob:
        return cls(int(data["frame"]), float(data["place_mm"]), int(data["push"]), float(data["nudge_mm"]))


@dataclass(frozen=True)
class Plates:
    """Where the hook plates stand: above the engaged height, along Y; whether the belts know it."""

    above_engaged_mm: float
    y_mm: float
    is_y_certain: bool


def held_after(
    job: FrameJob, plates: Plates, mechanism: MechanismConfiguration
) -> tuple[HeldFrame, float] | None:
    """The frame on the hooks and its place along Y, or None. In doubt it is on the hooks."""
    ahead_mm = job.push * mechanism.hook_seated_mm
    onto_pin_mm = (
        plates.y_mm - (job.place_mm - ahead_mm)
    ) * job.push  # 0: bar touches pin; below: not there yet
    if not _is_held(job, plates, onto_pin_mm, mechanism):
        return None
    is_high = plates.above_engaged_mm > mechanism.hook_travel_mm
    y_mm = plates.y_mm + ahead_mm if is_high or onto_pin_mm > 0 else job.place_mm
    held = HeldFrame(job.frame, y_mm - plates.y_mm)
    held.left_mm = held.right_mm = max(0.0, plates.above_engaged_mm)
    return held, y_mm


def _is_held(job: FrameJob, plates: Plates, onto_pin_mm: float, mechanism: MechanismConfiguration) -> bool:
    """Higher than travel height only with the frame; lower where the pin stands in the slot. Exactly at travel height a
    hook passes over the pins, unless it stands just where the frame was lifted or is being set down."""
    doubt_mm = 0.0 if plates.is_y_certain else BELT_UNCERTAIN_MM
    above_travel_mm = plates.above_engaged_mm - mechanism.hook_travel_mm
    if abs(above_travel_mm) <= AT_TRAVEL_MM:
        return abs(onto_pin_mm - job.nudge_mm) <= AT_LIFT_MM + doubt_mm
    enters_mm = mechanism.hook_seated_mm - SLOT_MM - doubt_mm
    return above_travel_mm > 0 or enters_mm < onto_pin_mm <= job.nudge_mm + AT_LIFT_MM + doubt_mm
