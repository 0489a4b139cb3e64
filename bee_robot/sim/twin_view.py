"""What the frame cameras of the twin see: the frame that hangs at the photo spot, lit by the strobe or hardly at all."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from bee_robot.hive.comb import CombFace
from bee_robot.hive.frame_view import Half
from bee_robot.rulebook import Block
from bee_robot.sim.comb_renderer import mounted_view, render_view
from bee_robot.sim.hive_world import HiveWorld
from bee_robot.sim.plant import PlantEvent
from bee_robot.sim.twin import Twin

EXPOSED_WITHIN_S = (
    2.0  # robot time from the flash to the request of its picture: its way through the graph, at speed
)
PHOTO_SPOT_MM = 15.0  # how far along Y from the middle a frame is still in focus
DARKNESS = 0.04  # of the strobe's light, without it: the red work light through the camera's filter
JPEG_QUALITY = 90


class ViewError(Exception):
    """There is nothing to see for this camera: why."""


@dataclass(frozen=True)
class Scene:
    """What hangs before one camera at one instant."""

    face: CombFace
    half: Half
    is_lit: bool
    seed: int
    camera: str
    box: int


class TwinView:
    """Watches the twin (strobe) and draws what a camera sees."""

    def __init__(self, twin: Twin, world: HiveWorld) -> None:
        self._twin = twin
        self._world = world
        self._flash_s = float("-inf")

    def see(self, block: Block, events: Mapping[int, PlantEvent]) -> None:
        lit = np.flatnonzero(block.motions.outputs["strobe"])
        if len(lit):
            self._flash_s = float(block.motions.t_s[lit[-1]])

    def scene(self, camera: str) -> Scene:
        """Raises ViewError where no frame hangs before the camera."""
        situation = self._twin.situation()
        frame = situation.frame
        if frame is None or frame.rests or situation.box is None:
            raise ViewError(f"no frame hangs before camera {camera}")
        if abs(frame.y_mm) > PHOTO_SPOT_MM:
            raise ViewError(
                f"frame {frame.number} hangs {frame.y_mm:.0f} mm from the photo spot, out of focus for camera {camera}"
            )
        side, beam = camera.split("_")
        half: Half = "left" if (beam == "left") == (side == "rear") else "right"
        if (
            self._twin.sample().outputs["strobe"] > 0
        ):  # time may stand between a flash and the next look at the twin
            self._flash_s = self._twin.now_s
        is_lit = self._twin.now_s - self._flash_s <= EXPOSED_WITHIN_S
        seed = zlib.crc32(f"{situation.box} {frame.number} {side} {half}".encode())
        return Scene(self._face(situation.box, frame.number, side), half, is_lit, seed, camera, situation.box)

    def _face(self, box: int, number: int, side: str) -> CombFace:
        """Frames keep their combs wherever they are hung; one that has been brought from elsewhere is not known."""
        origin = self._twin.origin(box, number)
        if origin == (0, 0):
            raise ViewError(f"frame {number} of box {box} is new: nothing is known of its comb")
        return self._world.face(*origin, side)

    def draw(self, scene: Scene, width_px: int, height_px: int) -> bytes:
        """The picture as JPEG. Does not touch the twin, so it may run in another thread."""
        robot = self._twin.robot
        view = mounted_view(
            scene.half,
            width_px,
            height_px,
            zlib.crc32(scene.camera.encode()),
            view_width_mm=robot.view_width_mm(scene.camera),
            camera=robot.camera_place(scene.box),
        )
        image, _ = render_view(
            scene.face, width_px=width_px, height_px=height_px, half=scene.half, seed=scene.seed, view=view
        )
        if not scene.is_lit:
            image = (image * DARKNESS).astype(np.uint8)
        done, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not done:
            raise ViewError(f"the picture of {scene.face.side} could not be encoded")
        return bytes(buffer)
