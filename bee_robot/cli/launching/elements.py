"""Elements of YAML launch files and their attributes: those that are read here, and those that only ROS 2 knows.

A subset of what `ros2 launch` of Humble reads, so that a file that is read here is read there.
"""

from __future__ import annotations

CONDITIONS = frozenset({"if", "unless"})
_PROCESS = frozenset("name env output respawn respawn_delay cwd launch-prefix".split())

ATTRIBUTES: dict[str, frozenset[str]] = {
    "arg": frozenset({"name", "default", "description", "choice"}),
    "let": frozenset({"name", "value"}),
    "set_env": frozenset({"name", "value"}),
    "append_env": frozenset({"name", "value", "prepend", "separator"}),
    "unset_env": frozenset({"name"}),
    "node": _PROCESS | frozenset("pkg exec exec_name namespace param remap args ros_args".split()),
    "executable": _PROCESS | {"cmd"},
    "include": frozenset({"file", "arg"}),
    "group": frozenset({"children", "scoped"}),
    "push_ros_namespace": frozenset({"namespace"}),
    "push-ros-namespace": frozenset({"namespace"}),
    "set_parameter": frozenset({"name", "value"}),
    "set_parameters_from_file": frozenset({"filename"}),
    "set_remap": frozenset({"from", "to"}),
    "log": frozenset({"message"}),
}

ONLY_ROS: dict[str, str] = {
    "timer": "nodes are started in their order, each when those above it are ready; leave it out",
    "ros_timer": "nodes are started in their order, each when those above it are ready; leave it out",
    "shutdown": "give the processes that must not end alone no 'respawn': their end ends the others",
    "reset": "use a group, which keeps its settings to itself",
    "reset_env": "use 'unset_env', or a group, which keeps its settings to itself",
    "set_use_sim_time": "give each node the parameter use_sim_time",
    "node_container": "components need ROS 2; start each as a 'node'",
    "load_composable_node": "components need ROS 2; start each as a 'node'",
}
"""Elements of ROS 2 that are refused here, with what to write instead."""

OUTPUTS = frozenset({"screen", "log", "both", "own_log", "full"})
SCREEN = frozenset({"screen", "both", "full"})
"""Values of `output` that put a process on the screen. All processes have a log file, whatever `output` says."""


def unknown_element(kind: str) -> str:
    """What to say about an element that is not read here."""
    if kind in ONLY_ROS:
        return f"element '{kind}' is not for tables that run without ROS 2 too: {ONLY_ROS[kind]}"
    return f"unknown element '{kind}'; known: {', '.join(sorted(ATTRIBUTES))}"
