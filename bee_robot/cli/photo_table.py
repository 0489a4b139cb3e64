"""What `bee analyze` prints of one photograph."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate
from bee_robot.vision.photo_analysis import Certainty, PhotoAnalysis, Shows, cells_by_class

SHOWS_WORDS = {
    Shows.FRAME: "a frame with comb",
    Shows.COMB: "comb, a part of a frame",
    Shows.NO_COMB: "no comb: an entrance, bees in flight, or something else",
}
CLASS_WORDS = {
    CellClass.CAPPED_BROOD: "capped brood",
    CellClass.EGGS: "eggs",
    CellClass.LARVAE: "larvae",
    CellClass.POLLEN: "bee bread",
    CellClass.NECTAR: "nectar",
    CellClass.HONEY: "capped honey",
    CellClass.EMPTY: "empty cells",
    CellClass.DRONE_BROOD: "drone brood",
    CellClass.OPEN: "open cells",
}


def photo_table(analysis: PhotoAnalysis, written: Sequence[str]) -> RenderableType:
    """A heading, the numbers with their 90 % intervals, what cannot be known, and where the files are."""
    sure = "surely" if analysis.certainty is Certainty.SURE else "probably"
    heading = Text.assemble((analysis.name, "bold"), f"  {sure} {SHOWS_WORDS[analysis.shows]}")
    numbers = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "left", "left"):
        numbers.add_column(justify=justify)
    _row(numbers, "bees", analysis.bees, "", analysis.bees.method)
    if analysis.face is not None:
        _rows_of_comb(numbers, analysis)
    open_ends = Table.grid(padding=(0, 1))
    for limit in analysis.limits:
        open_ends.add_row("  -", Text.assemble((limit.what, "italic"), f": {limit.why}"))
    return Group(
        heading,
        numbers,
        Text("  cannot be known from this photo:"),
        open_ends,
        Text(f"  written: {', '.join(written)}", style="dim"),
        Text(),
    )


def _rows_of_comb(numbers: Table, analysis: PhotoAnalysis) -> None:
    assert analysis.face is not None
    face, cells = analysis.face, cells_by_class(analysis.face)
    if face.comb_area is not None:
        _row(numbers, "comb", face.comb_area, "dm2", face.comb_area.method)
    if face.bee_coverage is not None:
        share = face.bee_coverage
        numbers.add_row(
            "  under bees",
            f"{100 * share.value:.0f} %",
            f"({100 * share.low:.0f} to {100 * share.high:.0f})",
            "",
        )
    for cell_class, area in face.areas.items():
        count = cells[cell_class.value]
        words = f"{count['value']:.0f} cells ({count['low']:.0f} to {count['high']:.0f})"
        _row(numbers, CLASS_WORDS[cell_class], area, "dm2", words)


def _row(numbers: Table, name: str, estimate: Estimate, unit: str, words: str) -> None:
    digits = 1 if unit else 0
    value = f"{estimate.value:.{digits}f} {unit}".strip()
    interval = f"({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"
    numbers.add_row(f"  {name}", value, interval, Text(words, style="dim"))
