"""The supervisor starts processes, passes on what they say, and ends them in order; tried on small toy processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from stand_ins import Heard, is_running, one_liner, toy, wait_gone

from bee_robot.cli.launching.launched_node import LaunchedNode, Respawn
from bee_robot.cli.launching.lined_yaml import LaunchError
from bee_robot.cli.launching.supervisor import Ending, Exit, Supervisor, labels
from bee_robot.clock import wall_s, wall_sleep


def wait_for_exits(supervisor: Supervisor, count: int = 1) -> list[Exit]:
    exits: list[Exit] = []
    until_s = wall_s() + 20
    while len(exits) < count:
        assert wall_s() < until_s, f"only {exits}"
        exits += supervisor.unexpected_exits()
        wall_sleep(0.02)
    return exits


def test_processes_end_well_and_the_last_started_goes_first(tmp_path: Path) -> None:
    heard, order = Heard(), tmp_path / "order"
    nodes = [toy("world", order), toy("driver", order), toy("procedure", order, ending_s=0.5)]
    with Supervisor(nodes, tmp_path / "log", heard):
        heard.wait_for("world is ready", "driver is ready", "procedure is ready")
    assert order.read_text().splitlines() == ["procedure well", "driver well", "world well"]
    assert ("driver", "driver is ready") in heard.lines
    assert "driver is ready" in (tmp_path / "log" / "driver.log").read_text()


def test_hurry_stops_everything_at_once(tmp_path: Path) -> None:
    heard, order = Heard(), tmp_path / "order"
    nodes = [toy("driver", order, ending_s=60), toy("procedure", order, ending_s=60)]
    with Supervisor(nodes, tmp_path / "log", heard) as supervisor:
        heard.wait_for("driver is ready", "procedure is ready")
        threading.Timer(0.3, supervisor.hurry).start()
        began_s = wall_s()
        supervisor.end()
        assert wall_s() - began_s < 10
    assert sorted(order.read_text().splitlines()) == ["driver at once", "procedure at once"]


def test_who_does_not_end_in_time_is_told_and_then_killed(tmp_path: Path) -> None:
    stubborn = one_liner(
        "import signal,time\nfor s in (2, 15): signal.signal(s, lambda *_: None)\nprint('deaf', flush=True)\ntime.sleep(60)",
        sigterm_timeout_s=0.2,
        sigkill_timeout_s=0.2,
    )
    heard = Heard()
    with Supervisor([stubborn], tmp_path / "log", heard) as supervisor:
        heard.wait_for("deaf")
        pid = supervisor.pid("brief")
    assert not is_running(pid)
    said = [line for name, line in heard.lines if name == "supervisor"]
    assert said == [
        "brief did not end within 0.2 s; sending SIGTERM",
        "brief did not end within 0.2 s; sending SIGKILL",
    ]


def test_a_process_that_dies_is_named_with_exit_status_and_last_lines(tmp_path: Path) -> None:
    dies = one_liner("print('no board on /dev/x'); print('and no more', end=''); raise SystemExit(2)")
    with Supervisor([dies], tmp_path / "log") as supervisor:
        (ended,) = wait_for_exits(supervisor)
        assert str(ended) == "brief ended (exit status 2)"
        assert ended.last_lines == ("no board on /dev/x", "and no more")
        assert ended.ends_robot and ended.consequence == "motion stops"
        assert supervisor.unexpected_exits() == []


def test_an_end_without_an_error_is_no_better_when_nobody_asked_for_it(tmp_path: Path) -> None:
    with Supervisor([one_liner("print('done')")], tmp_path / "log") as supervisor:
        (ended,) = wait_for_exits(supervisor)
        assert str(ended) == "brief ended (exit status 0)" and ended.ends_robot


def test_a_killed_process_is_said_to_be_killed(tmp_path: Path) -> None:
    heard = Heard()
    with Supervisor([toy("driver", tmp_path / "order")], tmp_path / "log", heard) as supervisor:
        heard.wait_for("driver is ready")
        os.kill(supervisor.pid("driver"), signal.SIGKILL)
        (ended,) = wait_for_exits(supervisor)
    assert str(ended) == "driver ended (killed by SIGKILL)"


def test_a_process_to_be_respawned_comes_back(tmp_path: Path) -> None:
    heard = Heard()
    program = f"p = {str(tmp_path / 'runs')!r}; open(p, 'a').write('x'); print('run', len(open(p).read()), flush=True)"
    respawn = Respawn(0.05, limit=50)
    with Supervisor([one_liner(program, respawn=respawn)], tmp_path / "log", heard) as supervisor:
        until_s = wall_s() + 20
        while not any("run 3" in line for _, line in heard.lines) and wall_s() < until_s:
            supervisor.unexpected_exits()
            wall_sleep(0.02)
    assert any("run 3" in line for _, line in heard.lines)


@pytest.mark.parametrize("ends_robot", [True, False])
def test_a_process_that_crashes_again_and_again_is_given_up(tmp_path: Path, ends_robot: bool) -> None:
    respawn = Respawn(0.01, limit=2, ends_robot=ends_robot)
    with Supervisor([one_liner("raise SystemExit(7)", respawn=respawn)], tmp_path / "log") as supervisor:
        first, second, last = wait_for_exits(supervisor, 3)
        assert [each.restart_in_s for each in (first, second, last)] == [0.01, 0.02, None]
        assert not first.is_given_up and not first.ends_robot
        assert last.is_given_up and last.ends_robot is ends_robot
        assert last.consequence.startswith("it is given up after 2 restarts; ")
        wall_sleep(0.2)
        assert supervisor.unexpected_exits() == [] and supervisor.running() == []
    (ending,) = supervisor.endings()
    assert str(ending) == "brief exit status 7 (before, after 2 restarts)"


@pytest.mark.parametrize(("status", "what"), [(2, "bad input"), (3, "name taken")])
def test_what_would_end_so_again_is_not_started_again(tmp_path: Path, status: int, what: str) -> None:
    program = f"print({what!r}); raise SystemExit({status})"
    with Supervisor([one_liner(program, respawn=Respawn(0.01))], tmp_path / "log") as supervisor:
        (ended,) = wait_for_exits(supervisor)
        assert ended.restart_in_s is None and ended.is_given_up and ended.ends_robot
        assert ended.consequence == "it would end so again, and is given up; the others are ended"
        assert ended.last_lines == (what,)
        wall_sleep(0.1)
        assert supervisor.unexpected_exits() == [] and supervisor.running() == []


def test_a_restart_that_fails_is_tried_again_and_ends_nothing_else(tmp_path: Path) -> None:
    """The program is away for a moment, as on a disk that is full or a table of processes that is."""
    program, heard = tmp_path / "program", Heard()
    program.write_text("#!/bin/sh\nread line < $1\necho $line\nrm $0\n")
    program.chmod(0o755)
    (tmp_path / "said").write_text("here I am\n")
    helper = LaunchedNode(
        "a.launch.yaml, line 3", "", str(program), "", process_name="helper",
        arguments=(str(tmp_path / "said"),), respawn=Respawn(0.05, limit=3),
    )  # fmt: skip
    with Supervisor([helper, toy("driver", tmp_path / "order")], tmp_path / "log", heard) as supervisor:
        heard.wait_for("driver is ready")
        ended, failed = wait_for_exits(supervisor, 2)
        assert ended.code == 0 and failed.code is None
        assert str(failed).startswith("helper could not be started again (a.launch.yaml, line 3: helper ")
        assert "No such file" in str(failed) and failed.consequence == "it is started again in 0.1 s"
        program.write_text("#!/bin/sh\necho back again\nexec sleep 60\n")
        program.chmod(0o755)
        until_s = wall_s() + 20
        while ("helper", "back again") not in heard.lines and wall_s() < until_s:
            assert supervisor.unexpected_exits() == []
            wall_sleep(0.02)
        assert supervisor.running() == ["helper", "driver"]
        os.kill(supervisor.pid("helper"), signal.SIGKILL)
        program.unlink()
        killed, gone = wait_for_exits(supervisor, 2)
        assert killed.restart_in_s == pytest.approx(0.2)
        assert (
            gone.is_given_up and gone.consequence == "it is given up after 3 restarts; the others are ended"
        )
        assert supervisor.running() == ["driver"]


def test_the_end_tells_of_each_how_it_ended_and_how_long_it_took(tmp_path: Path) -> None:
    heard, order = Heard(), tmp_path / "order"
    deaf = one_liner(
        "import signal,time\nsignal.signal(2, lambda *_: None)\nprint('deaf', flush=True)\ntime.sleep(60)",
        sigterm_timeout_s=0.2,
    )
    with Supervisor([deaf, toy("driver", order, ending_s=0.3)], tmp_path / "log", heard) as supervisor:
        heard.wait_for("deaf", "driver is ready")
    driver, brief = supervisor.endings()
    assert driver.name == "driver" and driver.is_well and 0.25 < (driver.took_s or 0) < 10
    assert brief.name == "brief" and not brief.is_well and brief.code == -signal.SIGTERM
    assert str(driver).startswith("driver well (") and str(brief).startswith("brief killed by SIGTERM (")
    assert str(Ending("x", None, None, 0)) == "x was not started"


def test_a_supervisor_that_waits_starts_nothing_by_itself(tmp_path: Path) -> None:
    heard, order = Heard(), tmp_path / "order"
    nodes = [toy("first", order), toy("second", order)]
    with Supervisor(nodes, tmp_path / "log", heard, waits=True) as supervisor:
        assert supervisor.names == ["first", "second"] and supervisor.running() == []
        supervisor.start("first")
        heard.wait_for("first is ready")
        with pytest.raises(KeyError):
            supervisor.pid("second")
    assert order.read_text().splitlines() == ["first well"]
    assert [each.code for each in supervisor.endings()] == [None, 0]


def test_what_cannot_be_executed_is_named_and_the_others_are_ended(tmp_path: Path) -> None:
    order = tmp_path / "order"
    broken = LaunchedNode("some.launch.yaml, line 3", "", "/nowhere/program", "", process_name="helper")
    with (
        pytest.raises(LaunchError, match=r"line 3: helper cannot be started .*No such file"),
        Supervisor([toy("driver", order), broken], tmp_path / "log"),
    ):
        pytest.fail("it started")
    assert not list((tmp_path / "log").glob("*.spool"))


def test_environment_and_folder_are_those_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONE", "x")
    program = "import os; print(os.environ.get('GONE'), os.environ['MORE'], os.environ['OUTER'], os.getcwd())"
    node = one_liner(program, environment={"GONE": None, "MORE": "m"}, folder=tmp_path)
    heard = Heard()
    with Supervisor([node], tmp_path / "log", heard, environment={"OUTER": "o"}):
        heard.wait_for(f"None m o {tmp_path}")


def test_what_is_not_for_the_screen_is_in_the_log_only(tmp_path: Path) -> None:
    heard = Heard()
    quiet = one_liner("print('quiet')", name="quiet", is_on_screen=False)
    with Supervisor([quiet, one_liner("print('loud')")], tmp_path / "log", heard) as supervisor:
        heard.wait_for("loud")
        wait_for_exits(supervisor, 2)
    assert ("quiet", "quiet") not in heard.lines
    assert supervisor.log_file("quiet").read_text() == "quiet\n"


def test_processes_of_one_name_have_logs_of_their_own() -> None:
    nodes = [
        LaunchedNode("", "p", "driver", "driver", namespace="/a"),
        LaunchedNode("", "p", "driver", "driver", namespace="/b/c"),
        LaunchedNode("", "", "/bin/sh", ""),
        LaunchedNode("", "", "/usr/bin/sh", ""),
    ]
    assert labels(nodes) == ["a_driver", "b_c_driver", "sh", "sh_2"]


def test_nodes_are_ended_in_order_even_if_the_supervisor_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "supervise.py"
    order = tmp_path / "order"
    script.write_text(
        "import sys, threading\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "from bee_robot.cli.launching.supervisor import Supervisor\nfrom stand_ins import toy\n"
        f"order = Path({str(order)!r})\n"
        "nodes = [toy('driver', order), toy('procedure', order, ending_s=0.3)]\n"
        f"with Supervisor(nodes, Path({str(tmp_path / 'log')!r}), lambda name, line: print(line, flush=True)) as s:\n"
        "    print(*(s.pid(name) for name in s.names), flush=True)\n"
        "    threading.Event().wait(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment
    ) as supervisor:
        assert supervisor.stdout is not None
        pids: list[int] = []
        ready = 0
        while not pids or ready < 2:
            line = supervisor.stdout.readline()
            assert line, "the supervisor ended early"
            ready += "is ready" in line
            pids = pids or [int(word) for word in line.split() if word.isdigit()]
        supervisor.kill()
    wait_gone(pids)
    assert order.read_text().splitlines() == ["procedure well", "driver well"]
