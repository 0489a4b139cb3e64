"""frame_cameras: photographs both halves of a face, stores the pictures, shows them on the graph."""

from __future__ import annotations

import array
import asyncio
import sys
from pathlib import Path
from typing import Any

from sensor_msgs.msg import CameraInfo, CompressedImage

from bee_robot.clock import pause_wall
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
from bee_robot.nodes.camera_health import CameraHealth
from bee_robot.nodes.driver_node import DeviceError, DriverNode
from bee_robot.nodes.lease_watch import LeaseWatch
from bee_robot.nodes.needs import Need, Needs
from bee_robot.nodes.process import run_node
from bee_robot_interfaces.srv import CaptureFace, RenderPicture, SetOutput

STROBE_WAIT_S = 2.0
PICTURE_WAIT_S = 20.0
READY_WALL_S = 5.0  # for those who answer to a request of this node; they may have been started with it
TOWER_GONE_WALL_S = 60.0  # of silence, also where robot time stands: whoever ends does not wait for longer


class FrameCameras(DriverNode):
    """See module; its parameters are in parameters.py, its life in driver_node.py."""

    def __init__(self, **options: Any) -> None:
        super().__init__("frame_cameras", **options)
        self._render = self.create_client(RenderPicture, "sim/render")
        self._strobe = self.create_client(SetOutput, "tower/output")
        self._lease = LeaseWatch(self, self.bridge.clock)
        self._cameras: dict[str, Camera] = {}
        self._store: LocalStore | None = None
        self._service: Any = None
        self._pictures = {
            name: self.create_lifecycle_publisher(
                CompressedImage,
                f"camera/{name}/image/compressed",
                qos.of(f"camera/{name}/image/compressed"),
            )
            for name in CAMERA_NAMES
        }
        self._infos = {
            name: self.create_lifecycle_publisher(
                CameraInfo, f"camera/{name}/camera_info", qos.of(f"camera/{name}/camera_info")
            )
            for name in CAMERA_NAMES
        }
        self._needs = Needs(self, [Need("tower_driver", "tower/output", self._strobe.service_is_ready)])
        if self.parameter("sim") and not self.parameter("photos"):
            self._needs.add(Need("sim_world", "sim/render", self._render.service_is_ready))
        self._health = CameraHealth(self.bridge.clock)
        for name in CAMERA_NAMES:
            self.diagnostics.add(name, self._health.task(name))
        self.diagnostics.add("needs", self._needs.look)

    # the device

    async def connect(self) -> None:
        try:
            self._cameras = self._make_cameras(self.parameter("photos"))
            self._store = LocalStore.open(Path(self.parameter("store")))
        except (CameraError, StoreError) as error:
            raise DeviceError(str(error)) from None

    def _make_cameras(self, photos: str) -> dict[str, Camera]:
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

    def reason_to_stay(self) -> str:
        held = self._lease.says()
        return f"{held}: a visit would lose its pictures" if held else ""

    async def end_well(self, because: str) -> None:
        """Whoever moves the tower gets pictures until the end: the cameras stay while its motion lease is held."""
        held = self._lease.says()
        if held:
            self.get_logger().info(f"ends ({because}) once the tower is free: {held}")
        while self._lease.holder() and self._lease.silent_wall_s < TOWER_GONE_WALL_S:
            await pause_wall(0.05)
        await super().end_well(because)

    async def disconnect(self, because: str) -> None:
        self._cameras = {}
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def serve(self) -> None:
        self._service = self.create_service(
            CaptureFace, "capture_face", self._capture, callback_group=self.waiting_group
        )

    def withdraw(self) -> None:
        if self._service is not None:
            self.destroy_service(self._service)
            self._service = None

    # pictures

    async def _capture(self, request: Any, response: Any) -> Any:
        if self.is_ending:
            response.success, response.message = False, "frame_cameras is ending"
            return response
        try:
            with self.answering():
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
        photographs = await asyncio.gather(*(self._grab(name) for name in names))
        return [(photo, self._save(photo, request)) for photo in photographs if photo is not None]

    async def _grab(self, name: str) -> Photograph | None:
        try:
            photograph = await self._cameras[name].grab()
        except (CameraError, TimeoutError) as error:
            self._health.failed(name, str(error))
            raise
        self._health.took(name)
        return photograph

    async def _fire_strobe(self) -> None:
        """One flash for all cameras of the face; the board ends it by itself."""
        missing = await self._needs.wait(READY_WALL_S)
        if missing:
            raise CameraError(missing)
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
        assert self._store is not None  # served only while it is open
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
        # as robot_state_publisher names it: with the robot's name before it, or none
        image.header.frame_id = f"{self.get_namespace()}/{photograph.camera}_optical".lstrip("/")
        image.data = array.array("B", photograph.data)
        self._pictures[photograph.camera].publish(image)
        info = CameraInfo(width=photograph.width_px, height=photograph.height_px)
        info.header = image.header
        self._infos[photograph.camera].publish(info)


def main(args: list[str] | None = None) -> int:
    return run_node(FrameCameras, args)


if __name__ == "__main__":
    sys.exit(main())
