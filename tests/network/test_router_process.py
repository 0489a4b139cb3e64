"""The router's process: what it listens on, what it says, and that it lives through a crowd."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from network_places import Machine, free_port, wait_for

from bee_robot.cli.networking.network_folder import Member, NetworkFolder

TOKENS = 150


def listening(pid: int) -> set[str]:
    """Where a process listens: `address:port` of its TCP sockets, `udp address:port` of its UDP sockets."""
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        inodes = {os.readlink(link)[8:-1] for link in Path(f"/proc/{pid}/fd").iterdir() if _is_socket(link)}
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            address, port = columns[1].split(":")
            if columns[9] in inodes and (columns[3] == "0A" or table.startswith("udp")):
                shown = ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
                found.add(f"{'udp ' if table.startswith('udp') else ''}{shown}:{int(port, 16)}")
    return found


def _is_socket(link: Path) -> bool:
    try:
        return os.readlink(link).startswith("socket:")
    except OSError:
        return False


def network(folder: Path, port: int, *members: tuple[str, str]) -> NetworkFolder:
    now = datetime.now(timezone.utc)
    made = NetworkFolder.create(folder, f"127.0.0.1:{port}", 0, now, 365)
    for name, role in members:
        made = made.add(Member(name, role, f"/{name}"), now, 365)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "net"


def test_only_what_is_configured_is_listened_on(machine: Machine, folder: Path) -> None:
    """A network's router: all addresses. A robot's own router: loopback. A client: nothing. A peer: loopback."""
    port, local = free_port(), free_port()
    network(folder, port, ("bee1", "robot"))
    hub = machine.router(str(folder / "router.json5"))
    file = str(folder / "members" / "bee1.json5")
    here = machine.router(file, "--listen", f"tcp/127.0.0.1:{local}")
    here.says("connected with the router")
    client = machine.robot("/bee1", ZENOH_SESSION_CONFIG_URI=file)
    peer = machine.robot("/bee1", BEE_ROS_RENDEZVOUS=str(free_port()))
    if not listening(hub.pid):
        pytest.skip("this kernel does not list sockets by their inode")
    assert listening(hub.pid) == {f"0.0.0.0:{port}"}
    assert listening(here.pid) == {f"127.0.0.1:{local}"}
    assert listening(client.pid) == set()
    assert {each.split(":")[0] for each in listening(peer.pid)} == {"127.0.0.1"}
    assert (folder / "members" / "bee1.json5").stat().st_mode & 0o777 == 0o600


def test_hundreds_of_tokens_that_come_go_and_are_killed(machine: Machine) -> None:
    """A router that also declares things has been seen to hang here; one that does nothing else does not."""
    first, second = (f"tcp/127.0.0.1:{free_port()}" for _ in range(2))
    routers = [machine.router("--listen", first), machine.router("--listen", second, "--connect", first)]
    routers[1].says("connected with the router")
    for _ in range(2):
        crowd = [
            machine.python("tests/network/programs/tokens.py", each, str(TOKENS)) for each in (first, second)
        ]
        for each in crowd:
            each.says("turn 2")
        for each in crowd:
            each.kill()
    robot = machine.robot("/bee1", BEE_ROS_ROUTER=first)
    words = [f"{each}=/bee1" for each in ("see", "hear", "go", "climb")]
    outcome = machine.console(15.0, *words, BEE_ROS_ROUTER=second).outcome()
    assert None not in outcome.values(), outcome
    assert wait_for(lambda: _nodes_seen(machine, first) == ["/bee1/driver", "/console"]), (
        "who was killed is gone"
    )
    for router in routers:
        assert "panicked" not in router.text
    assert robot.end() == 0
    assert [router.end() for router in reversed(routers)] == [0, 0]


def _nodes_seen(machine: Machine, endpoint: str) -> list[str]:
    outcome = machine.console(5.0, "see=/bee1", BEE_ROS_ROUTER=endpoint).outcome()
    return (outcome["see=/bee1"] or {}).get("nodes", [])


def test_a_changed_file_is_taken_up_and_a_broken_one_is_not(machine: Machine, folder: Path) -> None:
    port = free_port()
    made = network(folder, port, ("bee1", "robot"))
    router = machine.router(str(folder / "router.json5"))
    pid = router.pid
    made.add(Member("office", "operator", "/office"), datetime.now(timezone.utc), 365)
    router.says("starting anew")
    assert wait_for(lambda: router.count("listens at") == 2)
    good = (folder / "router.json5").read_text()
    (folder / "router.json5").write_text(good + "}")
    router.says("going on with the old one")
    (folder / "router.json5").write_text(good)
    assert wait_for(lambda: router.count("listens at") == 3)
    assert router.pid == pid
    assert router.end() == 0


def test_a_taken_port_is_named(machine: Machine) -> None:
    endpoint = f"tcp/127.0.0.1:{free_port()}"
    machine.router("--listen", endpoint)
    second = machine.python("-m", "bee_robot.cli.main", "network", "router", f"--listen={endpoint}")
    assert second.wait() == 3
    assert "another" in second.text and endpoint.removeprefix("tcp/") in second.text


def test_a_router_is_waited_for_as_long_as_asked(machine: Machine) -> None:
    endpoint = f"tcp/127.0.0.1:{free_port()}"
    robot = "tests/network/programs/robot.py"
    begun = time.monotonic()
    twice = machine.python(robot, BEE_ROS_ROUTER=endpoint, ZENOH_ROUTER_CHECK_ATTEMPTS="2")
    waiting = machine.python(robot, BEE_ROS_ROUTER=endpoint, ZENOH_ROUTER_CHECK_ATTEMPTS="0")
    assert twice.wait() != 0
    assert time.monotonic() - begun >= 1.0
    assert f"no Zenoh router at {endpoint} (BEE_ROS_ROUTER), tried 2 times" in twice.text, twice.text
    assert "nothing listens on port" in twice.text
    waiting.says("waiting for a Zenoh router")
    machine.router("--listen", endpoint)
    waiting.says("ready")
    assert waiting.count("waiting for a Zenoh router") == 1
    assert waiting.end(signal.SIGINT) == 0
