"""The tower that a hive needs: a robot file made from another one, changed only where the hive does not fit it.

A hive of the reference size leaves the machine as it is; others need hooks for nearer pins, cameras further out, longer
belts, longer screws, or a higher stand.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

from bee_robot.configuration import CAMERA_TO_COMB_MM, MechanismConfiguration, SkeletonConfiguration
from bee_robot.hive import fit
from bee_robot.hive.frame_view import CAMERA_DISTANCE_MM, VIEW_WIDTH_MM
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.hive.stack import HiveConfiguration
from bee_robot.rulebook import limit

STEP_MM = 5.0  # lengths of the machine are rounded up to this
BEYOND_MM = 10.0  # axes go further than they have to by this


def fitted(robot: Mapping[str, Any], hive: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a robot file for `hive` (the `hive` part of a robot file), as near to `robot` as it can be.

    Raises pydantic.ValidationError where the hive itself is impossible. What no tower can do is refused when it is loaded.
    """
    data = copy.deepcopy(dict(robot))
    data["hive"] = copy.deepcopy(dict(hive))
    for name in ("raise_mm", "frame_lift_mm"):
        data.get("visit", {}).pop(name, None)
    boxes = HiveConfiguration.model_validate(hive)
    _fit_mechanism(data, boxes)
    _fit_base(data, boxes)
    boxes = HiveConfiguration.model_validate(data["hive"])
    _fit_axes(data, HiveGeometry(boxes, MechanismConfiguration.model_validate(data["mechanism"])))
    return data


def _up(length_mm: float) -> float:
    return math.ceil(length_mm / STEP_MM) * STEP_MM


def _fit_mechanism(data: dict[str, Any], hive: HiveConfiguration) -> None:
    mechanism = MechanismConfiguration.model_validate(data.get("mechanism", {}))
    skeleton = SkeletonConfiguration.model_validate(data.get("skeleton", {}))
    ear_mm = min(box.top_bar_mm for box in hive.stack) / 2 - fit.PIN_HEAD_HALF_MM - fit.WOOD_BESIDE_PIN_MM
    pin_x_mm = min(mechanism.pin_x_mm, math.floor(ear_mm / STEP_MM) * STEP_MM)
    beside_mm = hive.box_outer_depth_mm / 2 + fit.CAMERA_HALF_MM + fit.CAMERA_CLEAR_MM
    camera_y_mm = max(mechanism.camera_y_mm, _up(beside_mm))
    view_mm = VIEW_WIDTH_MM * (camera_y_mm - CAMERA_TO_COMB_MM) / CAMERA_DISTANCE_MM
    side_mm = max(box.comb_width_mm for box in hive.stack) / 2 + fit.TAG_BEYOND_COMB_MM
    camera_x_mm = max(mechanism.camera_x_mm, math.ceil(side_mm - view_mm / 2))
    data["mechanism"] = dict(data.get("mechanism", {})) | {
        "pin_x_mm": pin_x_mm,
        "camera_x_mm": camera_x_mm,
        "camera_y_mm": camera_y_mm,
    }
    half_mm = hive.box_outer_width_mm / 2 + fit.POST_TO_FORK_TIP_MM + fit.FORK_TIP_CLEAR_MM
    data["skeleton"] = dict(data.get("skeleton", {})) | {
        "post_x_mm": max(skeleton.post_x_mm, math.ceil(half_mm)),
        "post_y_mm": max(skeleton.post_y_mm, camera_y_mm + fit.CAMERA_HALF_MM),
    }


def _fit_base(data: dict[str, Any], hive: HiveConfiguration) -> None:
    """High enough for forks that go under the cleats above the lowest box, with the scan beams parked below them."""
    mechanism = MechanismConfiguration.model_validate(data["mechanism"])
    below_mm = HiveGeometry(hive, mechanism).cleat_mm(2) - mechanism.fork_below_cleat_mm
    lowest_mm = max(
        max(data["axes"][f"lift_{side}"]["minimum_mm"] for side in ("left", "right")),
        max(data["axes"][f"scan_{side}"]["park_mm"] for side in ("left", "right"))
        + limit("R13", "apart_mm")
        + fit.PARKED_CLEAR_MM,
    )
    if below_mm < lowest_mm:
        data["hive"]["base_mm"] = _up(hive.base_mm + lowest_mm - below_mm)


def _fit_axes(data: dict[str, Any], geometry: HiveGeometry) -> None:
    numbers = range(1, geometry.hive.boxes + 1)
    lift_mm = max(geometry.cleat_mm(box + 1) + geometry.raise_mm(box) for box in numbers) + limit(
        "R5", "back_off_mm"
    )
    scan_mm = max(geometry.engaged_mm(box) + geometry.frame_lift_mm(box) for box in numbers)
    reach_mm = max(fit.shuttle_reach_mm(geometry, box) for box in numbers)
    for side in ("left", "right"):
        for name, highest_mm in ((f"lift_{side}", lift_mm), (f"scan_{side}", scan_mm)):
            axis = data["axes"][name]
            if highest_mm > axis["maximum_mm"]:
                axis["maximum_mm"] = _up(highest_mm + BEYOND_MM)
        shuttle = data["axes"][f"shuttle_{side}"]
        if reach_mm > min(shuttle["maximum_mm"], -shuttle["minimum_mm"]):
            far_mm = _up(reach_mm)
            shuttle |= {"home_mm": -far_mm, "minimum_mm": -far_mm, "maximum_mm": far_mm, "park_mm": -far_mm}
