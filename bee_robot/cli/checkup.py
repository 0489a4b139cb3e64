"""The findings of `bee doctor`: one function per thing that is looked at. Standard library only; changes nothing."""

from __future__ import annotations

import ast
import ctypes.util
import glob
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

import bee_robot
from bee_robot.cli import locations

LEAST_FREE_BYTES = 1_000_000_000
INSTALL = "run 'make setup' in the source folder"


class State(str, Enum):
    OK = "ok"
    MISSING = "MISSING"  # a simulated visit cannot run without it
    WARNING = "warning"
    ABSENT = "-"  # not here, and not needed for a simulated visit


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `remedy` is empty where nothing is to be done."""

    group: str
    name: str
    state: State
    detail: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        return {**asdict(self), "state": self.state.name.lower()}


def examine(robot_file: Path | None = None) -> list[Finding]:
    """All findings, those that a simulated visit needs first."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _build_tools,
        _packages,
        _firmware,
        lambda: _robot_file(robot_file),
        _ros,
        _model_runtime,
        _serial_ports,
        _cameras,
        _disk,
        _optional_tools,
    )
    return [finding for look in looks for finding in look()]


def _python() -> Iterator[Finding]:
    version = sys.version.split()[0]
    if sys.version_info >= (3, 10):  # noqa: UP036 - that is what a doctor asks
        yield Finding("system", "python", State.OK, f"{version}, {sys.executable}")
    else:
        yield Finding(
            "system", "python", State.MISSING, f"{version} is too old", "install Python 3.10 or later"
        )
    if sys.prefix != sys.base_prefix:
        yield Finding("system", "environment", State.OK, sys.prefix)
    elif importlib.util.find_spec("ensurepip") is None:
        yield Finding(
            "system",
            "environment",
            State.MISSING,
            "Python's venv is not here",
            "apt-get install python3-venv",
        )
    else:
        yield Finding(
            "system",
            "environment",
            State.ABSENT,
            "not in a virtual environment",
            f"{INSTALL}: it makes .venv",
        )


def _build_tools() -> Iterator[Finding]:
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    yield _tool("C compiler", compiler, "apt-get install gcc libc6-dev")
    yield _tool("make", shutil.which("make"), "apt-get install make")


def _tool(name: str, path: str | None, remedy: str) -> Finding:
    state = State.OK if path else State.MISSING
    return Finding("system", name, state, path or "not found on PATH", "" if path else remedy)


def requirements() -> list[str]:
    """Names of the packages that bee_robot needs: from its installed metadata, else from setup.py."""
    try:
        lines = importlib.metadata.requires("bee_robot") or []
        return [re.split(r"[^\w.-]", line)[0] for line in lines if "extra ==" not in line]
    except importlib.metadata.PackageNotFoundError:
        return _requirements_in_setup_file(locations.SOURCE_TREE / "setup.py")


def _requirements_in_setup_file(path: Path) -> list[str]:
    if not path.is_file():
        return []
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.keyword) and call.arg == "install_requires":
            return [re.split(r"[^\w.-]", line)[0] for line in ast.literal_eval(call.value)]
    return []


