"""Values of parameters and words of command lines are those that `ros2 launch` of Humble makes of the same text.

What each line expects was found by running it there.
"""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bee_robot.cli.launching.launch_file import load
from bee_robot.cli.launching.launched_node import LaunchedNode
from bee_robot.cli.launching.lined_yaml import LaunchError
from bee_robot.cli.launching.parameters import as_yaml

HEAD = 'pkg: "bee_robot", exec: "tower_driver", name: "n"'
REFUSED = object()


def nodes_of(folder: Path, *elements: str) -> list[LaunchedNode]:
    path = folder / "some.launch.yaml"
    path.write_text("launch:\n" + "".join(f"  - {each}\n" for each in elements), encoding="utf-8")
    return load(path, {}).nodes


def node_of(folder: Path, attributes: str, *before: str) -> LaunchedNode:
    return nodes_of(folder, *before, f"node: {{{HEAD}, {attributes}}}")[-1]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("5", "", 5),
        ("5", "int", 5),
        ("5", "float", REFUSED),
        ("5", "str", REFUSED),
        ('"5"', "", "5"),
        ('"5"', "int", REFUSED),
        ("true", "int", True),
        ("null", "", REFUSED),
        ("1e3", "", "1e3"),
        (".inf", "float", math.inf),
        ('"$(env NOPE 5)"', "", 5),
        ('"$(env NOPE 5)"', "float", 5.0),
        ('"$(env NOPE 5)"', "str", "5"),
        ('"$(env NOPE 5.5)"', "int", REFUSED),
        ('"$(env NOPE abc)"', "", "abc"),
        ('"$(env NOPE 007)"', "", 7),
        ('"$(env NOPE 007)"', "int", 7),
        ('"$(env NOPE on)"', "", True),
        ('"$(env NOPE on)"', "bool", True),
        ('"$(env NOPE 5)"', "bool", REFUSED),
        ("\"$(env NOPE '')\"", "", ""),
        ("\"$(env NOPE '[1, 2]')\"", "", [1, 2]),
        ("\"$(env NOPE '[1, 2]')\"", "list_of_int", REFUSED),
        ("\"$(env NOPE '[1, 2.5]')\"", "", REFUSED),
        ("\"$(env NOPE '{a: b}')\"", "", REFUSED),
        ("[1, 2]", "list_of_int", [1, 2]),
        ("[1, 2]", "int", REFUSED),
        ("[1.0, 2]", "", REFUSED),
        ('[1, "a"]', "", REFUSED),
        ("[true, false]", "list_of_int", REFUSED),
        ('["a", "$(env NOPE b)"]', "list_of_str", ["a", "b"]),
        ('["$(env NOPE 1)", "$(env NOPE 2)"]', "", [1, 2]),
        ('["$(env NOPE 1)", "$(env NOPE 2)"]', "list_of_str", ["1", "2"]),
        ("[]", "", REFUSED),
        ("5", "yaml", 5),
        ("5", "number", REFUSED),
        (r"'a\$(b) \\ c'", "", r"a$(b) \ c"),
    ],
)
def test_a_parameter_has_the_value_that_ros_2_gives_it(
    tmp_path: Path, value: str, kind: str, expected: Any
) -> None:
    typed = f', type: "{kind}"' if kind else ""
    attributes = f'param: [{{name: "p", value: {value}{typed}}}]'
    if expected is REFUSED:
        with pytest.raises(LaunchError, match="line 2: (parameter 'p' is|unknown type)"):
            node_of(tmp_path, attributes)
        return
    found = node_of(tmp_path, attributes).parameters["p"]
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    "value", ["", "5", "a: b", "Grün 🐝", "line\nend", 1e300, -2e-7, 3.0, -0.5, math.inf, True, [1.0, 2.5], ["a b", ""]]
)  # fmt: skip
def test_a_value_on_the_command_line_is_read_back_with_its_type(value: Any) -> None:
    text = as_yaml(value)
    assert "\n" not in text
    assert yaml.safe_load(text) == value and type(yaml.safe_load(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a  'b c' d", ["a", "b c", "d"]),
        ("$(env NOPE 'b c')d e'f g'", ["b cd", "ef g"]),
        ("$(env NOPE x) $(env NOPE y)", ["x", "y"]),
        ("$(env NOPE x)$(env NOPE y) z", ["xy", "z"]),
        ("--x=$(env NOPE 'a  b') -y", ["--x=a  b", "-y"]),
        ("$(env NOPE 'a b')/c d/$(env NOPE e) ", ["a b/c", "d/e"]),
    ],
)
def test_what_a_substitution_stands_for_is_one_word(tmp_path: Path, text: str, words: list[str]) -> None:
    assert node_of(tmp_path, f'args: "{text}"').arguments == tuple(words)


