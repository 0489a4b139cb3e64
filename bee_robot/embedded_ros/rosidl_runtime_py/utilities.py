"""Interface types by their names."""

from __future__ import annotations

import importlib
from typing import Any


def is_message(interface: Any) -> bool:
    return hasattr(interface, "get_fields_and_field_types")


def is_service(interface: Any) -> bool:
    return hasattr(interface, "Request") and hasattr(interface, "Response")


def is_action(interface: Any) -> bool:
    return all(hasattr(interface, part) for part in ("Goal", "Result", "Feedback"))


def get_interface(identifier: str) -> Any:
    """The class named `package/msg/Name`, `package/srv/Name` or `package/action/Name`.

    ModuleNotFoundError if there is no such package, AttributeError if it has no such type.
    """
    module, _, name = identifier.replace("/", ".").rpartition(".")
    if not module or not name:
        raise ValueError(f"Expected the full name of an interface, got '{identifier}'")
    return getattr(importlib.import_module(module), name)


def _get(identifier: str, kind: str, article: str, fits: Any) -> Any:
    parts = identifier.split("/")
    if len(parts) == 2:
        parts.insert(1, kind)
    interface = get_interface("/".join(parts))
    if not fits(interface):
        raise ValueError(f"Expected the full name of {article}, got '{identifier}'")
    return interface


def get_message(identifier: str) -> Any:
    """The class of a message from `package/msg/Name` or `package/Name`."""
    return _get(identifier, "msg", "a message", is_message)


def get_service(identifier: str) -> Any:
    """The class of a service from `package/srv/Name` or `package/Name`."""
    return _get(identifier, "srv", "a service", is_service)


def get_action(identifier: str) -> Any:
    """The class of an action from `package/action/Name` or `package/Name`."""
    return _get(identifier, "action", "an action", is_action)
