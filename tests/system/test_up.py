"""`bee up` as an operator or systemd sees it: start in order, ends, crashes, exit codes, logs. On small rclpy nodes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from robot_field import ROOT, Bee, Field

from bee_robot.clock import wall_s, wall_sleep

pytestmark = pytest.mark.timeout(120)

NODE = f"""#!{sys.executable}
import os, sys
sys.path.insert(0, {str(ROOT)!r})
import bee_robot
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode
how = sys.argv[1]
if how == "crashes":
    sys.exit("no camera on port 7")
rclpy.init()
node = (LifecycleNode if how == "unmanaged" else rclpy.create_node)("stand_in")
print("begins", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
print("ends", flush=True)
sys.exit(4 if how == "ends_badly" else 0)
"""


@pytest.fixture
def place(field_of_one: Field) -> Field:
    """A field with a package of stand-in nodes."""
    program = field_of_one.folder / "prefix" / "lib" / "stand_ins" / "node"
    program.parent.mkdir(parents=True)
    program.write_text(NODE)
    program.chmod(0o755)
    field_of_one.environment["AMENT_PREFIX_PATH"] = str(field_of_one.folder / "prefix")
    field_of_one.environment["BEE_LOG_DIR"] = str(field_of_one.folder / "logs")
    return field_of_one


def node(name: str, how: str = "plain", more: str = "") -> str:
    extra = f", {more}" if more else ""
    return (
        f'  - node: {{pkg: "stand_ins", exec: "node", name: "{name}", namespace: "$(var namespace)", '
        f'args: "{how}", output: "screen"{extra}}}\n'
    )


def up(place: Field, *nodes: str, ready: bool = True, lets: str = "", more: tuple[str, ...] = ()) -> Bee:
    table = place.folder / f"table{len(place.running)}.launch.yaml"
    table.write_text(
        'launch:\n  - arg: {name: "namespace", default: "field"}\n' + lets + "".join(nodes), encoding="utf-8"
    )
    bee = place.bee("up", table.name, *more)
    if ready:
        bee.wait_for(" is ready after ")
    return bee


def test_nodes_start_in_order_and_sigterm_ends_them_well_the_other_way_round(place: Field) -> None:
    bee = up(place, node("world"), node("driver"), node("procedure"))
    said = bee.output
    assert said.index("world is up") < said.index("[driver] begins") < said.index("driver is up")
    bee.process.send_signal(signal.SIGTERM)
    assert bee.end() == 0
    ends = [line.split("]")[0][1:] for line in bee.output.splitlines() if line.endswith("] ends")]
    assert ends == ["procedure", "driver", "world"]
    assert "procedure well (" in bee.output.splitlines()[-1] and "world well (" in bee.output.splitlines()[-1]
    logs = place.folder / "logs" / "latest"
    assert sorted(path.name for path in logs.iterdir()) == ["driver.log", "procedure.log", "world.log"]
    assert (logs / "driver.log").read_text().splitlines()[-2:] == ["begins", "ends"]


def test_a_closed_terminal_ends_it_well_and_an_ill_end_is_told_by_the_exit_code(place: Field) -> None:
    bee = up(place, node("driver", "ends_badly"))
    bee.process.send_signal(signal.SIGHUP)
    assert bee.end() == 1
    assert "driver exit status 4 (" in bee.output


def test_a_second_signal_stops_at_once(place: Field) -> None:
    stubborn = (
        '  - executable: {cmd: "sh -c \'trap : INT; while :; do sleep 0.1; done\'", name: "stubborn"}\n'
    )
    bee = up(place, node("driver"), stubborn, lets='  - let: {name: "sigterm_timeout", value: "60"}\n')
    bee.interrupt()
    bee.wait_for("Ctrl-C again stops at once")
    began_s = wall_s()
    bee.interrupt()
    assert bee.end() == 130
    assert wall_s() - began_s < 20


def test_the_others_end_in_order_when_one_dies_that_is_needed(place: Field) -> None:
    bee = up(place, node("world"), node("driver"), node("procedure"))
    os.kill(place.nodes()["driver"], signal.SIGKILL)
    assert bee.end() == 3
    assert "driver ended (killed by SIGKILL); motion stops. Its log: " in bee.output
    assert "field is not whole without driver; ending the others in order" in bee.output
    assert bee.output.index("[procedure] ends") < bee.output.index("[world] ends")
    place.wait_until_no_node_runs()


@pytest.mark.parametrize("given_up", ["stay", "end"])
def test_a_crash_loop_is_given_up_with_an_alert(place: Field, given_up: str) -> None:
    """It begins well (or nothing would start) and then never comes back."""
    lets = f'  - let: {{name: "given_up", value: "{given_up}"}}\n  - let: {{name: "respawn_limit", value: "2"}}\n'
    bee = up(place, node("driver"), node("cameras", more='respawn: "true", respawn_delay: 0.05'), lets=lets)
    program = place.folder / "prefix" / "lib" / "stand_ins" / "node"
    program.write_text(NODE.replace("how = sys.argv[1]", 'how = "crashes"'))
    os.kill(place.nodes()["cameras"], signal.SIGKILL)
    bee.wait_for("ALERT: cameras ended (exit status 1); it is given up after 2 restarts; ")
    assert "cameras ended (killed by SIGKILL); it is started again in 0.05 s" in bee.output
    assert "cameras ended (exit status 1); it is started again in 0.1 s" in bee.output
    if given_up == "stay":
        assert "the others go on without it" in bee.output
        wall_sleep(0.5)
        assert bee.process.poll() is None and list(place.nodes()) == ["driver"]
        bee.interrupt()
        assert bee.end() == 1, "cameras have not ended well"
    else:
        assert bee.end() == 3
    place.wait_until_no_node_runs()


def test_a_node_that_is_not_ready_in_time_is_named_with_its_state(place: Field) -> None:
    limit = '  - let: {name: "ready_timeout", value: "5"}\n'
    bee = up(place, node("world"), limit, node("driver", "unmanaged"), node("late"), ready=False)
    assert bee.end() == 3
    (complaint,) = [line for line in bee.output.splitlines() if line.startswith("bee up:")]
    assert complaint.startswith(
        "bee up: driver is not ready after 5 s: /field/driver is on the graph, unconfigured, not active; see "
    )
    assert Path(complaint.rpartition("; see ")[2]).read_text().endswith("begins\nends\n")
    assert "[late]" not in bee.output, "its turn had not come"


def test_what_ends_at_the_start_gives_its_words(place: Field) -> None:
    bee = up(place, node("driver", "crashes", 'respawn: "true"'), ready=False)
    assert bee.end() == 3
    assert "bee up: driver ended (exit status 1): no camera on port 7; see " in bee.output


def test_killing_it_leaves_no_node_behind(place: Field) -> None:
    bee = up(place, node("world"), node("driver"))
    assert set(place.nodes()) == {"world", "driver"}
    bee.process.kill()
    place.wait_until_no_node_runs()


def test_robots_and_consoles_stand_side_by_side_and_a_name_is_given_once(place: Field) -> None:
    """Two robots and a console for each on one graph; what they own does not collide."""
    lets = '  - arg: {name: "store", default: "$(env BEE_STORE)"}\n  - arg: {name: "run_dir", default: "/nowhere"}\n'
    shows = node("driver", more='env: [{name: "RUN_DIR", value: "$(var run_dir)"}]')
    robots = [
        up(place, shows, lets=lets, more=("--namespace", f"tower_{n}", "--store", f"store_{n}"))
        for n in (1, 2)
    ]
    folders = [
        word.partition(b"=")[2]
        for number in place.all_nodes("driver")
        for word in Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
        if word.startswith(b"RUN_DIR=")
    ]
    assert len(set(folders)) == 2, "each has a folder of its own for the board's port"

    consoles = [
        place.bee("up", "console", "--namespace", f"tower_{n}", "--folder", f"bags_{n}", "exclude:=nothing")
        for n in (1, 2)
    ]
    for number, console in enumerate(consoles, 1):
        console.wait_for(f"tower_{number} is ready after ")

    taken = up(place, shows, lets=lets, ready=False, more=("--namespace", "tower_1", "--store", "store_3"))
    assert taken.end() == 3 and "node name /tower_1/driver is taken" in taken.output
    shared = up(place, shows, lets=lets, ready=False, more=("--namespace", "tower_3", "--store", "store_2"))
    assert shared.end() == 3 and "store_2 is in use by tower_2 (process " in shared.output
    second = place.bee("up", "console", "--namespace", "tower_1", "--folder", "bags_3")
    assert second.end() == 3 and "node name /tower_1/recorder is taken" in second.output

    for bee in (*consoles, *robots):
        bee.interrupt()
    assert [bee.end() for bee in (*consoles, *robots)] == [0, 0, 0, 0]
    assert len(list((place.folder / "logs").glob("*-tower_[12]-*"))) >= 4
    place.wait_until_no_node_runs()


def test_a_console_ends_when_its_recorder_cannot_go_on(place: Field) -> None:
    """Nothing would be left of it; and what cannot be written to now is no better in five seconds."""
    folder = place.folder / "recordings"
    bee = place.bee("up", "console", "--namespace", "field", "--folder", str(folder))
    bee.wait_for(" is ready after ")
    os.kill(place.nodes()["recorder"], signal.SIGKILL)
    folder.rename(place.folder / "moved_away")
    folder.write_text("no folder")
    assert bee.end() == 3
    assert "recorder ended (killed by SIGKILL); it is started again in 5 s" in bee.output
    assert (
        "ALERT: recorder ended (exit status 2); it would end so again, and is given up; the others are ended"
        in bee.output
    )
    place.wait_until_no_node_runs()
