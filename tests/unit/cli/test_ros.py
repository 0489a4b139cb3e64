"""The command lines of `bee ros`, `bee record` and `bee replay`: what they understand, and how they say what they do not."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bee_robot.cli import record, replay
from bee_robot.cli.main import main
from bee_robot.embedded_ros.tools import command
from bee_robot.embedded_ros.tools.interface import nested_type
from bee_robot.embedded_ros.tools.param_values import flat, from_text, nested
from bee_robot.embedded_ros.tools.topic_rate import Intervals, bandwidth

Captured = pytest.CaptureFixture[str]


def ros(*words: str) -> int:
    return main(["ros", *words])


class TestRos:
    def test_help_names_every_group_and_verb(self, capsys: Captured) -> None:
        assert ros("--help") == 0
        said = capsys.readouterr().out
        for group, verbs in command.GROUPS.items():
            assert f"  {group} " in said and verbs in said
            assert [each.name for each in command.verbs_of(group)] == verbs.split(", ")
            assert ros(group) == 0
            listed = capsys.readouterr().out
            assert all(
                f"  {each.name} " in listed and each.help in listed for each in command.verbs_of(group)
            )

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("topc", "list"), "unknown group 'topc'; known: action, interface"),
            (("topic", "lst"), "bee ros topic: unknown verb 'lst'; known: list, info"),
            (
                ("topic", "list", "--nope"),
                "bee ros topic list: unrecognized arguments: --nope; see bee ros topic list --help",
            ),
            (("topic", "echo"), "the following arguments are required: topic_name"),
            (("topic", "hz", "/x", "-w", "0"), "positive whole number"),
            (("topic", "pub", "/x", "y", "-1", "-t", "2"), "not allowed with argument"),
        ],
    )
    def test_words_that_make_no_sense_are_one_line(
        self, capsys: Captured, words: tuple[str, ...], says: str
    ) -> None:
        try:
            code = ros(*words)
        except SystemExit as left:
            code = int(left.code or 0)
        error = capsys.readouterr().err
        assert code == 2 and says in error and error.count("\n") == 1


class TestInterfaces:
    def test_show_with_and_without_comments(self, capsys: Captured) -> None:
        assert ros("interface", "show", "geometry_msgs/msg/Pose", "--no-comments") == 0
        said = capsys.readouterr().out
        assert said.startswith("geometry_msgs/Point position\n\tfloat64 x\n\tfloat64 y\n\tfloat64 z\n")
        assert ros("interface", "show", "bee_robot_interfaces/msg/TowerState") == 0
        with_comments = capsys.readouterr().out
        assert "#" in with_comments and "\tbuiltin_interfaces/Time stamp\n\t\tint32 sec\n" in with_comments
        assert ros("interface", "show", "bee_robot_interfaces/msg/TowerState", "--no-comments") == 0
        assert "#" not in capsys.readouterr().out
        assert ros("interface", "show", "std_srvs/srv/SetBool") == 0
        assert capsys.readouterr().out == "bool data\n---\nbool success\nstring message\n"
        assert ros("interface", "show", "rcl_interfaces/msg/Log") == 0
        assert "uint8 WARN=30\n" in capsys.readouterr().out

    def test_lists(self, capsys: Captured) -> None:
        assert ros("interface", "list", "--only-srvs") == 0
        said = capsys.readouterr().out
        assert said.startswith("Services:\n") and "    std_srvs/srv/Trigger\n" in said and "/msg/" not in said
        assert ros("interface", "package", "std_srvs") == 0
        assert capsys.readouterr().out == "std_srvs/srv/Empty\nstd_srvs/srv/SetBool\nstd_srvs/srv/Trigger\n"
        assert ros("interface", "packages", "-a") == 0
        assert "example_interfaces" in capsys.readouterr().out.splitlines()
        assert ros("interface", "proto", "geometry_msgs/msg/Point") == 0
        assert capsys.readouterr().out == '"x: 0.0\ny: 0.0\nz: 0.0\n"\n'

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("show", "nix"), "Expected three parts"),
            (("show", "std_msgs/msg/Nix"), "bee ros interface package std_msgs"),
            (("package", "nix"), "Unknown package 'nix'"),
            (("proto", "std_msgs/msg/Nix"), "std_msgs has"),
        ],
    )
    def test_unknown_ones_are_named(self, capsys: Captured, words: tuple[str, str], says: str) -> None:
        assert ros("interface", *words) == 1
        error = capsys.readouterr().err
        assert says in error and error.count("\n") == 1

    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("geometry_msgs/Point[] points  # where", "geometry_msgs/msg/Point"),
            ("Point[<=3] points", "here_msgs/msg/Point"),
            ("float64[9] k", None),
            ("string<=5 name 'x'", None),
            ("uint8 FOO=1", None),
            ("Kind KIND = 1", None),
            ("# Point p", None),
            ("---", None),
        ],
    )
    def test_nested_types_of_a_line(self, line: str, found: str | None) -> None:
        assert nested_type(line, "here_msgs") == found


class TestValues:
    def test_parameters_as_yaml_guesses_them(self) -> None:
        texts = ["5", "5.0", "true", "text", "[1, 2]", "[a, b]", "[1, a]", "{a: 1}", "[", "1e3", "''"]
        expected = [5, 5.0, True, "text", [1, 2], ["a", "b"], "[1, a]", "{a: 1}", "[", "1e3", ""]
        assert [from_text(each) for each in texts] == expected

    def test_nested_names(self) -> None:
        values = {"a.b.c": 1, "a.d": 2, "e": 3}
        assert nested(values) == {"a": {"b": {"c": 1}, "d": 2}, "e": 3} and flat(nested(values)) == values

    def test_rates(self) -> None:
        intervals = Intervals(window=3)
        for ms in (0, 100, 200, 300, 500):
            intervals.note(ms * 10**6)
        rate, low, high, deviation, count = intervals.figures() or (0.0, 0.0, 0.0, 0.0, 0)
        assert (round(rate, 3), low, high, count) == (7.5, 0.1, 0.2, 3) and deviation == pytest.approx(
            0.04714, abs=1e-5
        )
        assert intervals.figures() is None  # nothing new
        intervals.note(10)  # the clock began anew
        intervals.note(1010)
        assert (intervals.figures() or (0,))[4:] == (1,)

    def test_bandwidth_in_units_that_fit(self) -> None:
        assert bandwidth([(0, 100), (10**9, 300)], 2 * 10**9) == (
            "200 B/s from 2 messages\n\tMessage size mean: 200 B min: 100 B max: 300 B"
        )
        assert bandwidth([(0, 5_000_000)], 10**9).startswith(
            "5.00 MB/s from 1 messages\n\tMessage size mean: 5.00 MB"
        )


class TestRecord:
    @pytest.mark.parametrize(
        ("words", "says"),
        [
            ((), "nothing to record; name topics, or give -a"),
            (("-a", "/x"), "either -a or names"),
            (("-e", "["), "'[' is no regular expression"),
        ],
    )
    def test_bad_input(self, capsys: Captured, words: tuple[str, ...], says: str) -> None:
        assert main(["record", *words]) == 2
        error = capsys.readouterr().err
        assert says in error and error.count("\n") == 1

    @pytest.mark.parametrize(
        ("text", "expected"), [("500", 500), ("5MB", 5_000_000), ("1.5GiB", 3 * 2**29), ("2k", 2000)]
    )
    def test_sizes(self, text: str, expected: int) -> None:
        assert record.size_bytes(text) == expected
        with pytest.raises(argparse.ArgumentTypeError, match="is no size"):
            record.size_bytes(f"{text} beans")

    def test_a_folder_that_is_there_is_refused(self, tmp_path: Path, capsys: Captured) -> None:
        assert main(["record", "-a", "-o", str(tmp_path)]) == 2
        assert f"bee record: {tmp_path} is there already" in capsys.readouterr().err


class TestReplay:
    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("--rate", "0"), "greater than 0"),
            (("--rate", "inf"), "greater than 0"),
            (("--remap", "a=b"), "'a=b' is no remapping"),
            (("--start-offset", "-1"), "0 or more"),
        ],
    )
    def test_options_out_of_range(self, capsys: Captured, words: tuple[str, ...], says: str) -> None:
        with pytest.raises(SystemExit) as left:
            main(["replay", "bag", *words])
        assert left.value.code == 2 and says in capsys.readouterr().err

    def test_foreign_files_are_one_line(self, tmp_path: Path, capsys: Captured) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "a.mcap").write_bytes(b"something else entirely")
        for path in (tmp_path / "nix", tmp_path / "empty", tmp_path / "a.mcap"):
            assert main(["replay", str(path)]) == 2
            error = capsys.readouterr().err
            assert error.startswith(f"bee replay: {path} ") and error.count("\n") == 1

    def test_defaults(self) -> None:
        parser = argparse.ArgumentParser()
        replay.add_arguments(parser)
        given = parser.parse_args(["bag", "--clock", "-m", "a:=b", "/c:=/d"])
        assert (given.clock, given.rate, given.remap) == (40.0, 1.0, [("a", "b"), ("/c", "/d")])
