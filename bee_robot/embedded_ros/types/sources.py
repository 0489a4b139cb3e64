"""Where definitions come from: interface packages of this project, our field lists, rosbags' tables.

A package in a folder (`<root>/<package>/{msg,srv,action}/*.{msg,srv,action}`) wins over
`definitions/<package>.interfaces` (bare field lists of what rosbags does not bring), which wins
over rosbags' tables of ROS 2 Jazzy. Definitions are read one by one, when a type is first used.
"""

from __future__ import annotations

import os
import site
import sys
from functools import cache
from pathlib import Path
from typing import Any

from bee_robot._ros_runtime import INTERFACE_PATH
from bee_robot.embedded_ros.types.specs import DefinitionError

_OWN_DEFINITIONS = Path(__file__).parent / "definitions"
_SECTION = "=== "

ROSBAGS_PACKAGES = frozenset(
    "action_msgs builtin_interfaces diagnostic_msgs geometry_msgs lifecycle_msgs nav_msgs rcl_interfaces "
    "rosgraph_msgs sensor_msgs service_msgs shape_msgs statistics_msgs std_msgs stereo_msgs tf2_msgs "
    "trajectory_msgs type_description_interfaces unique_identifier_msgs visualization_msgs".split()
)

ROSBAGS_DEFAULTS: dict[str, dict[str, Any]] = {
    "geometry_msgs/msg/Quaternion": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0},
    "sensor_msgs/msg/NavSatStatus": {"status": -2, "service": 0},
}
"""Default values of the published definitions, which rosbags' tables leave out."""


def extra_roots() -> list[Path]:
    """Folders of interface packages named by `BEE_ROS_INTERFACE_PATH` (separated like PATH)."""
    return [Path(p) for p in os.environ.get(INTERFACE_PATH, "").split(os.pathsep) if p]


def interface_roots() -> list[Path]:
    """Folders that may hold interface packages, the first one wins.

    The extra ones, the source tree, and the `share` folders where an installed wheel puts its
    interface package.
    """
    package_parent = Path(__file__).resolve().parents[3]
    shares = [
        Path(prefix) / "share" for prefix in (sys.prefix, site.getuserbase(), sys.base_prefix) if prefix
    ]
    return [*extra_roots(), package_parent, *shares]


def package_folder(package: str) -> Path | None:
    """The folder of a package that brings definition files, or None."""
    return _package_folder(package, os.environ.get(INTERFACE_PATH, ""))


@cache
def _package_folder(package: str, extra_path: str) -> Path | None:
    for root in interface_roots():
        folder = root / package
        if any((folder / kind).is_dir() for kind in ("msg", "srv", "action")):
            return folder
    return None


@cache
def own_definitions(package: str) -> dict[str, str]:
    """Texts by `kind/Name` from our field lists; empty where there are none for the package."""
    path = _OWN_DEFINITIONS / f"{package}.interfaces"
    if not path.is_file():
        return {}
    texts: dict[str, str] = {}
    for section in path.read_text(encoding="utf-8").split(_SECTION)[1:]:
        title, _, body = section.partition("\n")
        texts[title.strip()] = body
    return texts


def known_packages() -> frozenset[str]:
    """Every package name that imports are served for. `BEE_ROS_INTERFACE_PATH` may gain folders at any time."""
    return _known_packages(os.environ.get(INTERFACE_PATH, ""))


@cache
def _known_packages(extra_path: str) -> frozenset[str]:
    names = {path.stem for path in _OWN_DEFINITIONS.glob("*.interfaces")}
    for root in extra_roots():
        if root.is_dir():
            names.update(child.name for child in root.iterdir() if child.name.isidentifier())
    if package_folder("bee_robot_interfaces"):
        names.add("bee_robot_interfaces")
    return ROSBAGS_PACKAGES | names


def definition_text(package: str, kind: str, name: str) -> str | None:
    """The text of `package/kind/name`, or None where only rosbags' tables may have it."""
    folder = package_folder(package)
    if folder is not None:
        path = folder / kind / f"{name}.{kind}"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return own_definitions(package).get(f"{kind}/{name}")


def rosbags_definition(full_name: str) -> Any:
    """The entry of rosbags' tables for a message, or None."""
    if full_name.split("/", 1)[0] not in ROSBAGS_PACKAGES:
        return None
    from rosbags.typesys.stores import ros2_jazzy

    return ros2_jazzy.FIELDDEFS.get(full_name)


def type_names(package: str, kind: str) -> list[str]:
    """All type names of a package's `msg`, `srv` or `action` module, sorted."""
    names = {title.split("/")[1] for title in own_definitions(package) if title.startswith(f"{kind}/")}
    folder = package_folder(package)
    if folder is not None and (folder / kind).is_dir():
        names.update(path.stem for path in (folder / kind).glob(f"*.{kind}"))
    if kind == "msg" and package in ROSBAGS_PACKAGES:
        from rosbags.typesys.stores import ros2_jazzy

        prefix = f"{package}/msg/"
        names.update(n[len(prefix) :] for n in ros2_jazzy.FIELDDEFS if n.startswith(prefix))
    return sorted(names)


def package_kinds(package: str) -> set[str]:
    """Which of `msg`, `srv`, `action` a package has."""
    kinds = {title.split("/")[0] for title in own_definitions(package)}
    folder = package_folder(package)
    if folder is not None:
        kinds.update(k for k in ("msg", "srv", "action") if (folder / k).is_dir())
    if package in ROSBAGS_PACKAGES:
        kinds.add("msg")
    return kinds


def split_sections(text: str, count: int, name: str) -> list[str]:
    """The parts of a .srv (2) or .action (3) text, which `---` lines separate."""
    parts: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.split("#")[0].strip() == "---":
            parts.append([])
        else:
            parts[-1].append(line)
    if len(parts) != count:
        raise DefinitionError(f"{name}: {len(parts)} parts separated by '---', but {count} belong there")
    return ["\n".join(part) for part in parts]
