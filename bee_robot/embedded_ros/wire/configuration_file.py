"""Zenoh configuration files: reading one, overriding parts of it, and what is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bee_robot.embedded_ros.wire.settings import TransportError

_PLACES = re.compile(r"\s+at /\S+\.rs:\d+\.?")


def plain(error: Exception) -> str:
    """What Zenoh says, without the places in its sources."""
    return _PLACES.sub("", str(error)).strip()


def read_configuration(uri: str, variable: str) -> Any:
    """The zenoh.Config of a file; TransportError, naming the variable that names the file."""
    import zenoh

    path = Path(uri.removeprefix("file://"))
    if not path.is_file():
        raise TransportError(f"{variable}: there is no file {path}")
    try:
        return zenoh.Config.from_file(str(path))
    except zenoh.ZError as error:
        raise TransportError(f"{variable}: {path}: {plain(error)}") from error


def configuration_of(values: dict[str, Any]) -> Any:
    """Zenoh's default configuration with these values, by key."""
    import zenoh

    config = zenoh.Config()
    for key, value in values.items():
        config.insert_json5(key, json.dumps(value))
    return config


def override(config: Any, overrides: Iterable[tuple[str, str]]) -> None:
    """Put JSON5 values into a configuration, in place; TransportError for one that does not fit."""
    import zenoh

    for key, value in overrides:
        try:
            config.insert_json5(key, value)
        except zenoh.ZError as error:
            raise TransportError(f"ZENOH_CONFIG_OVERRIDE: {key}={value}: {plain(error)}") from error


def mode_of(config: Any) -> str:
    """`peer`, `client` or `router`."""
    return json.loads(config.get_json("mode")) or "peer"


def endpoints_of(config: Any, what: str, mode: str) -> tuple[str, ...]:
    """The endpoints to `connect` to or to `listen` on, where the configuration names some for this mode."""
    found = json.loads(config.get_json(f"{what}/endpoints"))
    if isinstance(found, dict):
        found = found.get(mode)
    flat: list[str] = []
    for each in found or ():
        flat += each if isinstance(each, list) else [each]
    return tuple(flat)
