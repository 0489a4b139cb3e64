"""The table at the end of a visit says the same numbers as the report, rounded alike."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console

from bee_robot.cli.summary import frame_table
from bee_robot.console import report_words as words
from bee_robot.console.report_measures import add, kilograms
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate, FaceAnalysis
from bee_robot.nodes.job_reports import FaceNotice


def analysis(**areas_dm2: float) -> FaceAnalysis:
    return FaceAnalysis(
        bees=Estimate(1234.4, 1010.0, 1480.0, "bees", "counted"),
        bee_coverage=None,
        comb_area=None,
        areas={
            CellClass(name): Estimate(area, area * 0.8, area * 1.2, "dm2", "looked")
            for name, area in areas_dm2.items()
        },
        warnings=(),
        pictures=(),
        model="m",
        model_version="1",
        runtime_provider="p",
    )


def notice(face: str, found: FaceAnalysis) -> FaceNotice:
    return FaceNotice(inspection="v", frame=1, face=face, analysis=found.to_dict(), error="")


def printed(*notices: FaceNotice, width: int = 140) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(frame_table(notices, 2))
    return capture.get()


def test_numbers_are_no_finer_than_their_intervals() -> None:
    text = printed(notice("rear", analysis(larvae=2.345, eggs=1.0)))
    assert "1230 (1010–1480)" in text and "3.3 (2.7–4.0)" in text


def test_the_table_fits_80_columns() -> None:
    full = analysis(capped_brood=13.1, larvae=5.0, honey=3.0, nectar=2.0)
    text = printed(notice("rear", full), notice("front", full), width=80)
    assert "…" not in text and max(map(len, text.splitlines())) <= 80


def test_honey_and_nectar_are_weighed_as_in_the_report() -> None:
    found = analysis(honey=8.0, nectar=2.0)
    total = add([kilograms(found.areas[c], c) for c in (CellClass.HONEY, CellClass.NECTAR)])
    assert total is not None
    assert words.estimate_number(total.estimate) in printed(notice("rear", found))


def test_capped_brood_is_called_brood_only_where_open_brood_is_told() -> None:
    assert "capped brood dm²" in printed(notice("rear", analysis(capped_brood=2.0)))
    text = printed(notice("rear", analysis(capped_brood=2.0, larvae=1.0)))
    assert "brood dm²" in text and "capped brood" not in text


def test_a_face_without_numbers_says_why() -> None:
    failed = replace(notice("front", analysis()), analysis={}, error="black")
    text = printed(notice("rear", analysis()), failed)
    assert "not analysed" in text and "no picture" in text and "unknown" in text
