"""Where boxes, rims, cleats and frames of one hive are.

Machine frame: X right (seen from behind), Y front (entrance), Z up; millimetres; heights above the ground. Boxes count
from 1 at the bottom, frames from 1 at the back. Level `boxes + 1` is the lid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bee_robot.hive.stack import HiveConfiguration

if TYPE_CHECKING:
    from bee_robot.configuration import MechanismConfiguration


@dataclass(frozen=True)
class HiveGeometry:
    """Heights and frame places that follow from the robot file."""

    hive: HiveConfiguration
    mechanism: MechanismConfiguration

    @property
    def lid_level(self) -> int:
        return self.hive.boxes + 1

    def require_box(self, box: int) -> None:
        """Raises ValueError, with the remedy, where the hive has no such box."""
        self.hive.box(box)

    def box_height_mm(self, box: int) -> float:
        return self.hive.box(box).box_height_mm

    def frame_height_mm(self, box: int) -> float:
        """Top of the top bar to the lower edge of the bottom bar."""
        return self.hive.box(box).frame_height_mm

    def frames_in(self, box: int) -> int:
        """How many frames a full box has."""
        return self.hive.box(box).frames_per_box

    def frame_pitch_mm(self, box: int) -> float:
        """From the middle of a frame to the middle of the next one."""
        return self.hive.box(box).frame_pitch_mm

    def bottom_mm(self, level: int) -> float:
        """Lower edge of a box, or of the lid (level boxes + 1)."""
        return self.hive.base_mm + sum(box.box_height_mm for box in self.hive.stack[: level - 1])

    def rim_mm(self, box: int) -> float:
        """Upper edge of a box: where whatever stands on it meets it."""
        return self.bottom_mm(box + 1)

    def cleat_mm(self, level: int) -> float:
        """Height of the cleats of a box or the lid, when it stands in its place."""
        return self.bottom_mm(level) + self.hive.cleat_above_bottom_mm

    def frame_top_mm(self, box: int) -> float:
        """Top of the top bars of frames that rest in a box."""
        return self.rim_mm(box) - self.hive.frame_top_below_rim_mm

    def frame_bottom_mm(self, box: int) -> float:
        return self.frame_top_mm(box) - self.frame_height_mm(box)

    def engaged_mm(self, box: int) -> float:
        """Hook plate height (position of a scan axis) at the neck of the pins of frames that rest in a box."""
        return self.frame_top_mm(box) + self.mechanism.pin_neck_above_frame_top_mm

    def gap_mm(self, box: int) -> float:
        """The free gap that a full box has."""
        return self.hive.box_inner_depth_mm - self.frames_in(box) * self.frame_pitch_mm(box)

    def frame_y_mm(self, box: int, frame: int, *, gap_at_back: bool = True) -> float:
        """Centre of a frame along Y with the free gap at the back (as found) or at the front (after a visit)."""
        back_mm = -self.hive.box_inner_depth_mm / 2 + (self.gap_mm(box) if gap_at_back else 0.0)
        return back_mm + (frame - 0.5) * self.frame_pitch_mm(box)
