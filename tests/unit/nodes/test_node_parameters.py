"""Parameters of a node as its users meet them: refused at the start and at run time, described in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_stage import TOWER, Stage, ask
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters, SetParametersAtomically

from bee_robot.nodes.bag_recording import Limits
from bee_robot.nodes.frame_analyzer import FrameAnalyzer
from bee_robot.nodes.process import StartError
from bee_robot.nodes.recorder import Recorder
from bee_robot.nodes.sim_world import SimWorld


def start(stage: Stage, *words: str) -> None:
    arguments = [word for given in words for word in ("-p", given)]
    SimWorld(context=stage.context("--ros-args", *arguments))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sped:=4.0"], "sim_world: no parameter 'sped' (given 4.0); there are day, patience, robot_file"),
        (["speed:=4"], "sim_world: parameter speed = 4 is no double; write 4.0"),
        (["speed:=5000.0"], "sim_world: parameter speed = 5000 is not within 0.1 to 1000"),
        (["seed:=-1"], "sim_world: parameter seed = -1 is not within 0 to 2147483647"),
        (["scenario:=storng"], "sim_world: parameter scenario = 'storng' is none of strong, "),
        (["day:=soon"], "sim_world: parameter day = 'soon' is no integer"),
        (["use_sim_time:=maybe"], "sim_world: parameter use_sim_time = 'maybe' is no bool"),
        (["seed:=3"], "sim_world: parameter robot_file is not set"),
        (["robot_file:=''"], "sim_world: parameter robot_file is empty"),
    ],
)
def test_a_wrong_parameter_ends_the_start_with_one_line(stage: Stage, words: list[str], says: str) -> None:
    with pytest.raises(StartError) as refused:
        start(stage, *words)
    assert str(refused.value).startswith(says) and "\n" not in str(refused.value)


def test_qos_overrides_are_not_ours_to_refuse(stage: Stage, tmp_path: Path) -> None:
    words = [f"robot_file:={TOWER}", f"run_dir:={tmp_path}", "qos_overrides./clock.publisher.depth:=1"]
    arguments = [word for given in words for word in ("-p", given)]
    world = SimWorld(context=stage.context("--ros-args", *arguments))
    assert world.parameter("seed") == 1
    world.close()
    world.destroy_node()


def test_run_time_changes_and_descriptions(stage: Stage, tmp_path: Path) -> None:
    stage.start(FrameAnalyzer, store=tmp_path / "store")
    observer = stage.observer()
    changes = observer.create_client(SetParameters, "frame_analyzer/set_parameters")
    day = Parameter(name="day", value=ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=3))
    sped = Parameter(name="sped", value=ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=3))
    for changed, says in ((day, "read-only"), (sped, "undeclared")):
        (result,) = ask(changes, SetParameters.Request(parameters=[changed])).results
        assert not result.successful and says in result.reason

    describe = observer.create_client(DescribeParameters, "frame_analyzer/describe_parameters")
    (found,) = ask(describe, DescribeParameters.Request(names=["day"])).descriptors
    assert found.read_only and "fixed summer day" in found.description
    assert (found.integer_range[0].from_value, found.integer_range[0].to_value) == (0, 400)


def _use_sim_time(value: bool) -> Parameter:
    return Parameter(
        name="use_sim_time",
        value=ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=value),
    )


def test_the_clock_of_a_running_node_is_not_exchanged(stage: Stage, tmp_path: Path) -> None:
    """Timers of the node's clock would stand still, and with them a visit."""
    analyzer = stage.start(FrameAnalyzer, store=tmp_path / "store")
    recorder = Recorder(limits=Limits(tmp_path / "bag"), context=stage.context())
    stage.spin(recorder)
    observer = stage.observer()
    for node in (analyzer, recorder):
        for kind, name in (
            (SetParameters, "set_parameters"),
            (SetParametersAtomically, "set_parameters_atomically"),
        ):
            changes = observer.create_client(kind, f"{node.get_name()}/{name}")
            answer = ask(changes, kind.Request(parameters=[_use_sim_time(True)]))
            result = answer.results[0] if kind is SetParameters else answer.result
            assert not result.successful and "at the start only" in result.reason
            assert not node.get_clock().ros_time_is_active
            answer = ask(changes, kind.Request(parameters=[_use_sim_time(False)]))
            result = answer.results[0] if kind is SetParameters else answer.result
            assert result.successful, "no change"
    recorder.finish()