def test_nested_parameters_are_joined_by_dots(tmp_path: Path) -> None:
    nested = '{name: "y", value: 1}, {name: "z", param: [{name: "w", value: "$(env NOPE 2)"}]}'
    assert node_of(tmp_path, f'param: [{{name: "x", param: [{nested}]}}]').parameters == {
        "x.y": 1,
        "x.z.w": 2,
    }


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ('param: [{name: "x"}]', "needs 'name' and 'value', nested 'param's, or 'from'"),
        ('param: [{name: "x", value: 2, param: [{name: "y", value: 1}]}]', "needs 'name' and 'value'"),
        ('param: [{name: "x", type: "int", param: [{name: "y", value: 1}]}]', "'type' does not belong"),
        ('param: [{name: "x", value: 1, allow_substs: true}]', "'allow_substs' does not belong"),
        ('param: [{from: "p.yaml", name: "x"}]', "'name' and 'from' exclude each other"),
        ("param: []", "with at least one item"),
        ("remap: []", "with at least one item"),
        ('respawn: "1"', "'respawn' is '1'; it must be true or false"),
        ("respawn: true", "'respawn' is text"),
        ("respawn_delay: 2", "with a decimal point"),
        ("respawn_delay: -2.0", "'respawn_delay' is a number of seconds"),
        ('output: "nowhere"', "'output' is one of both, full, log, own_log, screen"),
        ('namespace: "a//b"', "'/a//b' is no namespace"),
        ('namespace: "1a"', "'/1a' is no namespace"),
        ('if: "$(not 1)"', "an argument of 'not' is '1'; it must be true or false"),
        ('if: "yes"', "it must be true, 1, false or 0"),
        ('args: "it\'s"', "No closing quotation"),
        ("args: \"$(eval 'nonsense')\"", "cannot be evaluated: NameError"),
        ('args: "$(command false)"', "'false' failed with exit status 1"),
        ('args: "$(command \'sh -c \\"echo x; echo y >&2\\"\')"', "wrote to standard error: y"),
        ("args: \"$(command 'echo x' loud)\"", "'loud' is no way to treat standard error"),
        ('args: "$(command no_such_program_here)"', "cannot be run: No such file"),
        ('args: "$(find-exec no_such_program_here)"', "is not on the PATH"),
        ('args: "$(env  A b)"', "arguments are parted by one space"),
        ('args: "$( env A b)"', "a name follows '$(' at once"),
        ('args: "$(env A b"', "has no ')'"),
        ('args: "$(env)"', "env takes 1 or 2 arguments, not 0"),
    ],
)
def test_what_ros_2_refuses_is_refused(tmp_path: Path, attributes: str, says: str) -> None:
    with pytest.raises(LaunchError) as caught:
        node_of(tmp_path, attributes)
    assert says in str(caught.value) and "line 2: " in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(eval 'pi > 3 and cos(0) == 1')", "True"),
        ("$(eval 2*3.5)", "7.0"),
        ("$(and true $(or false yes))", "true"),
        ("$(not off)", "true"),
        ("$(command 'echo hi there')", "hi there\n"),
        ("$(command 'sh -c \\\"echo x; echo y >&2\\\"' ignore)", "x\n"),
        ("$(command 'sh -c \\\"echo x; echo y >&2\\\"' capture)", "x\ny\n"),
        ("$(var nothing 'a b')", "a b"),
    ],
)
def test_a_substitution_stands_for_what_ros_2_says(tmp_path: Path, text: str, expected: str) -> None:
    found = node_of(tmp_path, f'param: [{{name: "p", value: "{text}", type: "str"}}]')
    assert found.parameters["p"] == expected


