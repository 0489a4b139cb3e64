"""`bee report`: write the report of a visit from the local store, or list what the store holds."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from bee_robot.cli.locations import last_store
from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LATEST, LocalStore, default_root
from bee_robot.console.report import write_report

NAME = "report"
HELP = "write the report of a visit as one HTML file, with the same facts as JSON beside it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inspection", nargs="?", default=LATEST, help="its id or the beginning of it; default: the latest"
    )
    parser.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        help=f"default: $BEE_STORE, else the store of the last 'bee inspect', else {default_root()}",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="HTML file to write; default: in the store's reports/"
    )
    parser.add_argument("--list", action="store_true", help="list the inspections of the store, newest first")
    parser.add_argument(
        "--open-path-only",
        action="store_true",
        help="print nothing but the path: xdg-open $(bee report --open-path-only)",
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        with LocalStore.open(arguments.store or _usual_store(), create=False) as store:
            if arguments.list:
                _print_list(store)
                return 0
            inspection = store.find_inspection(arguments.inspection)
            path = write_report(store, inspection, arguments.out)
            if arguments.open_path_only:
                print(path)
            else:
                _print_written(store, inspection, path)
            return 0
    except StoreError as error:
        sys.stderr.write(f"bee report: {error}\n")
        return 2


def _usual_store() -> Path:
    """Where a simulated visit made a store of its own, that is where the last visit lies."""
    if os.environ.get("BEE_STORE"):
        return default_root()
    return last_store() or default_root()


def _print_list(store: LocalStore) -> None:
    summaries = store.inspections()
    for summary in summaries:
        start = summary.start
        print(
            f"{summary.id[:8]}  {start.started_utc:%Y-%m-%d %H:%M} UTC  {start.hive}  box {start.box}  {summary.state.value}"
        )
    if not summaries:
        print("no inspection yet")


def _print_written(store: LocalStore, inspection: str, path: Path) -> None:
    record = store.inspection(inspection)
    faces = sum(1 for face in record.faces if face.pictures)
    analysed = sum(1 for face in record.faces if face.analysis is not None)
    print(
        f"{record.start.hive}, box {record.start.box}: {record.state.value}, {faces} faces photographed, {analysed} analysed"
    )
    print(f"report: {path}")
    print(f"data:   {path.with_suffix('.json')}")
