"""Where the project's files are: in the source tree, or in the share folder of an installed package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = "bee_robot"
LAST_STORE = "last_store"
SOURCE_TREE = Path(__file__).resolve().parents[2]


def is_source_tree() -> bool:
    return (SOURCE_TREE / "package.xml").is_file() and (SOURCE_TREE / "launch").is_dir()


def share_folder(package: str = PACKAGE) -> Path | None:
    """The folder with launch/ and config/ of a package: source tree, ament prefixes, Python's prefix; else None."""
    if package == PACKAGE and is_source_tree():
        return SOURCE_TREE
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    if package == PACKAGE:
        prefixes.append(sys.prefix)
    folders = (Path(prefix) / "share" / package for prefix in prefixes)
    return next((folder for folder in folders if folder.is_dir()), None)


def launch_file(robot_kind: str) -> Path | None:
    """The launch file of a kind of robot ("tower"), or None where there is none."""
    share = share_folder()
    path = share / "launch" / f"{robot_kind}.launch.yaml" if share else None
    return path if path and path.is_file() else None


def default_robot_file() -> Path:
    """The reference tower. Raises FileNotFoundError where the package is incomplete."""
    share = share_folder()
    path = share / "config" / "robots" / "tower.yaml" if share else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            f"config/robots/tower.yaml is missing beside {SOURCE_TREE / PACKAGE}; install the package again"
        )
    return path


def remember_store(store: Path) -> None:
    """`bee report` finds the store of the last visit by this; where it cannot be written, --store has to be given."""
    note = state_folder() / LAST_STORE
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{store.resolve()}\n", encoding="utf-8")
    except OSError as error:
        sys.stderr.write(
            f"bee: {note} cannot be written ({error.strerror}); give 'bee report' --store {store}\n"
        )


def last_store() -> Path | None:
    """The store of the last visit that `bee inspect` made on this machine, while it is there."""
    try:
        store = Path((state_folder() / LAST_STORE).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return None
    return store if (store / "store.sqlite").is_file() else None


def state_folder() -> Path:
    """Where a robot's own data live on this machine: $XDG_STATE_HOME/bee_robot."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / PACKAGE
