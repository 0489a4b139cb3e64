"""RosFaceCapture: the FaceCapture contract through the node frame_cameras."""

from __future__ import annotations

from rclpy.node import Node

from bee_robot.devices.frame_cameras import CapturedFace, Face, FaceCaptureError, FaceLabel
from bee_robot.nodes.asyncio_bridge import AsyncioBridge
from bee_robot_interfaces.srv import CaptureFace

CAPTURE_S = 30.0


class RosFaceCapture:
    """See `bee_robot.devices.frame_cameras.FaceCapture`."""

    def __init__(self, node: Node, bridge: AsyncioBridge) -> None:
        self._bridge = bridge
        self._client = node.create_client(CaptureFace, "capture_face")

    def is_ready(self) -> bool:
        return bool(self._client.service_is_ready())

    async def capture_face(self, face: Face, label: FaceLabel) -> CapturedFace:
        if not self.is_ready():
            raise FaceCaptureError("capture_face is not there; is frame_cameras running?")
        request = CaptureFace.Request(
            inspection=label.inspection, box=label.box, frame=label.frame, face=face
        )
        try:
            answer = await self._bridge.ask(
                lambda: self._client.call_async(request), CAPTURE_S, "capture_face"
            )
        except TimeoutError as error:
            raise FaceCaptureError(f"{error}; look at frame_cameras") from None
        if not answer.success:
            raise FaceCaptureError(answer.message)
        return CapturedFace(face, tuple(answer.pictures), tuple(answer.cameras), tuple(answer.views))
