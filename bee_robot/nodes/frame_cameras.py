"""frame_cameras: photographs both halves of a face, stores the pictures, shows them on the graph."""

from __future__ import annotations

import array
import asyncio
import sys
from pathlib import Path
from typing import Any

from sensor_msgs.msg import CameraInfo, CompressedImage

from bee_robot.cloud.local_store import LocalStore, StoreError
from bee_robot.configuration import CAMERA_NAMES
from bee_robot.devices.camera import (
    Camera,
    CameraError,
    FolderCamera,
    PhotoFolder,
    Photograph,
    SimulatedCamera,
    VideoCamera,
)
from bee_robot.nodes import qos
from bee_robot.nodes.process import BeeNode, StartError, run_node
from bee_robot_interfaces.srv import CaptureFace, RenderPicture, SetOutput

STROBE_WAIT_S = 2.0
PICTURE_WAIT_S = 20.0


class FrameCameras(BeeNode):
    """Parameters: robot_file; store (folder); photos (folder, or empty); sim (pictures from sim_world)."""

    def __init__(self) -> None:
        super().__init__("frame_cameras")
        photos = self.parameter("photos")
        self._render = self.create_client(RenderPicture, "sim/render")
        self._strobe = self.create_client(SetOutput, "tower/output")
        self._cameras = self._make_cameras(photos)
        self._pictures = {
            name: self.create_publisher(
                CompressedImage,
                f"camera/{name}/image/compressed",
                qos.of(f"camera/{name}/image/compressed"),
            )
            for name in CAMERA_NAMES
        }
        self._infos = {
            name: self.create_publisher(
                CameraInfo, f"camera/{name}/camera_info", qos.of(f"camera/{name}/camera_info")
            )
            for name in CAMERA_NAMES
        }
        try:
            self._store = LocalStore.open(Path(self.parameter("store")))
        except StoreError as error:
            raise StartError(f"frame_cameras: {error}") from None

    def _make_cameras(self, photos: str) -> dict[str, Camera]:
        try:
            if photos:
                folder = PhotoFolder(Path(photos))
                for line in folder.skipped:
                    self.get_logger().warning(f"left out of --photos: {line}")
                return {name: FolderCamera(name, folder) for name in CAMERA_NAMES}
            if self.parameter("sim"):
                return {
                    name: SimulatedCamera(name, self.robot.cameras[name], self._look) for name in CAMERA_NAMES
                }
            return {name: VideoCamera(name, self.robot.cameras[name]) for name in CAMERA_NAMES}
        except CameraError as error:
            raise StartError(f"frame_cameras: {error}") from None

    def begin(self) -> None:
        self.create_service(CaptureFace, "capture_face", self._capture, callback_group=self.waiting_group)

    async def _capture(self, request: Any, response: Any) -> Any:
        try:
            photographs = await self.bridge.submit(self._photograph(request))
        except (CameraError, StoreError, TimeoutError) as error:
            response.success, response.message = False, str(error)
            return response
        except Exception as error:  # noqa: BLE001 - said to whoever asked and in the log
            self.get_logger().error(f"capture_face failed: {error!r}")
            response.success, response.message = False, f"fault in the software of frame_cameras: {error!r}"
            return response
        for photograph, sha256 in photographs:
            response.pictures.append(sha256)
            response.cameras.append(photograph.camera)
            response.views.append(photograph.view)
            self._show(photograph)
        response.success = bool(photographs)
        return response

    async def _photograph(self, request: Any) -> list[tuple[Photograph, str]]:
        """Strobe, grab, store. Raises CameraError, StoreError or TimeoutError."""
        names = [name for name in CAMERA_NAMES if name.startswith(f"{request.face}_")]
        if not names:
            raise CameraError(f"no camera sees a face {request.face!r}; faces are rear and front")
        await self._fire_strobe()
        photographs = await asyncio.gather(*(self._cameras[name].grab() for name in names))
        return [(photo, self._save(photo, request)) for photo in photographs if photo is not None]

    async def _fire_strobe(self) -> None:
        """One flash for all cameras of the face; the board ends it by itself."""
        if not self._strobe.service_is_ready():
            raise CameraError("the strobe does not answer (tower/output); is tower_driver running?")
        request = SetOutput.Request(output="strobe", value=1.0)
        answer = await self.bridge.ask(
            lambda: self._strobe.call_async(request), STROBE_WAIT_S, "tower/output"
        )
        if not answer.success:
            raise CameraError(f"the strobe did not fire: {answer.message}")

    async def _look(self, name: str, width_px: int, height_px: int) -> bytes:
        request = RenderPicture.Request(camera=name, width=width_px, height=height_px)
        answer = await self.bridge.ask(lambda: self._render.call_async(request), PICTURE_WAIT_S, "sim/render")
        if not answer.success:
            raise CameraError(f"camera {name}: {answer.message}")
        return bytes(answer.image.data)

    def _save(self, photograph: Photograph, request: Any) -> str:
        try:
            return self._store.save_picture(
                photograph.data,
                camera=photograph.camera,
                view=photograph.view,
                taken_utc=self.bridge.clock.utc(),
                inspection=request.inspection or None,
                box=request.box,
                frame=request.frame,
                face=request.face,
                source=photograph.source,
            )
        except ValueError as error:
            raise CameraError(f"camera {photograph.camera}: {photograph.source}: {error}") from None

    def _show(self, photograph: Photograph) -> None:
        image = CompressedImage(format=photograph.format)
        image.header.stamp = self.stamp()
        image.header.frame_id = f"{photograph.camera}_optical"
        image.data = array.array("B", photograph.data)
        self._pictures[photograph.camera].publish(image)
        info = CameraInfo(width=photograph.width_px, height=photograph.height_px)
        info.header = image.header
        self._infos[photograph.camera].publish(info)

    def close(self) -> None:
        super().close()
        self._store.close()


def main(args: list[str] | None = None) -> int:
    return run_node(FrameCameras, args)


if __name__ == "__main__":
    sys.exit(main())
