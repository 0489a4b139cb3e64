"""`bee analyze`: photographs by a person; bees, comb contents, and what cannot be known, for each."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from bee_robot.cli.inputs import InputError, output_folder
from bee_robot.cli.photo_files import PhotoFileError, named_photos, read_photo, shown, write_beside
from bee_robot.cli.photo_table import photo_table
from bee_robot.vision.model_runtime import ModelError
from bee_robot.vision.photo_analysis import AnalyzedPhoto, analyze_photo
from bee_robot.vision.photograph import Photograph, PhotographError

NAME = "analyze"
HELP = "analyse photographs of frames, comb or entrances: bees, what the comb holds, what cannot be known"
DEFAULT_OUT = Path("bee_analysis")
ALL_GOOD, SOME_FAILED, NONE_ANALYSED, NO_NETWORK = 0, 1, 2, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "photo", nargs="+", type=Path, help="JPEG or PNG file, or a folder of them; as many as you like"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        default=DEFAULT_OUT,
        help=f"where NAME.json and NAME.annotated.jpg go; nothing there is overwritten; default: {DEFAULT_OUT}/",
    )
    parser.add_argument(
        "--json", action="store_true", help="print all results as one JSON list instead of tables"
    )


@dataclass(frozen=True)
class _Output:
    """Tables or JSON go to stdout, complaints and progress to stderr."""

    folder: Path
    is_json: bool

    def complain(self, words: str) -> None:
        sys.stderr.write(f"bee {NAME}: {words}\n")


def run(arguments: argparse.Namespace) -> int:
    output = _Output(arguments.out, arguments.json)
    named = named_photos(arguments.photo)
    for note in named.notes:
        output.complain(note)
    if not named.files:
        return NONE_ANALYSED
    try:
        output_folder(arguments.out, "--out")
    except InputError as error:
        output.complain(str(error))
        return NONE_ANALYSED
    results: list[dict[str, Any]] = []
    without_any = sum(
        not named_photos([given]).files for given in arguments.photo
    )  # folders, each said in a note
    asked = len(named.files) + without_any
    try:
        _analyse_all(named.files, output, results)
        status = _status(len(results), asked)
    except ModelError as error:
        output.complain(str(error))
        status = NO_NETWORK
    except OSError as error:
        output.complain(
            f"--out {shown(arguments.out)}: cannot be written ({error.strerror}); give another folder, or make room"
        )
        status = _status(len(results), asked)
    if output.is_json:
        json.dump(results, sys.stdout, indent=2)
        sys.stdout.write("\n")
    return status


def _status(done: int, asked: int) -> int:
    if done == asked:
        return ALL_GOOD
    return SOME_FAILED if done else NONE_ANALYSED


def _analyse_all(files: tuple[Path, ...], output: _Output, results: list[dict[str, Any]]) -> None:
    """Raises ModelError, and OSError where results cannot be written; a bad photograph is named, the others go on."""
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=len(files) < 2 or not errors.is_terminal) as bar:
        task = bar.add_task("photographs", total=len(files))
        for number, path in enumerate(files, 1):
            bar.update(task, description=f"{number} of {len(files)}: {_short(shown(path))}")
            try:
                photograph = Photograph(read_photo(path), name=shown(path))
                analysed = analyze_photo(photograph)
            except (PhotoFileError, PhotographError) as error:
                output.complain(str(error))
            else:
                results.append(_written(path, analysed, output))
            bar.advance(task)


def _written(path: Path, analysed: AnalyzedPhoto, output: _Output) -> dict[str, Any]:
    """Writes both files, prints the table; returns what --json prints."""
    output.folder.mkdir(parents=True, exist_ok=True)
    content = analysed.analysis.to_dict()
    encoded = (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
    paths = write_beside(output.folder, path, (encoded, analysed.annotated_jpeg))
    if not output.is_json:
        _print(lambda console: console.print(photo_table(analysed.analysis, [shown(p) for p in paths])))
    return {**content, "files": [shown(written) for written in paths]}


def _print(what: Callable[[Console], None]) -> None:
    what(Console(highlight=False, soft_wrap=False))


def _short(name: str) -> str:
    return name if len(name) <= 40 else "…" + name[-39:]
