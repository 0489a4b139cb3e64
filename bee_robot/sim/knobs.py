"""Everything that can go wrong in machine and hive, by name; each knob takes effect at once.

`machine_knobs.py` has those of motors, sensors and power, `hive_knobs.py` those of boxes, frames and bees.
"""

from __future__ import annotations

from bee_robot.sim.hive_knobs import FrameInHand, HiveKnobs, ThingName
from bee_robot.sim.machine_knobs import MachineKnobs, SideName

__all__ = ["FrameInHand", "Knobs", "SideName", "ThingName"]


class Knobs(MachineKnobs, HiveKnobs):
    """Fault knobs of one plant. Lengths in mm, forces and masses in kg, boxes from 1 at the bottom, frames from 1 at the
    back. Raises ValueError, with what there is, for a box, frame, side or axis that does not exist.
    """
