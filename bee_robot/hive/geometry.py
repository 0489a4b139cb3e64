"""Where boxes, rims, cleats and frames of one hive are.

Machine frame: X right (seen from behind), Y front (entrance), Z up; millimetres; heights above the ground. Boxes count
from 1 at the bottom, frames from 1 at the back. Level `boxes + 1` is the lid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bee_robot.hive.stack import HiveConfiguration
from bee_robot.rulebook import limit

if TYPE_CHECKING:
    from bee_robot.configuration import MechanismConfiguration

LIFT_BEYOND_FRAME_MM = 21.0  # 10 of R10, 11 of air
RAISE_AIR_MM = 7.0  # beyond R8 and R13: give of forks, hooks and screws under load, and approach zones
HONEY_KG_DM2 = 0.33  # of comb, both sides (facts/bees_and_frames.md)
EMPTY_FRAME_KG = 0.25  # wood; with drawn comb 0.55 kg on the reference hive (facts: deep ones 0.45 to 0.7)
EMPTY_COMB_KG_DM2 = 0.30 / (4.10 * 2.79)


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

    def frame_reach_mm(self, box: int) -> float:
        """How far along Y from the middle a hanging frame is still above its own box (R14): half a frame's place beyond the
        wall, which the shuttles need to find their end stops with a frame that a person has hung onto the hooks."""
        return (self.hive.box_outer_depth_mm + self.frame_pitch_mm(box)) / 2

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

    def hook_beside_pin_mm(self, box: int) -> float:
        """How far beside a pin, opposite to the push, hooks come down: not upon the pin of the next frame (R11)."""
        return min(self.mechanism.hook_beside_pin_mm, self.frame_pitch_mm(box) - limit("R11", "next_mm"))

    def frame_lift_mm(self, box: int) -> float:
        """How far a frame has to be lifted: its own height, what R10 asks for, and air for approach zones and swinging."""
        return self.frame_height_mm(box) + LIFT_BEYOND_FRAME_MM

    def raise_mm(self, box: int, frame_lift_mm: float | None = None) -> float:
        """How far the stack has to be above the rim while frames are lifted so far (default: as far as they have to be).

        Lift and scan beam of a side keep their distance (R13), and a frame's top its distance to the bees above (R8).
        """
        lift_mm = self.frame_lift_mm(box) if frame_lift_mm is None else frame_lift_mm
        beams_mm = self.engaged_mm(box) + lift_mm + self.mechanism.beam_separation_mm - self.cleat_mm(box + 1)
        bees_mm = self.frame_top_mm(box) + lift_mm + limit("R8", "clearance_mm") - self.rim_mm(box)
        return max(beams_mm, bees_mm) + RAISE_AIR_MM

    def full_load_kg(self, box: int) -> float:
        """What stands on a box, were every frame of it full of honey."""
        return self._load_kg(box, HONEY_KG_DM2)

    def empty_load_kg(self, box: int) -> float:
        """The same without honey, brood and bees: it cannot weigh less."""
        return self._load_kg(box, 0.0)

    def _load_kg(self, box: int, honey_kg_dm2: float) -> float:
        load_kg = self.hive.lid_mass_kg
        for above in range(box + 1, self.hive.boxes + 1):
            honey_kg = honey_kg_dm2 * self._comb_dm2(above)
            load_kg += self.hive.box(above).box_mass_kg
            load_kg += self.frames_in(above) * (self.empty_frame_kg(above) + honey_kg)
        return load_kg

    def _comb_dm2(self, box: int) -> float:
        return self.hive.box(box).comb_width_mm * self.hive.box(box).comb_height_mm / 1e4

    def empty_frame_kg(self, box: int) -> float:
        """Wood and drawn comb of a frame."""
        return EMPTY_FRAME_KG + EMPTY_COMB_KG_DM2 * self._comb_dm2(box)

    def frame_y_mm(self, box: int, frame: int, *, gap_at_back: bool = True) -> float:
        """Centre of a frame along Y with the free gap at the back (as found) or at the front (after a visit)."""
        back_mm = -self.hive.box_inner_depth_mm / 2 + (self.gap_mm(box) if gap_at_back else 0.0)
        return back_mm + (frame - 0.5) * self.frame_pitch_mm(box)