def test_dirname_and_filename_are_those_of_the_file(tmp_path: Path) -> None:
    found = node_of(tmp_path, 'args: "$(dirname) $(filename)"')
    assert found.arguments == (str(tmp_path), str(tmp_path / "some.launch.yaml"))


def test_the_environment_is_changed_for_what_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_SET", "set")
    found = node_of(
        tmp_path,
        'env: [{name: "T_C", value: "$(env T_A)"}], args: "$(env T_SET gone)"',
        'set_env: {name: "T_A", value: "1"}',
        'append_env: {name: "T_A", value: "2", separator: ","}',
        'append_env: {name: "T_A", value: "0", prepend: true, separator: ","}',
        'append_env: {name: "T_B", value: "2"}',
        'unset_env: {name: "T_SET"}',
    )
    assert found.environment == {"T_A": "0,1,2", "T_B": "2", "T_SET": None, "T_C": "0,1,2"}
    assert found.arguments == ("gone",)


def test_settings_of_a_group_reach_its_nodes_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "some.launch.yaml"
    path.write_text(f"""
launch:
  - group:
      - set_parameter: {{name: "a", value: "7"}}
      - set_parameter: {{name: "b", value: "'7'"}}
      - set_remap: {{from: "x", to: "y"}}
      - node: {{{HEAD}, param: [{{name: "a", value: 8}}], remap: [{{from: "x", to: "z"}}]}}
  - node: {{{HEAD}}}
""")
    inner, outer = load(path, {}).nodes
    assert inner.parameters == {"a": 8, "b": 7}
    assert inner.remappings == (("x", "y"), ("x", "z")), "the first that fits is the one that counts"
    assert outer.parameters == {} and outer.remappings == ()


class TestParameterFiles:
    def test_order_decides_where_files_and_values_are_mixed(self, tmp_path: Path) -> None:
        (tmp_path / "p.yaml").write_text("/**:\n  ros__parameters: {a: 1}\n")
        node = node_of(
            tmp_path,
            'namespace: "t", param: [{name: "a", value: 9}, {from: "$(dirname)/p.yaml"}, {name: "b", value: "x"}]',
        )
        words = node.words(tmp_path)
        files = [Path(words[number + 1]) for number, word in enumerate(words) if word == "--params-file"]
        assert "-p" not in words and files[1] == tmp_path / "p.yaml"
        contents = [yaml.safe_load(path.read_text()) for path in files]
        assert contents[0] == {"/t/n": {"ros__parameters": {"a": 9}}}
        assert contents[2] == {"/t/n": {"ros__parameters": {"b": "x"}}}

    def test_substitutions_in_a_file_are_performed_where_it_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "p.yaml").write_text("/**:\n  ros__parameters: {b: $(var x)}\n")
        node = node_of(
            tmp_path,
            'param: [{from: "$(dirname)/p.yaml", allow_substs: true}]',
            'let: {name: "x", value: "12"}',
        )
        words = node.words(tmp_path)
        written = Path(words[words.index("--params-file") + 1])
        assert yaml.safe_load(written.read_text()) == {"/**": {"ros__parameters": {"b": 12}}}


