"""What the code imports, what setup.py and package.xml declare, and what ROS people can install say the same."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROSDEP = json.loads((ROOT / "tests" / "data" / "rosdep_keys.json").read_text(encoding="utf-8"))["keys"]
SETUP_PAGE = ROOT / "docs" / "ros2_setup.md"
OUR_INTERFACES = "bee_robot_interfaces"

# Where the name of a module is not that of its package.
PACKAGE_OF_MODULE = {
    "cv2": "opencv-python-headless",
    "serial": "pyserial",
    "yaml": "pyyaml",
    "zenoh": "eclipse-zenoh",
}
ROSDEP_KEY = {
    "cryptography": "python3-cryptography", "jinja2": "python3-jinja2", "numpy": "python3-numpy",
    "pyserial": "python3-serial", "pyyaml": "python3-yaml", "rich": "python3-rich", "scipy": "python3-scipy",
    "xacro": "xacro",
}  # fmt: skip
# The keys there are give what is too old, or there are none; docs/ros2_setup.md says which for each.
BY_PIP = {
    "eclipse-zenoh", "markupsafe", "mcap", "onnxruntime", "opencv-python-headless", "pydantic", "rosbags", "zstandard",
}  # fmt: skip
# Started by launch files, or their reader.
NOT_IMPORTED = {"robot_state_publisher", "ros2launch"}


def modules_imported(folder: Path, leave_out: Path | None = None) -> set[str]:
    """Top-level modules that the files of a folder import and that are not of Python itself."""
    files = [path for path in folder.rglob("*.py") if leave_out is None or leave_out not in path.parents]
    assert files
    found = {name.split(".")[0] for path in files for name in imports_of(path)}
    return found - set(sys.stdlib_module_names) - {"bee_robot"} - {path.stem for path in files}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def declared(package: str, *tags: str) -> list[str]:
    """The names in a package.xml (`.` or the folder of the interfaces)."""
    tree = ElementTree.parse(ROOT / package / "package.xml").getroot()
    return [each.text or "" for each in tree if each.tag in tags]


def requirements(keyword: str) -> set[str]:
    """Names that setup.py gives as install_requires, or in all extras but `test`."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    value = next(n.value for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg == keyword)
    given = ast.literal_eval(value)
    lists = [given] if isinstance(given, list) else [given[key] for key in given if key != "test"]
    return {re.split(r"[^\w.-]", each)[0].lower() for one in lists for each in one}


def of_ros(modules: set[str]) -> set[str]:
    """Those that come with ROS 2: packages of interfaces and the client library. (xacro is on PyPI, too.)"""
    ends = ("_msgs", "_srvs", "_interfaces")
    others = {"ament_index_python", "launch", "launch_testing", "rclpy", "rosidl_runtime_py"}
    return {name for name in modules if name.endswith(ends) or name in others}


def test_every_python_package_that_is_imported_is_in_setup_py() -> None:
    modules = modules_imported(ROOT / "bee_robot")
    packages = {PACKAGE_OF_MODULE.get(name, name) for name in modules - of_ros(modules)}
    assert packages == requirements("install_requires") | {"onnxruntime"}


def test_every_ros_package_that_is_imported_is_in_package_xml_and_no_other() -> None:
    # embedded_ros is of machines without ROS 2, where package.xml means nothing.
    modules = modules_imported(ROOT / "bee_robot", leave_out=ROOT / "bee_robot" / "embedded_ros")
    keys = {name for name in declared(".", "exec_depend") if name not in ROSDEP_KEY.values()}
    assert keys == of_ros(modules) | NOT_IMPORTED


def test_what_the_tests_on_ros_2_import_is_declared_too() -> None:
    modules = of_ros(modules_imported(ROOT / "tests" / "ros") | modules_imported(ROOT / "tests" / "ros_api"))
    for_tests = {name for name in declared(".", "test_depend") if not name.startswith("python3-")}
    assert for_tests == modules - set(declared(".", "exec_depend"))


def test_every_python_package_has_a_rosdep_key_or_comes_by_pip() -> None:
    needed = requirements("install_requires") | {"onnxruntime"}
    assert not needed - set(ROSDEP_KEY) - BY_PIP
    assert not set(ROSDEP_KEY) & BY_PIP
    assert {ROSDEP_KEY[name] for name in needed - BY_PIP} <= set(declared(".", "exec_depend"))


def test_the_page_names_what_comes_by_pip() -> None:
    table = SETUP_PAGE.read_text(encoding="utf-8").split("<!-- table: by pip -->")[1].split("<!-- end -->")[0]
    assert set(re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE)) == BY_PIP


@pytest.mark.parametrize("package", [".", OUR_INTERFACES])
def test_rosdep_knows_every_key_on_both_ubuntus(package: str) -> None:
    tags = ("depend", "exec_depend", "build_depend", "buildtool_depend", "test_depend")
    keys = [name for name in declared(package, *tags) if name != OUR_INTERFACES]
    assert len(keys) == len(set(keys)), "a key is declared twice"
    assert not [name for name in keys if name not in ROSDEP], (
        "look it up in rosdistro, then add it to rosdep_keys.json"
    )


def test_the_interfaces_depend_on_the_packages_whose_types_they_use() -> None:
    used = set()
    for path in (ROOT / OUR_INTERFACES).rglob("*.*"):
        if path.suffix in (".msg", ".srv", ".action"):
            used |= set(re.findall(r"^(\w+)/\w+", path.read_text(encoding="utf-8"), re.MULTILINE))
    # action_msgs: what rosidl puts around every action.
    assert set(declared(OUR_INTERFACES, "depend")) == used | {"action_msgs"}
