"""Types of a bag that are not here: the embedded runtime takes their definitions from the bag itself."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rosidl_runtime_py.utilities import get_message

from bee_robot import ros_runtime
from bee_robot._ros_runtime import INTERFACE_PATH
from bee_robot.nodes.bag_definitions import SEPARATOR
from bee_robot.nodes.bag_reader import BagChannel
from bee_robot.nodes.bag_writer import BagError


def is_known(type_name: str) -> bool:
    try:
        get_message(type_name)
    except (AttributeError, ModuleNotFoundError, ValueError):
        return False
    return True


@contextmanager
def offered_definitions(channels: Iterable[BagChannel]) -> Iterator[None]:
    """Every type of these channels is known meanwhile: what is missing is written where imports find it, and taken away at
    the end. What was imported stays imported.

    BagError for a type that is not here and cannot be made: with ROS 2 a type has to be built; SQLite bags of Humble hold
    no definitions.
    """
    missing = [each for each in channels if not is_known(each.type)]
    if not missing:
        yield
        return
    named = ", ".join(sorted({each.type for each in missing}))
    if ros_runtime().kind != "embedded":
        raise BagError(f"not built here: {named}; source the workspace with it, or leave its topics out (-x)")
    with tempfile.TemporaryDirectory(prefix="bee_replay_") as folder:
        _write_definitions(missing, Path(folder))
        with _in_path(folder):
            still = sorted({each.type for each in missing if not is_known(each.type)})
            if still:
                raise BagError(
                    f"the bag's definitions of {', '.join(still)} cannot be understood; leave their topics out (-x)"
                )
            yield


def _write_definitions(channels: Iterable[BagChannel], folder: Path) -> None:
    for channel in channels:
        if channel.encoding != "ros2msg" or not channel.type:
            raise BagError(
                f"{channel.topic}: no definition of {channel.type or 'its type'} is here or in the bag; name its package's "
                f"folder in {INTERFACE_PATH}, or leave it out (-x '^{channel.topic}$')"
            )
        for name, text in split_definition(channel.type, channel.definition).items():
            package, _, short = name.split("/")
            path = folder / package / "msg" / f"{short}.msg"
            if not is_known(name) and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")


@contextmanager
def _in_path(folder: str) -> Iterator[None]:
    before = os.environ.get(INTERFACE_PATH)
    os.environ[INTERFACE_PATH] = os.pathsep.join(filter(None, (before, folder)))
    try:
        yield
    finally:
        rest = [each for each in os.environ.get(INTERFACE_PATH, "").split(os.pathsep) if each != folder]
        if before is None and not any(rest):
            os.environ.pop(INTERFACE_PATH, None)
        else:
            os.environ[INTERFACE_PATH] = os.pathsep.join(rest)


def is_same_definition(type_name: str, one: str, other: str) -> bool:
    """Whether two texts of a schema say the same but for comments, spaces and order of the types."""
    return _bare(type_name, one) == _bare(type_name, other)


def _bare(type_name: str, text: str) -> dict[str, list[str]]:
    return {
        name: [
            "".join(bare.split()) for line in part.splitlines() if (bare := line.partition("#")[0].strip())
        ]
        for name, part in split_definition(type_name, text).items()
    }


def split_definition(type_name: str, text: str) -> dict[str, str]:
    """Definitions by full name from the text of a schema (see bag_definitions)."""
    root, *others = text.replace("\r\n", "\n").split(f"{SEPARATOR}\n")
    found = {type_name: root}
    for part in others:
        title, _, body = part.partition("\n")
        package, *_, short = title.removeprefix("MSG:").strip().split("/")
        found[f"{package}/msg/{short}"] = body
    return found