def pinned_versions() -> dict[str, set[str]]:
    """The versions that pins.txt names for a package on any Python; empty outside a source tree."""
    path = locations.SOURCE_TREE / "pins.txt"
    pins: dict[str, set[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        found = re.match(r"([\w.-]+)==([^\s;]+)", line)
        if found:
            pins.setdefault(found[1].lower(), set()).add(found[2])
    return pins


def _packages() -> Iterator[Finding]:
    pins = pinned_versions()
    for name in requirements():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding("packages", name, State.MISSING, "not installed", INSTALL)
            continue
        pinned = pins.get(name.lower(), {version})
        if version in pinned:
            yield Finding("packages", name, State.OK, version)
        else:
            detail = f"{version}, but {' or '.join(sorted(pinned))} is what was tested"
            yield Finding("packages", name, State.WARNING, detail, INSTALL)


def _robot_file(given: Path | None) -> Iterator[Finding]:
    try:
        from bee_robot import configuration
    except ImportError as error:
        yield Finding("robot", "robot file", State.ABSENT, f"cannot be checked without {error.name}", INSTALL)
        return
    try:
        path = given or locations.default_robot_file()
        robot = configuration.load(path)
    except (configuration.ConfigurationError, FileNotFoundError) as error:
        yield Finding(
            "robot", "robot file", State.MISSING, str(error), "correct the file, or name another with --robot"
        )
        return
    detail = f"{path}: {robot.robot}, a {robot.kind}; {robot.hive.says()}"
    yield Finding("robot", "robot file", State.OK, detail)


def _ros() -> Iterator[Finding]:
    runtime = bee_robot.ros_runtime()
    distribution = os.environ.get("ROS_DISTRO", "")
    detail = f"{runtime.kind}: {runtime.reason}" + (f" (ROS_DISTRO={distribution})" if distribution else "")
    yield Finding("robot", "ROS 2", State.OK, detail)


def _firmware() -> Iterator[Finding]:
    try:
        from bee_robot.sim.native import library_path
    except ImportError as error:
        yield Finding(
            "robot", "simulated board", State.ABSENT, f"cannot be looked for without {error.name}", INSTALL
        )
        return
    path = library_path()
    if path.is_file():
        yield Finding("robot", "simulated board", State.OK, str(path))
    else:
        yield Finding(
            "robot", "simulated board", State.MISSING, f"{path} is not built", "run 'make firmware'"
        )


def _model_runtime() -> Iterator[Finding]:
    yield _onnxruntime()
    driver = Path("/proc/driver/nvidia/version")
    if driver.is_file():
        yield Finding("models", "GPU", State.OK, driver.read_text(encoding="utf-8").splitlines()[0])
    elif Path("/etc/nv_tegra_release").is_file():
        yield Finding(
            "models", "GPU", State.OK, Path("/etc/nv_tegra_release").read_text(encoding="utf-8").strip()
        )
    else:
        yield Finding("models", "GPU", State.ABSENT, "no NVIDIA driver; models run on the processor")
    tensorrt = importlib.util.find_spec("tensorrt") or ctypes.util.find_library("nvinfer")
    yield Finding(
        "models", "TensorRT", State.OK if tensorrt else State.ABSENT, "installed" if tensorrt else "not here"
    )


def _onnxruntime() -> Finding:
    if importlib.util.find_spec("onnxruntime") is None:
        remedy = "pip install 'bee_robot[onnxruntime]', or with a GPU 'bee_robot[onnxruntime-gpu]'"
        return Finding(
            "models", "onnxruntime", State.MISSING, "not installed: photographs cannot be analysed", remedy
        )
    script = "import onnxruntime as o; print(o.__version__, *o.get_available_providers())"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    if answer.returncode:
        reason = answer.stderr.strip().splitlines()[-1:] or ["no reason given"]
        return Finding("models", "onnxruntime", State.WARNING, f"does not import: {reason[0]}", INSTALL)
    return Finding("models", "onnxruntime", State.OK, answer.stdout.strip())


def _serial_ports() -> Iterator[Finding]:
    patterns = ("/dev/serial/by-id/*", "/dev/ttyACM*", "/dev/ttyUSB*", "/dev/ttyTHS*")
    ports = [path for pattern in patterns for path in sorted(glob.glob(pattern))]
    if not ports:
        yield Finding("hardware", "serial port", State.ABSENT, "none; a real robot's board would be one")
    for port in ports:
        if os.access(port, os.R_OK | os.W_OK):
            yield Finding("hardware", "serial port", State.OK, port)
        else:
            remedy = f"usermod -aG dialout {os.environ.get('USER', '$USER')}, then log in again"
            yield Finding("hardware", "serial port", State.WARNING, f"{port}: no permission", remedy)


def _cameras() -> Iterator[Finding]:
    cameras = sorted(glob.glob("/dev/video*"))
    detail = ", ".join(cameras) if cameras else "none; simulated ones are always there"
    yield Finding("hardware", "cameras", State.OK if cameras else State.ABSENT, detail)


def _disk() -> Iterator[Finding]:
    for name, folder in (("disk, results", locations.state_folder()), ("disk, this folder", Path.cwd())):
        while not folder.exists():
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        detail = f"{free / 1e9:.1f} GB free at {folder}"
        if not os.access(folder, os.W_OK):
            yield Finding("hardware", name, State.WARNING, f"{folder} cannot be written", "use --store DIR")
        elif free < LEAST_FREE_BYTES:
            yield Finding(
                "hardware", name, State.WARNING, detail, "free some space: a visit takes up to 0.2 GB"
            )
        else:
            yield Finding("hardware", name, State.OK, detail)


def _optional_tools() -> Iterator[Finding]:
    for command, package, purpose in (
        ("avr-gcc", "gcc-avr avr-libc", "the firmware for a mega2560"),
        ("avrdude", "avrdude", "bee flash"),
        ("cppcheck", "cppcheck", "checks of the firmware"),
        ("chromium", "chromium", "browser tests"),
    ):
        path = shutil.which(command)
        state = State.OK if path else State.ABSENT
        remedy = "" if path else f"apt-get install {package}"
        yield Finding("for developers", command, state, path or f"not here ({purpose})", remedy)
