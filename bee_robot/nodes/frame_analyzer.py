"""frame_analyzer: analyses photographed faces from the store, beside the visit and never in its way."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

from bee_robot.clock import pause_wall, wall_s
from bee_robot.cloud.local_store import LocalStore, StoreError
from bee_robot.cloud.records import FaceRecord
from bee_robot.hive.face import FaceAnalysis
from bee_robot.nodes import qos
from bee_robot.nodes.diagnostics import Status
from bee_robot.nodes.process import BeeNode, StartError, run_node
from bee_robot.vision.face_analyzer import analyze_photographs
from bee_robot.vision.model_runtime import ModelError
from bee_robot.vision.photograph import Photograph, PhotographError
from bee_robot_interfaces.msg import FaceResult, InspectionEvent

NICENESS = 10  # whatever closes the hive goes first


class FrameAnalyzer(BeeNode):
    """Works off every face in the store that has no analysis yet. Its parameters are in parameters.py."""

    def __init__(self, **options: Any) -> None:
        super().__init__("frame_analyzer", **options)
        os.nice(NICENESS)
        cv2.setNumThreads(1)
        try:
            self._store = LocalStore.open(Path(self.parameter("store")))
        except StoreError as error:
            raise StartError(f"frame_analyzer: {error}") from None
        self._results = self.create_publisher(FaceResult, "inspection/faces", qos.of("inspection/faces"))
        self._work = asyncio.Event()
        self._is_ending = False
        self._worker: Any = None
        self._waiting = self._analysed = self._failures = 0
        self._in_hand = self._trouble = ""
        self._face_s: float | None = None
        self.diagnostics.add("faces", self._look)

    def begin(self) -> None:
        self.create_subscription(
            InspectionEvent, "inspection/events", self._take_event, qos.of("inspection/events")
        )
        self._worker = self.bridge.submit(self._work_off())
        self._worker.add_done_callback(self._worker_ended)

    def _take_event(self, _: InspectionEvent) -> None:
        self.bridge.call_soon(self._work.set)

    def _worker_ended(self, future: Any) -> None:
        error = future.exception()
        if error is not None and not isinstance(error, asyncio.CancelledError):
            sys.stderr.write(f"frame_analyzer: {error}\n")
            self.exit_code, self.is_finished = 1, True

    async def end_well(self, because: str) -> None:
        """The picture in hand is finished; what is left stays in the store and is done at the next start."""
        self._is_ending = True
        self._work.set()
        while self._worker is not None and not self._worker.done():
            await pause_wall(0.01)

    async def _work_off(self) -> None:
        while not self._is_ending:
            self._work.clear()
            pending = self._store.pending_faces()
            for done, face in enumerate(pending):
                if self._is_ending:
                    return
                self._waiting, self._in_hand = len(pending) - done, f"frame {face.frame} {face.face}"
                began_s = wall_s()
                result = await asyncio.to_thread(self._analyse, face)
                self._count(result, wall_s() - began_s)
                self._results.publish(result)
            self._waiting, self._in_hand = 0, ""
            await self._work.wait()

    def _count(self, result: FaceResult, took_s: float) -> None:
        self._analysed += 1
        self._failures += bool(result.error)
        self._face_s, self._trouble = took_s, result.error

    def _look(self, status: Status) -> None:
        status.values |= {
            "queue": self._waiting,
            "in_hand": self._in_hand,
            "seconds_per_face": self._face_s,
            "analysed": self._analysed,
            "failures": self._failures,
        }
        if self._trouble:
            status.warn(f"the last face could not be analysed: {self._trouble}")
        else:
            status.ok(f"{self._waiting} faces wait" if self._waiting else "nothing waits")

    def _analyse(self, face: FaceRecord) -> FaceResult:
        result = FaceResult(
            inspection=face.inspection, hive=self.robot.hive.name, box=face.box, frame=face.frame
        )
        result.face = face.face
        result.header.stamp = self.stamp()
        try:
            photographs = [
                Photograph(
                    self._store.picture_bytes(picture.sha256),
                    view=picture.view,
                    mm_per_pixel=self._scale(picture.view, picture.width_px),
                    name=picture.source or picture.camera,
                )
                for picture in face.pictures
            ]
            face_seen = analyze_photographs(photographs, **self._seen_by(face.box))
        except (PhotographError, ModelError, StoreError) as error:
            return self._failed(face, result, str(error))
        except Exception as error:  # noqa: BLE001 - one face that breaks the method must not keep the others waiting
            self.get_logger().error(f"fault in the analysis of frame {face.frame} {face.face}: {error!r}")
            return self._failed(face, result, f"fault in the software: {error!r}")
        self._store.record_analysis(face.id, face_seen.analysis, face_seen.straight_jpeg)
        return _with_numbers(result, face_seen.analysis)

    def _failed(self, face: FaceRecord, result: FaceResult, error: str) -> FaceResult:
        self._store.record_failed_analysis(face.id, error)
        result.error = error
        return result

    def _seen_by(self, box: int) -> dict[str, Any]:
        """Comb and cameras of a box that this hive has; a photograph from elsewhere is of the reference hive's."""
        if not 1 <= box <= self.robot.hive.boxes:
            return {}
        return {"camera": self.robot.camera_place(box), "comb": self.robot.hive.box(box).comb}

    def _scale(self, view: str, width_px: int) -> float | None:
        """mm per pixel at the comb for the robot's own cameras; a photograph of a person has none."""
        return None if view == "whole" else self.robot.view_width_mm("rear_left") / width_px

    def close(self) -> None:
        super().close()
        self._store.close()


def _with_numbers(result: FaceResult, analysis: FaceAnalysis) -> FaceResult:
    result.is_analysed = True
    result.model = f"{analysis.model} {analysis.model_version}".strip()
    result.provider = analysis.runtime_provider
    if analysis.bees is not None:
        result.bees, result.bees_low, result.bees_high = (
            analysis.bees.value,
            analysis.bees.low,
            analysis.bees.high,
        )
    # Whoever needs thousands of cells reads them from the store.
    result.analysis = json.dumps(replace(analysis, map=None).to_dict())
    return result


def main(args: list[str] | None = None) -> int:
    return run_node(FrameAnalyzer, args)


if __name__ == "__main__":
    sys.exit(main())
