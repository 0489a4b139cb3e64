"""Types of a bag that are not here: the embedded runtime takes their definitions from the bag itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from rosidl_runtime_py.utilities import get_message

from bee_robot import ros_runtime
from bee_robot.nodes.bag_definitions import SEPARATOR
from bee_robot.nodes.bag_reader import BagChannel
from bee_robot.nodes.bag_writer import BagError

_EXTRA_PATH = "BEE_ROS_INTERFACE_PATH"


def is_known(type_name: str) -> bool:
    try:
        get_message(type_name)
    except (AttributeError, ModuleNotFoundError, ValueError):
        return False
    return True


def offer_definitions(channels: Iterable[BagChannel], folder: Path) -> None:
    """Make every type of these channels known: what is missing is written into `folder`, where imports find it.

    BagError for a type that is not here and cannot be made: with ROS 2 a type has to be built; SQLite bags of Humble hold
    no definitions.
    """
    missing = [each for each in channels if not is_known(each.type)]
    if not missing:
        return
    named = ", ".join(sorted({each.type for each in missing}))
    if ros_runtime().kind != "embedded":
        raise BagError(f"not built here: {named}; source the workspace with it, or leave its topics out (-x)")
    for channel in missing:
        if channel.encoding != "ros2msg" or not channel.type:
            raise BagError(
                f"{channel.topic}: no definition of {channel.type or 'its type'} is here or in the bag; name its package's "
                f"folder in {_EXTRA_PATH}, or leave it out (-x '^{channel.topic}$')"
            )
        for name, text in split_definition(channel.type, channel.definition).items():
            package, _, short = name.split("/")
            path = folder / package / "msg" / f"{short}.msg"
            if not is_known(name) and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    before = os.environ.get(_EXTRA_PATH, "")
    os.environ[_EXTRA_PATH] = os.pathsep.join(filter(None, (before, str(folder))))
    still = sorted({each.type for each in missing if not is_known(each.type)})
    if still:
        raise BagError(
            f"the bag's definitions of {', '.join(still)} cannot be understood; leave their topics out (-x)"
        )


def split_definition(type_name: str, text: str) -> dict[str, str]:
    """Definitions by full name from the text of a schema (see bag_definitions)."""
    root, *others = text.replace("\r\n", "\n").split(f"{SEPARATOR}\n")
    found = {type_name: root}
    for part in others:
        title, _, body = part.partition("\n")
        package, *_, short = title.removeprefix("MSG:").strip().split("/")
        found[f"{package}/msg/{short}"] = body
    return found
