"""Which interface packages there are, and what is in them."""

from __future__ import annotations

from collections.abc import Iterable

from bee_robot.embedded_ros.types import sources

_KINDS = ("msg", "srv", "action")


def get_interface_packages() -> list[str]:
    """Names of all packages with interfaces, sorted."""
    return sorted(package for package in sources.known_packages() if sources.package_kinds(package))


def _of_kinds(package_names: Iterable[str], kinds: Iterable[str]) -> dict[str, list[str]]:
    wanted = list(package_names)
    for package in wanted:
        if package not in sources.known_packages():
            raise LookupError(f"Unknown package '{package}'")
    found = {}
    for package in wanted or get_interface_packages():
        names = [f"{kind}/{name}" for kind in kinds for name in sources.type_names(package, kind)]
        if names:
            found[package] = names
    return found


def get_interfaces(package_names: Iterable[str] = ()) -> dict[str, list[str]]:
    """Names such as `msg/String` by package; of all packages if none is named. LookupError for an unknown one."""
    return _of_kinds(package_names, _KINDS)


def get_message_interfaces(package_names: Iterable[str] = ()) -> dict[str, list[str]]:
    return _of_kinds(package_names, ("msg",))


def get_service_interfaces(package_names: Iterable[str] = ()) -> dict[str, list[str]]:
    return _of_kinds(package_names, ("srv",))


def get_action_interfaces(package_names: Iterable[str] = ()) -> dict[str, list[str]]:
    return _of_kinds(package_names, ("action",))


def get_interface_path(interface_name: str) -> str:
    """The file with the definition of `package/msg/Name`.

    ValueError for a name of another form; LookupError if the package or the file is not there. Standard
    packages that the embedded runtime brings have no files.
    """
    parts = interface_name.split("/")
    if len(parts) != 3 or not all(parts) or ".." in parts:
        raise ValueError(f"Invalid name '{interface_name}'. Expected three parts separated by '/'")
    package, kind, name = parts
    if package not in sources.known_packages():
        raise LookupError(f"Unknown package '{package}'")
    folder = sources.package_folder(package)
    stem, dot, _ = name.partition(".")
    path = folder / kind / (name if dot else f"{stem}.{kind}") if folder is not None else None
    if path is None or not path.is_file():
        raise LookupError(f"Could not find a file with the interface '{interface_name}'")
    return str(path)
