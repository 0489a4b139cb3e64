"""An operator's machine comes up by `ros2 launch bee_robot console.launch.yaml`, records, and ends well."""

from __future__ import annotations

import unittest
from typing import Any, ClassVar

import pytest

launch_testing = pytest.importorskip(
    "launch_testing", reason="launch_testing of ROS 2 is not here: source /opt/ros/<distro>/setup.bash"
)

from launch_testing.asserts import assertExitCodes  # noqa: E402
from ros_watching import Watcher, launched, new_folder  # noqa: E402

FOLDER = new_folder()


@pytest.mark.launch_test
@pytest.mark.timeout(240)
def generate_test_description() -> Any:
    return launched("console.launch.yaml", folder=str(FOLDER))


class TestConsole(unittest.TestCase):
    watcher: ClassVar[Watcher]

    @classmethod
    def setUpClass(cls) -> None:
        cls.watcher = Watcher()
        cls.addClassCleanup(cls.watcher.close)

    def test_its_nodes_are_in_the_namespace_of_the_robot(self) -> None:
        self.watcher.wait_for(lambda: "/tower_1/recorder" in self.watcher.nodes(), "node /tower_1/recorder")

    def test_a_recording_is_begun(self) -> None:
        self.watcher.wait_for(lambda: any(FOLDER.rglob("*.mcap")), f"a bag below {FOLDER}")


@launch_testing.post_shutdown_test()
class TestConsoleAfterwards(unittest.TestCase):
    def test_every_process_ended_well(self, proc_info: Any) -> None:
        assert proc_info.processes()
        assertExitCodes(proc_info)

    def test_the_recording_is_whole(self) -> None:
        assert list(FOLDER.rglob("metadata.yaml"))
