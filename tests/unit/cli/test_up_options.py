"""`bee up` takes its options from the launch file, keeps logs in order, and gives a store to one robot only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bee_robot.cli import up, up_arguments
from bee_robot.cli.inputs import InputError
from bee_robot.cli.interrupts import Interrupts
from bee_robot.cli.launching import log_folder
from bee_robot.cli.launching.launch_file import declared_arguments, load
from bee_robot.cli.launching.start_order import StartError
from bee_robot.cli.line_printer import LinePrinter, printable
from bee_robot.cli.locations import SOURCE_TREE
from bee_robot.cli.main import main
from bee_robot.cli.robot_processes import reserved, table

TOWER, CONSOLE = (SOURCE_TREE / "launch" / f"{kind}.launch.yaml" for kind in ("tower", "console"))


def values(*words: str) -> dict[str, str]:
    """What the launch file of these words would be given."""
    given = up._parser(list(words)).parse_intermixed_args(list(words))
    return up_arguments.launch_arguments(given, declared_arguments(table(given.kind)), Path("/run/here"))


class TestOptions:
    def test_those_of_a_tower_are_arguments_of_its_launch_file(self, tmp_path: Path) -> None:
        found = values("tower", "--sim", "--speed", "4", "--store", str(tmp_path), "patience:=9.0")
        assert found == {
            "sim": "true",
            "robot": str(SOURCE_TREE / "config" / "robots" / "tower.yaml"),
            "namespace": "tower_1",
            "run_dir": "/run/here",
            "speed": "4.0",
            "scenario": "strong",
            "day": "0",
            "store": str(tmp_path),
            "patience": "9.0",
        }
        assert load(TOWER, found).nodes

    def test_a_console_needs_neither_robot_nor_port(self, tmp_path: Path) -> None:
        found = values("console", "--namespace", "tower_2", "--folder", str(tmp_path))
        assert found == {"namespace": "tower_2", "folder": str(tmp_path)}
        (recorder,) = load(CONSOLE, found).nodes
        assert recorder.full_name == "/tower_2/recorder"

    @pytest.mark.parametrize("word", ["--speed=2", "--robot=x.yaml", "--store=x"])
    def test_an_option_that_the_launch_file_has_no_argument_for_is_refused(
        self, word: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as left:
            main(["up", "console", word])
        assert left.value.code == 2
        assert f"unrecognized arguments: {word}" in capsys.readouterr().err

    def test_name_and_value_count_as_the_option_of_that_name(self) -> None:
        assert values("tower", "sim:=true", "speed:=4")["speed"] == "4.0"
        with pytest.raises(InputError, match="--speed belongs to a simulation"):
            values("tower", "speed:=4", "sim:=false")
        with pytest.raises(InputError, match="scenario:=nonsense"):
            values("tower", "--sim", "scenario:=nonsense")

    def test_the_launch_file_is_found_among_options(self) -> None:
        for words in (
            ["--sim", "tower"],
            ["--namespace", "console", "tower", "--sim"],
            ["--speed=3", "tower"],
        ):
            assert up._kind(words) == "tower", words
        assert up._kind(["--sim"]) == ""


class TestHelp:
    def test_it_lists_what_the_launch_file_takes(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as left:
            main(["up", "tower", "--help"])
        assert left.value.code == 0
        said = " ".join(capsys.readouterr().out.split())
        for argument in declared_arguments(TOWER):
            assert argument.name in said
            assert argument.name in ("scenario", "day") or argument.description in said
        assert "(default: 1.0)" in said and "exit status: 0 ended well" in said

    def test_without_a_launch_file_it_names_those_that_are_there(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            main(["up", "--help"])
        assert "bee up console|tower --help" in capsys.readouterr().out

    def test_show_args_is_that_of_ros2_launch(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["up", "console", "--show-args"]) == 0
        said = capsys.readouterr().out
        assert said.startswith("Arguments (pass arguments as '<name>:=<value>'):\n\n    'namespace':\n")
        assert "Valid choices are: ['true', 'false']\n        (default: 'false')" in said

    def test_arguments_are_listed_whatever_they_depend_on(self, tmp_path: Path) -> None:
        path = tmp_path / "x.launch.yaml"
        path.write_text("""
launch:
  - arg: {name: "must"}
  - let: {name: "x", value: "$(var nowhere)"}
  - arg: {name: "a", default: "$(var nowhere)"}
  - group:
      if: "$(var must)"
      children:
        - arg: {name: "b", default: "$(var must)/b", choice: [{value: "1"}]}
