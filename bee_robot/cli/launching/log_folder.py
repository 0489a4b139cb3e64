"""Where the logs of a run go: a folder of its own, `latest` pointing to the newest, the oldest removed."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from bee_robot.cli import locations
from bee_robot.clock import RealClock

RUNS_KEPT = 20
LATEST = "latest"
RUN = re.compile(r"\d{8}-\d{6}-(?:.*-)?(\d+)")
"""Date, time, which robot, process number. Other folders beside (ROS_LOG_DIR is everybody's) are left alone."""
OURS = ("*.log", "*.log.[0-9]", "*.spool", "*.params.yaml")


def base_folder() -> Path:
    """$BEE_LOG_DIR, else $ROS_LOG_DIR, else log/ in the state folder of this machine."""
    for variable in ("BEE_LOG_DIR", "ROS_LOG_DIR"):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser().absolute()
    return locations.state_folder() / "log"


def new_log_folder(robot: str = "") -> Path:
    """Make the folder of this run. Raises OSError where it cannot be made."""
    base = base_folder()
    label = re.sub(r"\W+", "_", robot.strip("/"))
    words = [f"{RealClock().utc():%Y%m%d-%H%M%S}", label, str(os.getpid())]
    folder = base / "-".join(word for word in words if word)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_oldest(base)
    link = base / f".{LATEST}-{os.getpid()}"
    with contextlib.suppress(OSError):  # a file system without links: no `latest` then
        link.unlink(missing_ok=True)
        link.symlink_to(folder.name)
        link.replace(base / LATEST)
    return folder


def _remove_oldest(base: Path) -> None:
    """All but the newest runs, and those that still run."""
    runs = sorted(path for path in base.iterdir() if RUN.fullmatch(path.name) and not path.is_symlink())
    for path in runs[:-RUNS_KEPT]:
        found = RUN.fullmatch(path.name)
        if found is None or Path(f"/proc/{found[1]}").exists():
            continue
        with contextlib.suppress(
            OSError
        ):  # it is somebody else's, or somebody keeps a file of their own there
            for pattern in OURS:
                for file in path.glob(pattern):
                    file.unlink()
            path.rmdir()
