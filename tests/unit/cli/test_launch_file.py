"""Launch files mean here what they mean to `ros2 launch`, and say where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bee_robot import configuration
from bee_robot.cli import locations
from bee_robot.cli.launching.launch_file import load
from bee_robot.cli.launching.lined_yaml import LaunchError

TOWER = locations.SOURCE_TREE / "launch" / "tower.launch.yaml"


def written(folder: Path, text: str, name: str = "some.launch.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def node(attributes: str = "") -> str:
    return f'launch:\n  - node: {{pkg: "bee_robot", exec: "tower_driver"{", " if attributes else ""}{attributes}}}\n'


class TestTower:
    def test_simulated_tower_starts_from_the_machine_upwards(self) -> None:
        names = [each.name for each in load(TOWER, {"sim": "true"}).nodes]
        ours = ["sim_world", "tower_driver", "frame_cameras", "frame_analyzer", "frame_extractor"]
        assert names == [*ours, "visit_scheduler", "robot_state_publisher"]

    def test_a_robot_for_one_job_follows_no_schedule(self) -> None:
        names = [each.name for each in load(TOWER, {"schedule": "false"}).nodes]
        assert "frame_extractor" in names and "visit_scheduler" not in names

    def test_real_tower_has_no_simulation_and_no_simulated_time(self) -> None:
        nodes = {each.name: each for each in load(TOWER, {}).nodes}
        assert "sim_world" not in nodes
        assert "port" not in nodes["tower_driver"].parameters
        assert nodes["frame_extractor"].parameters["use_sim_time"] is False

    def test_speed_is_a_float_however_it_is_written(self) -> None:
        sim_world = load(TOWER, {"sim": "true", "speed": "10"}).nodes[0]
        assert sim_world.parameters["speed"] == 10.0
        assert "speed:=10.0" in sim_world.command()

    def test_a_path_that_looks_like_a_number_stays_text(self) -> None:
        sim_world = load(TOWER, {"sim": "true", "trace": "5"}).nodes[0]
        assert 'trace:="5"' in sim_world.command()

    def test_driver_and_simulated_world_agree_on_the_port(self) -> None:
        nodes = {each.name: each for each in load(TOWER, {"sim": "true", "run_dir": "/run/here"}).nodes}
        assert nodes["tower_driver"].parameters["port"] == "/run/here/board"
        assert nodes["sim_world"].parameters["run_dir"] == "/run/here"

    def test_every_node_gets_time_to_close_the_hive(self) -> None:
        assert all(each.sigterm_timeout_s >= 120 for each in load(TOWER, {"sim": "true"}).nodes)

    def test_default_namespace_is_the_name_of_the_reference_robot(self) -> None:
        robot = configuration.load(locations.default_robot_file())
        assert load(TOWER, {}).values["namespace"] == robot.robot

    def test_every_executable_is_an_entry_point_of_the_package(self) -> None:
        entry_points = (locations.SOURCE_TREE / "setup.py").read_text()
        ours = [each for each in load(TOWER, {"sim": "true"}).nodes if each.package == "bee_robot"]
        assert ours and all(f'"{each.executable}"' in entry_points for each in ours)


class TestElements:
    def test_let_condition_remap_env_and_arguments(self, tmp_path: Path) -> None:
        text = """
launch:
  - arg: {name: "kind", default: "tower"}
  - let: {name: "full", value: "$(var kind)_1"}
  - node:
      pkg: "bee_robot"
      exec: "tower_driver"
      name: "driver"
      if: "$(not false)"
      namespace: "$(var full)"
      args: "--quick $(var kind)/one 'two words' $(env NOT_SET_ANYWHERE 'a b')"
      remap: [{from: "a", to: "b"}]
      env: [{name: "X", value: "$(env NOT_SET_ANYWHERE none)"}]
      param: [{name: "rate", value: 10}, {name: "list", value: [1.0, 2.0]}, {name: "text", value: "7"}]
"""
        only = load(written(tmp_path, text), {}).nodes[0]
        assert (only.name, only.namespace, only.arguments) == (
            "driver",
            "/tower_1",
            ("--quick", "tower/one", "two words", "a b"),
        )
        assert only.remappings == (("a", "b"),)
        assert only.environment == {"X": "none"}
        assert only.parameters == {"rate": 10, "list": [1.0, 2.0], "text": "7"}

    def test_a_group_keeps_its_settings_to_itself(self, tmp_path: Path) -> None:
        text = """
