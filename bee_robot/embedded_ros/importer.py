"""Serves `rclpy`, `rosidl_runtime_py` and the message packages to `import`, without touching sys.path."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from bee_robot.embedded_ros.types import sources

_FOLDERS = {name: Path(__file__).parent / name for name in ("rclpy", "rosidl_runtime_py")}
_KINDS = ("msg", "srv", "action")


class EmbeddedRosFinder:
    """Finds exactly the names that the embedded runtime implements.

    It has to be first on sys.meta_path: from the repository root, the folder
    `bee_robot_interfaces/` would otherwise be found as a namespace package.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        package, _, rest = name.partition(".")
        folder = _FOLDERS.get(package)
        if folder is not None:
            if rest:
                return None  # found on the package's own __path__
            return spec_from_file_location(
                name, folder / "__init__.py", submodule_search_locations=[str(folder)]
            )
        if package not in sources.known_packages():
            return None
        if not rest:
            return ModuleSpec(name, _InterfaceLoader(), origin=f"embedded_ros:{name}", is_package=True)
        kind, _, leaf = rest.partition(".")
        if kind not in _KINDS or kind not in sources.package_kinds(package):
            return None
        if leaf and (not leaf.startswith("_") or "." in leaf):
            return None
        return ModuleSpec(name, _InterfaceLoader(), origin=f"embedded_ros:{name}", is_package=not leaf)


class _InterfaceLoader:
    """Makes a module whose types come into being when they are first looked up."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        package, _, rest = module.__name__.partition(".")
        if not rest:
            module.__doc__ = f"Interface package {package}."
            return
        kind = rest.partition(".")[0]
        module.__doc__ = f"Types of {package}/{kind}."
        getter = _type_getter(module, package, kind)
        module.__getattr__ = getter  # type: ignore[method-assign]
        if "." not in rest:
            module.__dir__ = lambda: sources.type_names(package, kind)  # type: ignore[method-assign]
            names = _LazyNames(package, kind)
            module.__all__ = names  # type: ignore[attr-defined]


class _LazyNames:
    """`__all__` that lists a package only if somebody says `import *`."""

    def __init__(self, package: str, kind: str) -> None:
        self._package, self._kind = package, kind

    def __len__(self) -> int:
        return len(sources.type_names(self._package, self._kind))

    def __getitem__(self, index: int) -> str:
        return sources.type_names(self._package, self._kind)[index]


def _type_getter(module: ModuleType, package: str, kind: str) -> Callable[[str], Any]:
    def get(name: str) -> Any:
        if name.startswith("__") or not re.match(r"[A-Z]", name):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        from bee_robot.embedded_ros.types import registry
        from bee_robot.embedded_ros.types.specs import DefinitionError

        makers = {
            "msg": registry.message_class,
            "srv": registry.service_class,
            "action": registry.action_class,
        }
        maker = registry.message_class if "_" in name else makers[kind]
        try:
            found = maker(f"{package}/{kind}/{name}")
        except DefinitionError as error:
            if not str(error).startswith("no definition of"):
                raise
            raise AttributeError(
                f"{package}/{kind} has no type {name!r}; it has {', '.join(sources.type_names(package, kind))}"
            ) from error
        setattr(module, name, found)
        return found

    return get


def is_served(name: str) -> bool:
    """True if `import name` is answered by the embedded runtime in this process."""
    module = sys.modules.get(name)
    origin = getattr(getattr(module, "__spec__", None), "origin", None) or ""
    return "embedded_ros" in origin
