"""Machines and processes of network tests: a machine is a network namespace, or this one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
PATIENCE_S = 20.0
SET_BY_TESTS = (
    "BEE_ROS_RENDEZVOUS", "BEE_ROS_ROUTER", "ZENOH_SESSION_CONFIG_URI", "ZENOH_ROUTER_CONFIG_URI",
    "ZENOH_CONFIG_OVERRIDE", "ZENOH_ROUTER_CHECK_ATTEMPTS",
)  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


class Process:
    """A program that was started, and every line that it wrote."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self._popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=_hears_sigint,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self.lines.append(line.rstrip())

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def says(self, words: str, timeout_s: float = PATIENCE_S) -> str:
        """The first line with these words, as soon as it is there; fails if it does not come."""

        deadline = time.monotonic() + timeout_s
        has_ended = False
        while True:
            found = next((line for line in list(self.lines) if words in line), "")
            if found:
                return found
            assert not has_ended, f"ended without saying {words!r}:\n{self.text}"
            assert time.monotonic() < deadline, f"never said {words!r}:\n{self.text}"
            has_ended = self._popen.poll() is not None and not self._reader.is_alive()
            time.sleep(0.02)

    def count(self, words: str) -> int:
        return sum(words in line for line in list(self.lines))

    def end(self, number: int = signal.SIGTERM, timeout_s: float = PATIENCE_S) -> int:
        """Send a signal and wait; the exit status."""
        if self._popen.poll() is None:
            self._popen.send_signal(number)
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        try:
            status = self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._popen.send_signal(signal.SIGABRT)  # PYTHONFAULTHANDLER tells where it is
            self._reader.join(5.0)
            raise AssertionError(f"did not end within {timeout_s:g} s:\n{self.text}") from None
        self._reader.join(timeout_s)
        return status

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._popen.kill()
        self._popen.wait()
        self._reader.join(5.0)

    def outcome(self, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """What console.py printed at its end."""
        self.wait(timeout_s)
        printed = [line for line in self.lines if line.startswith("{")]
        assert printed, self.text
        return json.loads(printed[-1])


def _hears_sigint() -> None:
    # A shell that runs tests in the background has SIGINT ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Machine:
    """Where processes run: a network namespace of this name, or the machine itself (no name)."""

    def __init__(self, domain_id: int, namespace: str = "") -> None:
        self._prefix = ["ip", "netns", "exec", namespace] if namespace else []
        self._domain_id = domain_id
        self.running: list[Process] = []

    def start(self, words: list[str], **variables: str) -> Process:
        kept = {name: value for name, value in os.environ.items() if name not in SET_BY_TESTS}
        environment = {
            **kept,
            "BEE_ROS": "embedded",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
            "ROS_DOMAIN_ID": str(self._domain_id),
            **variables,
        }
        process = Process([*self._prefix, *words], environment)
        self.running.append(process)
        return process

    def python(self, *words: str, **variables: str) -> Process:
        return self.start([sys.executable, *words], **variables)

    def router(self, *words: str, **variables: str) -> Process:
        """What `bee network router ...` becomes, running and listening."""
        router = self.python("-m", "bee_robot.embedded_ros.wire.router", *words, **variables)
        router.says("listens at")
        return router

    def robot(self, namespace: str, **variables: str) -> Process:
        robot = self.python(str(PROGRAMS / "robot.py"), "--ros-args", "-r", f"__ns:={namespace}", **variables)
        robot.says("ready")
        return robot

    def console(self, patience_s: float, *words: str, namespace: str = "/", **variables: str) -> Process:
        names = ["--ros-args", "-r", f"__ns:={namespace}"] if namespace != "/" else []
        return self.python(str(PROGRAMS / "console.py"), str(patience_s), *words, *names, **variables)

    def end_all(self) -> None:
        for process in reversed(self.running):
            process.kill()
        self.running.clear()


def bee(*words: str) -> subprocess.CompletedProcess[str]:
    """`bee ...`, run to its end."""
    command = [sys.executable, "-m", "bee_robot.cli.main", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


class Country:
    """A hub and machines around it, each connected with the hub alone, by a cable of its own."""

    HUB_ADDRESS = "10.213.0.1"

    def __init__(self, domain_id: int, *names: str) -> None:
        self._own = [f"bee{os.getpid() % 100000}{name}" for name in ("hub", *names)]
        self.cables = {name: f"b{os.getpid() % 100000}{number}" for number, name in enumerate(names)}
        namespaces = dict(zip(("hub", *names), self._own))
        self.machines = {name: Machine(domain_id, namespace) for name, namespace in namespaces.items()}
        self._namespaces = namespaces
        for namespace in self._own:
            _ip("netns", "add", namespace)
            _ip("-n", namespace, "link", "set", "lo", "up")
        # The hub's own address, which every machine reaches by its cable.
        _ip("-n", self._own[0], "addr", "add", f"{self.HUB_ADDRESS}/32", "dev", "lo")
        for number, name in enumerate(names, start=1):
            self._connect(name, number)

    def _connect(self, name: str, number: int) -> None:
        cable, hub, there = self.cables[name], self._own[0], self._namespaces[name]
        _ip("link", "add", f"{cable}h", "netns", hub, "type", "veth", "peer", f"{cable}m", "netns", there)
        for namespace, end, last in ((hub, f"{cable}h", 1), (there, f"{cable}m", 2)):
            _ip("-n", namespace, "addr", "add", f"10.213.{number}.{last}/24", "dev", end)
            _ip("-n", namespace, "link", "set", end, "up")
        _ip("-n", there, "route", "add", f"{self.HUB_ADDRESS}/32", "via", f"10.213.{number}.1")

    def shape(self, name: str, *netem: str) -> bool:
        """Make a machine's cable bad, by the kernel; False where it cannot."""
        for namespace, end in (
            (self._own[0], f"{self.cables[name]}h"),
            (self._namespaces[name], f"{self.cables[name]}m"),
        ):
            done = subprocess.run(
                ["ip", "netns", "exec", namespace, "tc", "qdisc", "replace", "dev", end, "root", "netem", *netem],
                capture_output=True,
                check=False,
            )  # fmt: skip
            if done.returncode:
                return False
        return True

    def remove(self) -> None:
        for machine in self.machines.values():
            machine.end_all()
        for namespace in self._own:
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


def why_no_namespaces() -> str:
    """What is missing for network namespaces; empty if nothing is."""
    if shutil.which("ip") is None:
        return "network namespaces need `ip` (Debian: iproute2)"
    name = f"bee{os.getpid() % 100000}try"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if done.returncode:
        return f"network namespaces need root and CAP_SYS_ADMIN: {done.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return ""


@contextlib.contextmanager
def country(domain_id: int, *names: str) -> Iterator[Country]:
    missing = why_no_namespaces()
    if missing:
        pytest.skip(missing)
    made = Country(domain_id, *names)
    try:
        yield made
    finally:
        made.remove()
