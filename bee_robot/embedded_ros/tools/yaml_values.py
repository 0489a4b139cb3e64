"""Values on the command line: YAML, put into messages."""

from __future__ import annotations

import sys
from typing import Any

from bee_robot.embedded_ros.tools.verb import ToolError


def load_yaml(text: str, what: str) -> Any:
    """ToolError, one line, if the text is no YAML."""
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise ToolError(
            f"{what} is no YAML{where}: {problem}; write for example \"{{a: 1, b: [2, 3], c: 'text'}}\""
        ) from None


def fill(message: Any, text: str, what: str, stamps: bool = False) -> list[Any]:
    """Set fields of `message` from YAML. With `stamps`, gives the functions that set what was `auto` or `now`."""
    from rosidl_runtime_py import set_message_fields

    values = load_yaml(text, what)
    if values is None:
        return []
    if not isinstance(values, dict):
        raise ToolError(
            f"{what} has to be a dictionary in YAML format, such as '{{data: 1}}', not {values!r}"
        )
    switches = {"expand_header_auto": True, "expand_time_now": True} if stamps else {}
    try:
        return list(set_message_fields(message, values, **switches))
    except (AttributeError, TypeError, ValueError, AssertionError, OverflowError) as error:
        raise ToolError(f"Failed to populate field: {' '.join(str(error).split())}") from None


def given_or_stdin(given: str, from_stdin: bool) -> str:
    return sys.stdin.read() if from_stdin else given
