"""YAML that remembers where things stand, so that an error can name file and line."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml


class LaunchError(Exception):
    """A launch file or the call of it is wrong. One line: file, line, what, what to do."""


class Lined(dict[str, Any]):
    """A mapping whose keys know their line (counted from 1)."""

    line: int = 0
    key_lines: dict[str, int]


class _LinedLoader(yaml.SafeLoader):
    pass


def _construct_lined(loader: yaml.SafeLoader, node: yaml.MappingNode) -> Lined:
    loader.flatten_mapping(node)
    lined = Lined()
    lined.line = node.start_mark.line + 1
    lined.key_lines = {}
    for key_node, value_node in node.value:
        key: Hashable = loader.construct_object(key_node, deep=True)
        if key in lined:
            raise yaml.constructor.ConstructorError(
                None, None, f"'{key}' is given twice", key_node.start_mark
            )
        lined[str(key)] = loader.construct_object(value_node, deep=True)
        lined.key_lines[str(key)] = key_node.start_mark.line + 1
    return lined


_LinedLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_lined)


def read(path: Path) -> Any:
    """The content of a YAML file, mappings as `Lined`. Raises LaunchError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise LaunchError(f"{path}: cannot read the launch file ({reason})") from None
    try:
        return yaml.load(text, Loader=_LinedLoader)  # a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise LaunchError(f"{path}{where}: not valid YAML ({getattr(error, 'problem', error)})") from None