class TestIncludes:
    INNER = (
        'launch:\n  - arg: {name: "who"}\n  - arg: {name: "how", default: "well"}\n'
        '  - node: {pkg: "bee_robot", exec: "tower_driver", name: "$(var who)", args: "$(var how)"}\n'
    )

    def included(self, folder: Path, *elements: str) -> LaunchedNode:
        (folder / "inner.launch.yaml").write_text(self.INNER)
        return nodes_of(folder, *elements)[0]

    def test_what_must_be_given_is_given_by_the_include(self, tmp_path: Path) -> None:
        include = 'include: {file: "$(dirname)/inner.launch.yaml"}'
        with pytest.raises(LaunchError, match="launch argument 'who' must be given"):
            self.included(tmp_path, 'let: {name: "who", value: "outer"}', include)

    def test_what_has_a_default_takes_the_value_around_it(self, tmp_path: Path) -> None:
        include = 'include: {file: "$(dirname)/inner.launch.yaml", arg: [{name: "who", value: "me"}]}'
        node = self.included(tmp_path, 'let: {name: "how", value: "outer"}', include)
        assert (node.name, node.arguments) == ("me", ("outer",))

    def test_a_relative_file_is_refused_with_what_to_write(self, tmp_path: Path) -> None:
        with pytest.raises(LaunchError, match=r"write \$\(dirname\)/inner.launch.yaml"):
            self.included(tmp_path, 'include: {file: "inner.launch.yaml"}')

    def test_another_kind_of_launch_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(LaunchError, match="inner.launch.py is no YAML launch file"):
            self.included(tmp_path, 'include: {file: "$(dirname)/inner.launch.py"}')


class TestProcesses:
    def test_an_executable_is_a_command_line(self, tmp_path: Path) -> None:
        (process,) = nodes_of(
            tmp_path,
            f'executable: {{cmd: "{sys.executable} -c \'print(5)\'", name: "five", launch-prefix: "nice -n 1"}}',
        )
        assert process.label == "five" and process.full_name is None
        assert process.command() == ["nice", "-n", "1", sys.executable, "-c", "print(5)"]
        assert subprocess.run(process.command(), capture_output=True, check=True).stdout == b"5\n"

    def test_a_process_has_the_name_of_exec_name(self, tmp_path: Path) -> None:
        node = node_of(tmp_path, 'exec_name: "label", namespace: "t"')
        assert (node.label, node.full_name) == ("label", "/t/n")

    def test_limits_of_restarts_are_variables(self, tmp_path: Path) -> None:
        node = node_of(
            tmp_path,
            'respawn: "true", respawn_delay: 0.5',
            'let: {name: "respawn_limit", value: "2"}',
            'let: {name: "respawn_window", value: "9"}',
            'let: {name: "given_up", value: "stay"}',
            'let: {name: "ready_timeout", value: "7"}',
        )
        assert node.respawn is not None
        assert (node.respawn.delay_s, node.respawn.limit, node.respawn.window_s) == (0.5, 2, 9.0)
        assert not node.respawn.ends_robot and node.ready_timeout_s == 7.0

    @pytest.mark.parametrize(
        ("variable", "value", "says"),
        [
            ("given_up", "go on", "'given_up' is 'go on'; one of end, stay"),
            ("respawn_limit", "few", "'respawn_limit' is 'few'; it is a number"),
        ],
    )
    def test_a_limit_that_makes_no_sense_is_an_error(
        self, tmp_path: Path, variable: str, value: str, says: str
    ) -> None:
        with pytest.raises(LaunchError, match=says):
            node_of(tmp_path, 'respawn: "true"', f'let: {{name: "{variable}", value: "{value}"}}')

    @pytest.mark.parametrize("kind", ["timer", "shutdown", "node_container", "set_use_sim_time"])
    def test_what_only_ros_2_knows_is_refused_with_what_to_do(self, tmp_path: Path, kind: str) -> None:
        with pytest.raises(
            LaunchError, match=rf"line 2: element '{kind}' is not for tables that run without"
        ):
            nodes_of(tmp_path, f"{kind}: {{}}")

    def test_messages_are_kept_for_people(self, tmp_path: Path) -> None:
        path = tmp_path / "some.launch.yaml"
        path.write_text('launch:\n  - log: {message: "hello $(env NOPE you)"}\n')
        assert load(path, {}).messages == ["hello you"]
