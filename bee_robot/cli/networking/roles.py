"""What each role may do on a network, in the words of ROS.

A pattern of names is a full name (`/cmd_vel`), a namespace with all in it (`/robot/**`), or all names (`/**`).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

EVERYTHING = "/**"
OF_EVERY_NODE = ("/rosout", "/parameter_events")
OF_EVERY_ROBOT = ("/tf", "/tf_static", "/diagnostics")
"""Global names by convention, which robots share: their frames and hardware names carry the robot's name."""

# Services that only tell something. The type stands in the key of a service, so that a server cannot be
# made to act by them, whatever its name is.
TELLING_SERVICES = (
    "rcl_interfaces/srv/DescribeParameters",
    "rcl_interfaces/srv/GetParameterTypes",
    "rcl_interfaces/srv/GetParameters",
    "rcl_interfaces/srv/ListParameters",
    "lifecycle_msgs/srv/GetAvailableStates",
    "lifecycle_msgs/srv/GetAvailableTransitions",
    "lifecycle_msgs/srv/GetState",
)

ROLES = {
    "robot": "publishes and serves under its own namespace alone",
    "operator": "sees everything, calls services and actions, publishes on the topics named for it",
    "viewer": "sees everything, changes nothing",
}

PATTERN = re.compile(r"/\*\*|(/[A-Za-z_][A-Za-z0-9_]*)+(/\*\*)?")


@dataclass(frozen=True)
class Grants:
    """What a member may do. `call_types` are service types that it may call whatever their name."""

    namespaces: tuple[str, ...]
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    serve: tuple[str, ...] = ()
    call: tuple[str, ...] = ()
    call_types: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return {name: list(values) for name, values in asdict(self).items()}


def grants(role: str, namespace: str, publish: tuple[str, ...], subscribe: tuple[str, ...]) -> Grants:
    """What a role may do in `namespace` (`/robot`), with names beyond it that were allowed one by one."""
    own = f"{namespace}/**"
    if role == "robot":
        return Grants(
            namespaces=(namespace,),
            publish=(own, *OF_EVERY_NODE, *OF_EVERY_ROBOT, *publish),
            subscribe=(own, *subscribe),
            serve=(own,),
            call=(own,),
        )
    if role == "operator":
        return Grants(
            namespaces=("/", namespace),
            publish=(own, *OF_EVERY_NODE, *publish),
            subscribe=(EVERYTHING,),
            serve=(own,),
            call=(EVERYTHING,),
        )
    return Grants(namespaces=("/", namespace), subscribe=(EVERYTHING,), call_types=TELLING_SERVICES)