""")
        must, a, b = declared_arguments(path)
        assert must.is_required and must.default is None
        assert (a.is_required, a.default) == (False, None)
        assert b.choices == ("1",) and "depends on other arguments" in up_arguments.listing([must, a, b])


class TestLogFolder:
    @pytest.fixture
    def base(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("BEE_LOG_DIR", str(tmp_path / "logs"))
        monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "others"))
        return tmp_path / "logs"

    def test_each_run_has_a_folder_and_latest_points_to_the_newest(self, base: Path) -> None:
        made = log_folder.new_log_folder("field/tower_1")
        assert made.parent == base and made.name.endswith(f"-field_tower_1-{os.getpid()}")
        assert (base / "latest").resolve() == made
        assert [path.name for path in base.iterdir() if path.name.startswith(".")] == []

    def test_ros_log_dir_counts_where_ours_is_not_set(
        self, base: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("BEE_LOG_DIR")
        assert log_folder.base_folder() == base.parent / "others"
        monkeypatch.delenv("ROS_LOG_DIR")
        monkeypatch.setenv("XDG_STATE_HOME", str(base))
        assert log_folder.base_folder() == base / "bee_robot" / "log"

    def test_the_oldest_runs_go_and_nothing_else(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_folder, "RUNS_KEPT", 3)
        gone = [f"2020010{day}-120000-tower_1-{2**22 + day}" for day in (1, 2, 3)]
        kept = ["20200101-120000-others", "2020-01-01-12-00-00-host-5", f"20190101-120000-mine-{os.getpid()}"]
        recent = ["20210101-120000-4194399", "20210102-120000-4194398"]
        for name in (*gone, *kept, *recent):
            (base / name).mkdir(parents=True)
            for file in ("driver.log", "driver.log.1", "driver.spool", "driver.0.params.yaml"):
                (base / name / file).write_text("x")
        (base / gone[1] / "notes.txt").write_text("keep this")
        made = log_folder.new_log_folder()
        left = {path.name for path in base.iterdir()}
        assert left == {gone[1], *kept, *recent, made.name, "latest"}
        assert [path.name for path in (base / gone[1]).iterdir()] == ["notes.txt"]

    def test_a_folder_that_cannot_be_made_is_bad_input(
        self, base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        base.write_text("a file")
        assert main(["up", "console"]) == 2
        error = capsys.readouterr().err
        assert "set BEE_LOG_DIR to another" in error and error.count("\n") == 1


class TestStore:
    def test_a_second_robot_is_refused_with_the_name_of_the_first(self, tmp_path: Path) -> None:
        with (
            reserved(tmp_path / "store", "tower_1"),
            pytest.raises(StartError, match=rf"in use by tower_1 \(process {os.getpid()}\).*--store DIR"),
            reserved(tmp_path / "store", "tower_2"),
        ):
            pytest.fail("both have it")
        with reserved(tmp_path / "store", "tower_2"):
            assert "tower_2" in (tmp_path / "store" / "robot.lock").read_text()

    def test_the_same_robot_is_said_to_be_up(self, tmp_path: Path) -> None:
        with (
            reserved(tmp_path, "tower_1"),
            pytest.raises(
                StartError, match=r"tower_1 \(process \d+\) is up already: its name is taken.*--namespace"
            ),
            reserved(tmp_path, "tower_1"),
        ):
            pytest.fail("both have it")

    def test_it_stays_reserved_while_a_process_that_inherited_it_lives(self, tmp_path: Path) -> None:
        """So that the nodes of a supervisor that was killed end before another robot takes their store."""
        with reserved(tmp_path, "tower_1") as file:
            heir = subprocess.Popen(
                [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(file,)
            )
        with pytest.raises(StartError), reserved(tmp_path, "tower_2"):
            pytest.fail("it was free")
        heir.communicate(b"\n", timeout=20)
        with reserved(tmp_path, "tower_2"):
            pass

    def test_one_that_cannot_be_used_says_why(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StartError, match="cannot be used"), reserved(tmp_path / "file" / "store", "x"):
            pytest.fail("it was usable")


class TestScreen:
    def test_control_characters_cannot_move_the_cursor(self) -> None:
        assert printable("a\x1b[2Jb\x07c\td\x9b") == "a\\x1b[2Jb\\x07c\td\\x9b"
        assert printable("\x1b[33mwarning") == "\x1b[33mwarning\x1b[0m"

    def test_lines_have_the_name_before_them(self, capsys: pytest.CaptureFixture[str]) -> None:
        printer = LinePrinter()
        threads = [threading.Thread(target=printer, args=("driver", f"line {n}")) for n in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        lines = capsys.readouterr().out.splitlines()
        assert sorted(lines) == [f"[driver] line {n}" for n in range(8)]

    def test_a_reader_that_has_left_ends_nothing(self, tmp_path: Path) -> None:
        program = (
            "from bee_robot.cli.line_printer import LinePrinter\n"
            "import sys\nprinter = LinePrinter()\n"
            "for n in range(20000): printer('x', 'y' * 50)\n"
            "sys.stderr.write('reached the end')\n"
        )
        command = [sys.executable, "-c", program]
        environment = {**os.environ, "PYTHONPATH": str(SOURCE_TREE)}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        ) as child:
            assert child.stdout is not None and child.stderr is not None
            child.stdout.readline()
            child.stdout.close()
            assert child.stderr.read() == b"reached the end"
        assert child.returncode == 0


class TestClosedTerminal:
    PROGRAM = """
import sys, time
sys.path.insert(0, {source!r})
from bee_robot.cli.interrupts import Interrupts
with Interrupts() as interrupts:
    print("up", flush=True)
    while not interrupts.count:
        time.sleep(0.01)
    print("to nobody", flush=True)
    open({file!r}, "w").write(f"{{interrupts.count}}")
"""

    def test_it_counts_as_being_asked_to_end(self, tmp_path: Path) -> None:
        program = self.PROGRAM.format(source=str(SOURCE_TREE), file=str(tmp_path / "ended"))
        ours, theirs = os.openpty()
        child = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # Where the tests themselves run under nohup, the child must not.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        os.close(theirs)
        try:
            assert os.read(ours, 100).strip() == b"up"
            os.close(ours)
            child.send_signal(signal.SIGHUP)  # as the terminal's driver sends it to the foreground
            assert child.wait(timeout=20) == 0
        finally:
            child.kill()
            child.wait()
        assert (tmp_path / "ended").read_text() == "1"

    def test_nohup_stays_nohup(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with Interrupts() as interrupts:
                os.kill(os.getpid(), signal.SIGHUP)
                assert interrupts.count == 0
        finally:
            signal.signal(signal.SIGHUP, before)
