"""The package as pip and ROS people see it."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINS = (ROOT / "pins.txt").read_text(encoding="utf-8")


def keyword(name: str) -> object:
    """The value of a keyword of setup()."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    found = [each.value for each in ast.walk(tree) if isinstance(each, ast.keyword) and each.arg == name]
    return ast.literal_eval(found[-1])


def constant(name: str) -> tuple[str, ...]:
    """The value of a name of setup.py."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    assigned = (each for each in tree.body if isinstance(each, ast.Assign))
    return next(
        ast.literal_eval(each.value) for each in assigned if getattr(each.targets[0], "id", "") == name
    )


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", each)[0].lower() for each in requirements}


def test_colcon_sees_both_packages_with_their_build_types() -> None:
    colcon = Path(sys.executable).with_name("colcon")
    assert colcon.is_file(), "colcon belongs to the test extra: make setup"
    command = [str(colcon), "--log-base", "/dev/null", "list", "--base-paths", ".", "bee_robot_interfaces"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    found = {line.split()[0]: line.split()[-1] for line in listed.splitlines()}
    assert found == {"bee_robot": "(ros.ament_python)", "bee_robot_interfaces": "(ros.ament_cmake)"}


@pytest.mark.parametrize("folder", [".", "bee_robot_interfaces"])
def test_package_xml_is_of_format_3_and_agrees_with_setup(folder: str) -> None:
    text = (ROOT / folder / "package.xml").read_text(encoding="utf-8")
    assert text.startswith('<?xml version="1.0"?>\n')
    package = ElementTree.fromstring(text)
    assert package.get("format") == "3"
    init = (ROOT / "bee_robot" / "__init__.py").read_text(encoding="utf-8")
    assert f'__version__ = "{package.findtext("version")}"' in init


def test_the_resource_index_names_the_package() -> None:
    assert (ROOT / "resource" / "bee_robot").is_file()


def test_versions_are_pinned_in_pins_alone() -> None:
    requirements = [*keyword("install_requires"), *sum(keyword("extras_require").values(), [])]  # type: ignore[misc, attr-defined, union-attr]
    assert not [each for each in requirements if "==" in each or "<" in each]
    assert names(requirements) <= {line.split("==")[0] for line in PINS.splitlines() if "==" in line}


def test_what_is_installed_is_what_is_pinned() -> None:
    """Every package that the tests run with, the transitive ones too."""
    pinned = pins_for(f"{sys.version_info.major}.{sys.version_info.minor}")
    wrong = []
    todo, seen = ["bee_robot"], set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of an extra, or of another platform
        if name != "bee_robot" and pinned.get(name) != found.version:
            wrong.append(f"{name} {found.version} is installed, {pinned.get(name)} is pinned")
        for requirement in found.requires or []:
            if "extra ==" not in requirement:
                todo.append(re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-"))
    assert len(seen) > 10, "bee_robot is not installed: make setup"
    assert not wrong, "; ".join(wrong)


def pins_for(python: str) -> dict[str, str]:
    pinned = {}
    for line in PINS.splitlines():
        requirement, _, marker = line.partition(";")
        if "==" in requirement and (not marker or f'"{python}"' in marker):
            name, _, version = requirement.strip().partition("==")
            pinned[name] = version
    return pinned


def test_each_supported_python_has_one_version_of_everything() -> None:
    for python in ("3.10", "3.11", "3.12", "3.13"):
        lines = [
            line for line in PINS.splitlines() if "==" in line and (";" not in line or f'"{python}"' in line)
        ]
        found = [line.split("==")[0] for line in lines]
        assert len(found) == len(set(found))
        assert names(keyword("install_requires")) <= set(found)  # type: ignore[arg-type]


def test_a_wheel_brings_everything_that_runs_without_the_source_tree(tmp_path: Path) -> None:
    tree = tmp_path / "tree"  # setuptools would leave its build folder in the source
    shutil.copytree(
        ROOT, tree, ignore=shutil.ignore_patterns(".*", "build", "reports", "*.egg-info", "__pycache__")
    )
    if (built := ROOT / "build" / "firmware" / "host").is_dir():  # times kept: make has nothing to do
        shutil.copytree(built, tree / "build" / "firmware" / "host")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "-w", str(tmp_path), str(tree)], timeout=110, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    wheel = next(tmp_path.glob("bee_robot-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        inside = {re.sub(r"^bee_robot-[^/]*\.data/data/", "", name) for name in archive.namelist()}
        entry_points = archive.read(
            next(n for n in archive.namelist() if n.endswith("entry_points.txt"))
        ).decode()
    shared = [
        "share/ament_index/resource_index/packages/bee_robot",
        "share/bee_robot/package.xml",
        "share/bee_robot/launch/tower.launch.yaml",
        "share/bee_robot/config/robots/tower.yaml",
        "share/bee_robot/urdf/tower.urdf.xacro",
        "share/bee_robot/urdf/parts.yaml",
        "share/bee_robot/urdf/meshes/fork.stl",
        "share/bee_robot_interfaces/action/InspectBox.action",
        "bee_robot/sim/libbee_host.so",
    ]
    package = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bee_robot").rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".so")
    ]
    assert set(shared) <= inside
    assert set(package) <= inside, f"not in the wheel: {sorted(set(package) - inside)}"
    for node in constant("NODES"):
        assert f"{node} = bee_robot.nodes.{node}:main" in entry_points
    assert "bee = bee_robot.cli.main:main" in entry_points


def test_every_node_is_an_executable_of_a_launch_file() -> None:
    started = set()
    for path in (ROOT / "launch").glob("*.launch.yaml"):
        started |= set(re.findall(r'pkg: "bee_robot"\n\s+exec: "(\w+)"', path.read_text(encoding="utf-8")))
    assert started == set(constant("NODES"))


def test_executables_take_the_python_of_the_environment() -> None:
    """colcon runs on Ubuntu's Python, which lacks what the nodes need; the environment that has it comes first in PATH."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert setup["build_scripts"]["executable"] == "/usr/bin/env python3"
    assert setup["install"]["install_scripts"] == setup["develop"]["script_dir"] == "$base/lib/bee_robot"


def test_settings_of_pytest_suit_ubuntus() -> None:
    """`colcon test` takes the pytest of Ubuntu 22.04: the launch_testing of Humble knows no later one."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^minversion = "6\.2"', text, re.MULTILINE)


@pytest.mark.parametrize(("runtime", "expected"), [("system", {"ros", "ros_api"}), ("embedded", None)])
def test_pytest_collects_what_is_meant_for_ros_where_it_is_sourced(
    runtime: str, expected: set[str] | None, tmp_path: Path
) -> None:
    """A stand-in for an installed ROS 2: a package `rclpy` on PYTHONPATH."""
    (tmp_path / "rclpy").mkdir()
    (tmp_path / "rclpy" / "__init__.py").touch()
    code = "import sys; sys.path.insert(0, 'tests'); import conftest; print(*conftest.collect_ignore)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "BEE_ROS": runtime}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert set(done.stdout.split()) == (folders - expected if expected else set())
