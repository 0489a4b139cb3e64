"""A node's name is given once on a graph; the later one leaves."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from node_stage import Stage

from bee_robot.nodes import recorder
from bee_robot.nodes.recorder import Recorder


def test_a_second_recorder_of_one_name_leaves(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.observer("recorder")
    given_up = threading.Timer(15.0, lambda: os.kill(os.getpid(), signal.SIGINT))
    given_up.start()
    try:
        status = recorder.run(Recorder, ["--ros-args", "-p", f"folder:={tmp_path}"])
    finally:
        given_up.cancel()
    said = capsys.readouterr().err
    assert status == 3 and "node name /recorder is taken on this graph" in said and "--namespace" in said
