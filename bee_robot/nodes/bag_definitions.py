"""The text of message definitions as bags carry it (schema encoding `ros2msg`): a type and every type that it uses."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from rosidl_runtime_py import get_interface_path
from rosidl_runtime_py.utilities import get_message

from bee_robot import ros_runtime

SEPARATOR = "=" * 80
_PRIMITIVES = {"double": "float64", "float": "float32", "boolean": "bool", "octet": "byte"}
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*$")


def definition_of(message_type: Any) -> str:
    """The text of a message class, then of all it uses, each after a line of `=` and one with `MSG: package/Name`."""
    texts: dict[str, str] = {}
    _collect(message_type, texts)
    root, *others = texts
    return f"\n{SEPARATOR}\n".join([texts[root], *(f"MSG: {name}\n{texts[name]}" for name in others)])


def full_name(message_type: Any) -> str:
    """`package/msg/Name`, also of the parts of services and actions."""
    package, kind, *_ = message_type.__module__.split(".")
    return f"{package}/{kind}/{message_type.__name__}"


def _collect(message_type: Any, texts: dict[str, str]) -> None:
    package, _, name = full_name(message_type).split("/")
    short = f"{package}/{name}"
    if short in texts:
        return
    texts[short] = _text_from_file(message_type) or _text_from_class(message_type)
    example = message_type()
    for field, type_name in message_type.get_fields_and_field_types().items():
        base = _element(type_name)[0]
        if "/" in base:
            value = getattr(example, field)
            # Arrays hold messages only; a single one may be part of an action, which its name does not tell.
            is_one = hasattr(value, "get_fields_and_field_types")
            _collect(type(value) if is_one else get_message(base), texts)


def _text_from_file(message_type: Any) -> str:
    try:
        path = Path(get_interface_path(full_name(message_type)))
        return path.read_text(encoding="utf-8") if path.suffix == ".msg" else ""
    except (LookupError, OSError):
        return ""


def _text_from_class(message_type: Any) -> str:
    lines = []
    types = _constant_types(full_name(message_type))
    for name, value in vars(message_type).items():
        if _CONSTANT.match(name) and isinstance(value, (bool, int, float, str, bytes)):
            shown = (
                f'"{value}"' if isinstance(value, str) else value[0] if isinstance(value, bytes) else value
            )
            lines.append(f"{types.get(name) or _guessed(value)} {name}={shown}")
    for field, type_name in message_type.get_fields_and_field_types().items():
        base, suffix = _element(type_name)
        name, _, bound = base.partition("<")
        written = _PRIMITIVES.get(name, name) + (f"<={bound[:-1]}" if bound else "")
        lines.append(f"{written}{suffix} {field}")
    return "\n".join(lines) + "\n"


def _element(type_name: str) -> tuple[str, str]:
    """`sequence<double, 3>` -> ("double", "[<=3]"); `uint8[16]` -> ("uint8", "[16]"); `string<9>` -> ("string<9>", "")."""
    if type_name.startswith("sequence<"):
        base, _, bound = type_name[len("sequence<") : -1].rpartition(", ")
        return (base, f"[<={bound}]") if base else (bound, "[]")
    if type_name.endswith("]"):
        base, _, size = type_name.rpartition("[")
        return base, f"[{size}"
    return type_name, ""


def _guessed(value: Any) -> str:
    """A type that holds a constant whose own type nobody tells."""
    for kind, name in ((bool, "bool"), (float, "float64"), (str, "string"), (bytes, "byte")):
        if isinstance(value, kind):
            return name
    if value < 0:
        return "int32" if value >= -(2**31) else "int64"
    return next(
        (name for bits, name in ((8, "uint8"), (31, "int32"), (63, "int64")) if value < 2**bits), "uint64"
    )


@cache
def _constant_types(name: str) -> dict[str, str]:
    """Types of constants by name, from rosbags' tables: classes do not tell them, and with ROS 2 there are files."""
    if ros_runtime().kind != "embedded":
        return {}
    from rosbags.typesys.stores import ros2_jazzy

    entry = ros2_jazzy.FIELDDEFS.get(name)
    return {} if entry is None else {constant: type_name for constant, type_name, _ in entry[0]}
