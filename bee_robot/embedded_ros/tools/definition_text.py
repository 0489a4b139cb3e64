"""The text of an interface: from its file, or written from what the embedded runtime knows of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bee_robot import ros_runtime


def definition_text(identifier: str) -> str:
    """The definition of `package/kind/Name`. LookupError if there is none, ValueError for another form."""
    from rosidl_runtime_py import get_interface_path

    try:
        return Path(get_interface_path(identifier)).read_text(encoding="utf-8")
    except LookupError:
        text = _embedded_text(identifier) if ros_runtime().kind == "embedded" else None
        if text is None:
            raise
        return text


def _embedded_text(identifier: str) -> str | None:
    from bee_robot.embedded_ros.types import sources

    package, kind, name = identifier.split("/")
    text = sources.definition_text(package, kind, name)
    if text is not None or kind != "msg":
        return text
    entry = sources.rosbags_definition(identifier)
    return None if entry is None else _written(identifier, entry)


def _written(identifier: str, entry: Any) -> str:
    """A text from an entry of rosbags' tables: constants with their types, then fields."""
    from bee_robot.embedded_ros.types.sources import ROSBAGS_DEFAULTS
    from bee_robot.embedded_ros.types.specs import spec_from_rosbags

    lines = []
    for name, type_name, value in entry[0]:
        shown = f'"{value}"' if "string" in type_name else value
        lines.append(f"{type_name} {name}={shown}")
    if lines:
        lines.append("")
    for field in spec_from_rosbags(identifier, entry, ROSBAGS_DEFAULTS.get(identifier, {})).fields:
        base = field.base.replace("/msg/", "/")
        if field.string_bound:
            base += f"<={field.string_bound}"
        suffix = {"scalar": "", "array": f"[{field.size}]"}.get(
            field.cardinality, f"[<={field.size}]" if field.size else "[]"
        )
        default = "" if field.default is None else f" {field.default}"
        lines.append(f"{base}{suffix} {field.name}{default}")
    return "\n".join(lines) + "\n"