launch:
  - let: {name: "x", value: "outer"}
  - group:
      - push_ros_namespace: {namespace: "field"}
      - let: {name: "x", value: "inner"}
      - node: {pkg: "bee_robot", exec: "tower_driver", name: "$(var x)", namespace: "t"}
  - node: {pkg: "bee_robot", exec: "tower_driver", name: "$(var x)"}
"""
        first, second = load(written(tmp_path, text), {}).nodes
        assert (first.name, first.namespace) == ("inner", "/field/t")
        assert (second.name, second.namespace) == ("outer", "")

    def test_an_included_file_gets_its_arguments(self, tmp_path: Path) -> None:
        written(
            tmp_path,
            'launch:\n  - arg: {name: "who"}\n  - node: {pkg: "bee_robot", exec: "tower_driver", name: "$(var who)"}\n',
            "inner.launch.yaml",
        )
        outer = 'launch:\n  - include: {file: "$(dirname)/inner.launch.yaml", arg: [{name: "who", value: "me"}]}\n'
        assert load(written(tmp_path, outer), {}).nodes[0].name == "me"

    def test_a_parameter_file_is_handed_on(self, tmp_path: Path) -> None:
        parameters = written(tmp_path, "/**: {ros__parameters: {rate: 1.0}}", "p.yaml")
        only = load(written(tmp_path, node('param: [{from: "$(dirname)/p.yaml"}]')), {}).nodes[0]
        words = only.command()
        assert words[words.index("--params-file") + 1] == str(parameters)

    def test_substitutions_nest_and_can_be_quoted_and_escaped(self, tmp_path: Path) -> None:
        text = r"""
launch:
  - let: {name: "which", value: "real"}
  - let: {name: "real", value: "$(env NOT_SET_ANYWHERE 'a b')"}
  - node: {pkg: "bee_robot", exec: "tower_driver", param: [{name: "p", value: "$(var $(var which)) \\$(x)"}]}
"""
        assert load(written(tmp_path, text), {}).nodes[0].parameters == {"p": "a b $(x)"}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("launch:\n  - nod: {}\n", 2, "unknown element 'nod'"),
        (
            'launch:\n  - node:\n      pkg: "bee_robot"\n      exe: "x"\n',
            4,
            "unknown attribute 'exe' of 'node'",
        ),
        ('launch:\n  - node: {pkg: "bee_robot"}\n', 2, "'node' needs 'exec'"),
        ('launch:\n  - arg: {name: "a"}\n', 2, "launch argument 'a' must be given"),
        ('launch:\n  - arg: {name: "a", default: 5}\n', 2, "'default' is text"),
        (node('if: "maybe"'), 2, "'maybe'; it must be true, 1, false or 0"),
        (node('if: "1", unless: "1"'), 2, "exclude each other"),
        (node('name: "$(var missing)"'), 2, "no launch argument 'missing' is declared"),
        (node('name: "$(nope 1)"'), 2, "unknown substitution '$(nope ...)'"),
        (node('name: "$(var x"'), 2, "has no ')'"),
        (node('name: "$(find-pkg-share no_such_package)"'), 2, "package 'no_such_package' is not installed"),
        (node('param: [{name: "a", value: "x", type: "int"}]'), 2, "which is no int"),
        (node('param: [{name: "a", value: {b: 1}}]'), 2, "ROS 2 knows no such parameter"),
        (node('param: [{from: "nowhere.yaml"}]'), 2, "parameter file nowhere.yaml does not exist"),
        ("launch:\n  - node\n", 1, "each list item is one element"),
        ("launch: [\n", 2, "not valid YAML"),
        ("launch:\n  - let: {name: 'a',\n      name: 'b'}\n", 3, "'name' is given twice"),
    ],
)
def test_an_error_names_file_line_and_what(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(LaunchError) as caught:
        load(path, {})
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_argument_is_refused_with_the_known_ones() -> None:
    with pytest.raises(LaunchError, match=r"unknown launch argument 'sped'; known: .*speed"):
        load(TOWER, {"sped": "2"})


def test_a_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, 'launch:\n  - include: {file: "$(dirname)/some.launch.yaml"}\n')
    with pytest.raises(LaunchError, match="includes itself"):
        load(path, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="cannot read the launch file"):
        load(tmp_path / "none.launch.yaml", {})


def test_an_executable_that_is_not_there_is_named(tmp_path: Path) -> None:
    text = 'launch:\n  - node: {pkg: "bee_robot", exec: "tower_drivers"}\n'
    with pytest.raises(LaunchError, match="line 2: package bee_robot has no node 'tower_drivers'"):
        load(written(tmp_path, text), {}).nodes[0].command()
