"""frame_cameras as a lifecycle node, and what it says of cameras and of those it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from node_stage import ROOT, Stage, ask, until
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

from bee_robot.clock import SteppedClock, wall_s, wall_sleep
from bee_robot.nodes import lease_watch, qos
from bee_robot.nodes.frame_cameras import FrameCameras
from bee_robot.nodes.lease_watch import LeaseWatch
from bee_robot_interfaces.msg import TowerState
from bee_robot_interfaces.srv import CaptureFace, SetOutput

PHOTOS = ROOT / "tests" / "data" / "photos"


class Scene:
    """The cameras, deliver photographs of a folder; a manager; a tower that is only played."""

    def __init__(self, stage: Stage, store: Path) -> None:
        self.observer = stage.observer()
        self.health: dict[str, DiagnosticStatus] = {}
        self._change = self.observer.create_client(ChangeState, "frame_cameras/change_state")
        self._get = self.observer.create_client(GetState, "frame_cameras/get_state")
        self.capture = self.observer.create_client(CaptureFace, "capture_face")
        self._towers = self.observer.create_publisher(TowerState, "tower/state", qos.of("tower/state"))
        self.observer.create_subscription(DiagnosticArray, "diagnostics", self._take, qos.of("diagnostics"))
        self.cameras = stage.start(FrameCameras, photos=PHOTOS, store=store)

    def _take(self, msg: DiagnosticArray) -> None:
        self.health.update({status.name: status for status in msg.status})

    def play_strobe(self) -> None:
        def flash(_: Any, response: Any) -> Any:
            response.success = True
            return response

        self.observer.create_service(SetOutput, "tower/output", flash)

    def change(self, label: str) -> bool:
        return bool(ask(self._change, ChangeState.Request(transition=Transition(label=label))).success)

    def state(self) -> str:
        return str(ask(self._get, GetState.Request()).current_state.label)

    def tower_says(self, holder: str) -> None:
        self._towers.publish(TowerState(lease_holder=holder))

    def someone_moves(self) -> None:
        """Told until it was heard: nobody repeats it here."""
        until(lambda: self._towers.get_subscription_count(), "the cameras listen")
        self.tower_says("visit 7")
        until(lambda: self.cameras.reason_to_stay(), "they have heard of it")

    def tower_goes(self) -> None:
        self.observer.destroy_publisher(self._towers)

    def level(self, name: str) -> bytes | None:
        return self.health[name].level if name in self.health else None


@pytest.fixture
def scene(stage: Stage, tmp_path: Path) -> Scene:
    return Scene(stage, tmp_path / "store")


def test_they_stay_while_somebody_holds_the_motion_lease(scene: Scene) -> None:
    until(lambda: scene.state() == "active", "active by itself")
    assert scene.capture.wait_for_service(timeout_sec=5.0)

    scene.someone_moves()
    assert not scene.change("deactivate"), "a manager does not stop a visit half way"
    wall_sleep(1.5 * lease_watch.FRESH_WALL_S)
    assert not scene.change("deactivate"), "a tower that is silent is not free"
    assert "silent" in scene.cameras.reason_to_stay() and "'visit 7'" in scene.cameras.reason_to_stay()
    assert scene.state() == "active"
    scene.tower_says("")
    until(lambda: scene.change("deactivate"), "nobody moves the tower any more")
    until(lambda: not scene.capture.service_is_ready(), "nothing is served")
    assert scene.change("cleanup") and scene.change("configure") and scene.change("activate")
    assert scene.capture.wait_for_service(timeout_sec=5.0)


def test_a_shutdown_waits_for_the_visit_and_serves_it(scene: Scene) -> None:
    until(lambda: scene.state() == "active", "active by itself")
    scene.play_strobe()
    scene.someone_moves()
    assert scene.change("shutdown") and scene.cameras.end_because
    ending = scene.cameras.bridge.start(scene.cameras.end_well(scene.cameras.end_because))
    answer = ask(scene.capture, CaptureFace.Request(box=1, frame=1, face="rear"))
    assert answer.success, answer.message
    assert not ending.done()
    scene.tower_says("")
    until(ending.done, "the visit is over")
    assert not ask(scene.capture, CaptureFace.Request(box=1, frame=1, face="rear")).success


def test_an_end_does_not_wait_for_a_tower_driver_that_has_gone(scene: Scene) -> None:
    until(lambda: scene.state() == "active", "active by itself")
    scene.someone_moves()
    ending = scene.cameras.bridge.start(scene.cameras.end_well("SIGTERM"))
    wall_sleep(0.2)
    assert not ending.done()
    scene.tower_goes()
    until(ending.done, "nobody is there to be waited for", timeout_s=lease_watch.LAPSED_S - 1.0)


def test_a_lease_is_not_lost_while_robot_time_stands(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulation draws a picture: no state comes for long, and nothing has happened."""
    clock, observer = SteppedClock(100.0), stage.observer()
    watch = LeaseWatch(stage.observer("watcher"), clock)
    towers = observer.create_publisher(TowerState, "tower/state", qos.of("tower/state"))
    assert watch.holder() == "" and watch.says() == "", "never heard of a tower"
    until(lambda: towers.get_subscription_count(), "it listens")
    towers.publish(TowerState(lease_holder="visit 7"))
    until(lambda: watch.holder() == "visit 7", "it is heard")
    monkeypatch.setattr(lease_watch, "wall_s", lambda: wall_s() + 30.0)
    assert watch.holder() == "visit 7" and "silent for 30 s" in watch.says()
    clock.advance_to(100.0 + lease_watch.LAPSED_S - 0.1)
    assert watch.holder() == "visit 7", "states may be lost on their way"
    clock.advance_to(100.0 + lease_watch.LAPSED_S + 0.1)
    assert watch.holder() == "", "whoever held it has not renewed it"


def test_a_face_with_its_flash_and_what_is_said_of_the_cameras(scene: Scene) -> None:
    until(lambda: scene.level("frame_cameras: needs") == DiagnosticStatus.WARN, "tower_driver is waited for")
    assert "tower_driver" in scene.health["frame_cameras: needs"].message
    scene.play_strobe()
    until(lambda: scene.level("frame_cameras: needs") == DiagnosticStatus.OK, "all is there")
    answer = ask(scene.capture, CaptureFace.Request(box=1, frame=1, face="rear"))
    assert answer.success and answer.cameras == ["rear_left"] and len(answer.pictures[0]) == 64

    def pictures() -> dict[str, str]:
        status = scene.health["frame_cameras: rear_left"]
        return {value.key: value.value for value in status.values}

    until(lambda: pictures()["pictures"] == "1", "the picture is counted")
    assert pictures()["failures"] == "0" and float(pictures()["last_picture_age_s"]) < 10


def test_another_folder_of_photographs_while_they_are_unconfigured(stage: Stage, tmp_path: Path) -> None:
    cameras = stage.start(FrameCameras, autostart="false", photos=PHOTOS, store=tmp_path / "store")
    changes = stage.observer().create_client(SetParameters, "frame_cameras/set_parameters")
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(tmp_path))
    (result,) = ask(
        changes, SetParameters.Request(parameters=[Parameter(name="photos", value=value)])
    ).results
    assert result.successful and cameras.parameter("photos") == str(tmp_path)


def test_a_folder_without_pictures_is_one_line_and_the_end(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    cameras = stage.start(FrameCameras, photos=tmp_path / "empty", store=tmp_path / "store")
    until(lambda: cameras.is_finished, "it gives up")
    assert cameras.exit_code == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("frame_cameras:")]
    assert len(said) == 1 and "no readable picture" in said[0]
