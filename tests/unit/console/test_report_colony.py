"""What the report says about a colony: only what was seen, with the faces it rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import cv2
import numpy as np
import pytest
from seen_comb import MITES_AND_QUEEN_CELLS, about, record_visit, seen

from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import FaceRecord, InspectionStart, StoredAnalysis
from bee_robot.console import report_words as words
from bee_robot.console.report import visit_before
from bee_robot.console.report_brood import BroodPattern, brood_pattern, wilson
from bee_robot.console.report_colony import describe_colony
from bee_robot.console.report_comparison import Change, compare
from bee_robot.console.report_facts import gather
from bee_robot.console.report_measures import cells_on, kilograms, summarise
from bee_robot.console.report_overlay import draw
from bee_robot.console.report_statements import Colony, FaceRef, Statement, Tone, merged
from bee_robot.hive.comb import CELL_CLASSES, BeeOnComb, Caste, CellClass, CombFace
from bee_robot.hive.face import Estimate, FaceAnalysis, FaceMap, Finding, FindingKind, SeenCell
from bee_robot.sim.hive_world import HiveWorld

PITCH_MM = 5.3
NOON = datetime(2026, 6, 21, 9, tzinfo=timezone.utc)
BLANK = np.zeros((279, 410, 3), np.uint8)


def comb(
    shares: dict[CellClass, float], bees: Sequence[BeeOnComb] = (), frame: int = 1, side: str = "rear"
) -> CombFace:
    """3000 cells, row by row: the classes follow each other in the order given, so that each is a closed patch."""
    rows, columns = 40, 75
    x = (np.arange(columns) - columns / 2) * PITCH_MM
    y = (rows / 2 - np.arange(rows)) * PITCH_MM * 0.866
    grid_x, grid_y = np.meshgrid(x, y)
    grid_x[1::2] += PITCH_MM / 2
    classes = np.full(rows * columns, CELL_CLASSES.index(CellClass.EMPTY), np.uint8)
    at = 0
    for cell_class, share in shares.items():
        count = round(share * classes.size)
        classes[at : at + count] = CELL_CLASSES.index(cell_class)
        at += count
    return CombFace(
        frame,
        side,
        grid_x.ravel().astype(np.float32),
        grid_y.ravel().astype(np.float32),
        classes,
        tuple(bees),
    )


def describe(*analyses: FaceAnalysis, boxes: int = 1) -> Colony:
    faces = [record(frame, analysis) for frame, analysis in enumerate(analyses, 1)]
    return describe_colony(faces, summarise(faces, len(faces)), boxes, None)


def record(frame: int, analysis: FaceAnalysis) -> FaceRecord:
    latest = StoredAnalysis(frame, NOON, analysis.model, analysis.model_version, "", analysis, "", ())
    return FaceRecord(frame, "visit", 1, frame, "", "rear", 1, NOON, "", (), latest)


def about_topic(colony: Colony, topic: str) -> Statement:
    return next(statement for statement in colony.statements if statement.topic == topic)


def text(statement: Statement) -> str:
    return " ".join([statement.headline, *(sentence.text for sentence in statement.sentences)])


BROOD = {CellClass.CAPPED_BROOD: 0.4, CellClass.LARVAE: 0.2, CellClass.EGGS: 0.1, CellClass.HONEY: 0.2}
WORKER = BeeOnComb(0.0, 0.0, 0.3, Caste.WORKER, 13.5)
QUEEN = BeeOnComb(30.0, 10.0, 0.3, Caste.QUEEN, 20.0)


def test_eggs_that_are_certain_mean_a_queen_within_three_days() -> None:
    eggs = about_topic(describe(seen(comb(BROOD), BLANK), seen(comb({}), BLANK)), "Eggs")
    assert eggs.tone is Tone.GOOD and "within three days" in eggs.headline
    assert eggs.sentences[0].faces == (FaceRef(1, "rear"),)


def test_no_eggs_and_no_queen_is_a_reason_to_look_again_not_a_verdict() -> None:
    colony = describe(seen(comb({CellClass.CAPPED_BROOD: 0.4}), BLANK))
    assert about_topic(colony, "Eggs").headline == "None seen"
    assert about_topic(colony, "Queen").headline == "Not seen, which is not absent"
    assert "Look again for eggs" in colony.advice[0].what and colony.advice[0].tone is Tone.ACT
    assert not re.search(r"queenless|disease|infected|\bill\b", " ".join(map(text, colony.statements)))


def test_eggs_within_the_errors_of_the_method_are_called_perhaps() -> None:
    found = seen(comb(BROOD), BLANK)
    unsure = replace(found, areas={**found.areas, CellClass.EGGS: Estimate(0.3, 0.0, 0.9, "dm2", "m")})
    assert about_topic(describe(unsure), "Eggs").tone is Tone.WATCH


def test_a_method_that_tells_no_eggs_says_so() -> None:
    found = seen(comb(BROOD), BLANK)
    coarse = replace(found, areas={CellClass.CAPPED_BROOD: found.areas[CellClass.CAPPED_BROOD]}, map=None)
    colony = describe(coarse)
    assert about_topic(colony, "Eggs").tone is Tone.UNKNOWN
    assert about_topic(colony, "Queen").headline == "Not looked for"
    assert "Varroa mites" not in {statement.topic for statement in colony.statements}


def test_bees_are_said_in_seams_that_they_would_fill() -> None:
    """On 7.3 dm2 of comb a side fit about 860 bees: as many on either of two faces fill one seam."""
    full = replace(seen(comb(BROOD), BLANK), bees=about(860, "bees", "m"))
    strength = about_topic(describe(full, replace(full, bees=about(860, "bees", "m"))), "Strength")
    assert "1.0 seams" in text(strength).replace("\u00a0", " ")


def test_the_queen_is_said_to_be_where_she_was_seen() -> None:
    colony = describe(seen(comb(BROOD), BLANK), seen(comb(BROOD, [QUEEN, WORKER]), BLANK))
    queen = about_topic(colony, "Queen")
    assert queen.headline == "Seen" and queen.sentences[0].faces == (FaceRef(2, "rear"),)


def test_two_queens_are_doubted() -> None:
    both = seen(comb(BROOD, [QUEEN]), BLANK)
    assert about_topic(describe(both, both), "Queen").tone is Tone.WATCH


def test_stores_are_weighed_and_little_is_a_reason_to_feed() -> None:
    colony = describe(seen(comb({**BROOD, CellClass.HONEY: 0.05}), BLANK))
    stores = about_topic(colony, "Stores")
    assert stores.tone is Tone.ACT and "Short" in stores.headline
    assert any("Feed" in advice.what for advice in colony.advice)
    among_others = describe(seen(comb({**BROOD, CellClass.HONEY: 0.05}), BLANK), boxes=3)
    assert about_topic(among_others, "Stores").tone is Tone.WATCH  # honey lies in the boxes above
    plenty = describe(*[seen(comb({CellClass.HONEY: 0.9, CellClass.EGGS: 0.05}), BLANK)] * 8)
    assert about_topic(plenty, "Stores").tone is Tone.GOOD


def test_an_age_ratio_of_4_to_2_to_1_is_in_balance() -> None:
    ages = about_topic(describe(seen(comb(BROOD), BLANK)), "Ages of the brood")
    assert "4.0 : 2.0 : 1.0" in text(ages) and "balance" in ages.headline


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ({CellClass.CAPPED_BROOD: 0.5, CellClass.LARVAE: 0.03, CellClass.EGGS: 0.03}, "Less young brood"),
        ({CellClass.CAPPED_BROOD: 0.1, CellClass.LARVAE: 0.3, CellClass.EGGS: 0.3}, "More young brood"),
    ],
)
def test_another_age_ratio_is_named_once_the_intervals_leave_balance_out(
    shares: dict[CellClass, float], says: str
) -> None:
    assert says in about_topic(describe(seen(comb(shares), BLANK)), "Ages of the brood").headline


def with_findings(*places: tuple[float, float], kind: FindingKind = FindingKind.QUEEN_CELL) -> list[Finding]:
    return [Finding(kind, x, y, 0.9) for x, y in places]


def test_queen_cells_at_the_lower_edge_with_eggs_speak_for_swarming() -> None:
    cells = with_findings((-50, -85), (0, -88), (60, -80))
    colony = describe(seen(comb(BROOD), BLANK, cells))
    found = about_topic(colony, "Queen cells")
    assert "swarm" in found.headline and colony.advice[0].tone is Tone.ACT
    assert found.sentences[0].faces == (FaceRef(1, "rear"),)


def test_queen_cells_on_the_face_of_the_comb_without_eggs_speak_for_need() -> None:
    colony = describe(seen(comb({CellClass.CAPPED_BROOD: 0.5}), BLANK, with_findings((0, 20), (30, 40))))
    assert "need" in about_topic(colony, "Queen cells").headline


def test_a_single_queen_cell_is_not_called_a_few() -> None:
    colony = describe(seen(comb(BROOD), BLANK, with_findings((0, -88))))
    found = about_topic(colony, "Queen cells")
    assert found.headline.startswith("One") and found.sentences[0].text.endswith("found, low on the comb:")
    assert any("the queen cell within a few days" in advice.what for advice in colony.advice)


def test_what_is_less_likely_than_not_is_told_but_not_counted() -> None:
    doubtful = [Finding(FindingKind.QUEEN_CELL, 0.0, -80.0, 0.45)]
    found = about_topic(describe(seen(comb(BROOD), BLANK, doubtful)), "Queen cells")
    assert found.headline == "None found for certain" and found.sentences[1].faces == (FaceRef(1, "rear"),)


def test_mites_are_counted_per_hundred_bees_with_the_caveat() -> None:
    bees = [replace(WORKER, x_mm=float(x)) for x in range(-100, 100)]
    mites = with_findings((1, 2), (3, 4), kind=FindingKind.VARROA)
    found = about_topic(describe(seen(comb(BROOD, bees), BLANK, mites)), "Varroa mites")
    assert "1.0 mites per 100 bees" in text(found).replace("\u00a0", " ") and "under the bees" in text(found)
    none = about_topic(describe(seen(comb(BROOD, bees), BLANK)), "Varroa mites")
    assert "does not mean none" in none.headline


def test_a_box_above_without_brood_is_not_said_to_lack_a_queen() -> None:
    colony = describe(seen(comb({CellClass.HONEY: 0.8}), BLANK), boxes=3)
    topics = {statement.topic for statement in colony.statements}
    assert "Queen" not in topics and about_topic(colony, "Brood").headline == "No brood in this box"
    assert "The other 2 boxes were not looked into" in text(about_topic(colony, "Brood"))


def test_without_an_analysed_face_nothing_is_said() -> None:
    assert describe_colony([], summarise([], 10), 1, None) == Colony((), ())


# -- brood pattern


def capped_with_holes(every: int) -> FaceMap:
    face = comb({CellClass.CAPPED_BROOD: 1.0})
    found = seen(face, BLANK).map
    assert found is not None
    cells = tuple(
        replace(cell, cell_class=CellClass.EMPTY) if every and number % every == 0 else cell
        for number, cell in enumerate(found.cells)
    )
    return replace(found, cells=cells)


@pytest.mark.parametrize(("every", "share"), [(0, 0.0), (10, 0.1), (4, 0.25)])
def test_holes_in_capped_brood_are_counted(every: int, share: float) -> None:
    pattern = brood_pattern(capped_with_holes(every))
    assert pattern.inside == pytest.approx(3000, abs=5)
    assert pattern.empty / pattern.inside == pytest.approx(share, abs=0.005)


def test_the_neighbours_of_a_cell_are_two_rings() -> None:
    """A single capped patch of seven cells in empty comb is no capped area; its 19 cells are."""
    assert brood_pattern(capped_with_holes(1)) == BroodPattern(0, 0)


def test_empty_comb_beside_the_brood_is_no_hole_in_it() -> None:
    found = seen(comb({CellClass.CAPPED_BROOD: 0.5}), BLANK).map
    assert found is not None
    pattern = brood_pattern(found)
    assert pattern.empty / pattern.inside < 0.03


def test_cells_under_bees_are_neither_holes_nor_brood() -> None:
    found = capped_with_holes(4)
    hidden = tuple(SeenCell(cell.x_mm, cell.y_mm, None, 0.5) for cell in found.cells)
    assert brood_pattern(replace(found, cells=hidden)) == BroodPattern(0, 0)


def test_spotty_brood_is_worth_a_look_but_has_no_name() -> None:
    spotty = replace(seen(comb(BROOD), BLANK), map=capped_with_holes(3))
    colony = describe(spotty)
    assert about_topic(colony, "Brood pattern").tone is Tone.WATCH
    assert any("capped brood" in advice.what for advice in colony.advice)


def test_wilson_gives_the_interval_of_a_share() -> None:
    share = wilson(2, 200, "u", "m")
    assert (share.low, share.high) == pytest.approx((0.0033, 0.0298), abs=1e-4)  # z = 1.645
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2, "u", "m")


# -- measures


def test_a_full_dm2_of_capped_honey_is_as_heavy_as_betts_found() -> None:
    honey = kilograms(Estimate(1.0, 0.9, 1.1, "dm2", "m"), CellClass.HONEY)
    assert honey.value == pytest.approx(0.330 / 2, rel=0.03)  # 330 g/dm2 of comb, both sides
    assert honey.low < 0.9 * honey.value and honey.high > 1.1 * honey.value
    assert cells_on(Estimate(1.0, 1.0, 1.0, "dm2", "m")).value == pytest.approx(411, abs=1)


def test_what_a_brood_cell_holds_is_not_weighed_as_stores() -> None:
    with pytest.raises(KeyError):
        kilograms(Estimate(1.0, 0.9, 1.1, "dm2", "m"), CellClass.EMPTY)


def test_both_faces_of_a_frame_become_the_frame() -> None:
    refs = [FaceRef(4, "front"), FaceRef(2, "rear"), FaceRef(4, "rear")]
    assert merged(refs) == (FaceRef(2, "rear"), FaceRef(4))


# -- drawing


def test_a_drawing_has_every_cell_and_bee_at_its_place() -> None:
    found = seen(comb(BROOD, [QUEEN, WORKER]), BLANK, with_findings((12, -34))).map
    assert found is not None
    drawing = draw(found)
    assert (drawing.width, drawing.height) == (4100, 2790)  # tenths of a millimetre
    assert sum(drawing.counts.values()) == len(found.cells) == 3000
    assert drawing.worker_heads.count("h1") == 1 and drawing.bees == 2
    assert [(mark.x, mark.y) for mark in drawing.queens] == [(2350, 1295)]
    assert [(mark.x, mark.y) for mark in drawing.queen_cells] == [(2170, 1735)]


def test_a_path_of_cells_leads_back_to_their_places() -> None:
    found = seen(comb({CellClass.LARVAE: 0.01}), BLANK).map
    assert found is not None
    path = next(layer.path for layer in draw(found).cells if layer.kind == "larvae")
    x = y = 0
    places = set()
    for dx, dy in re.findall(r"m(-?\d+) ?(-?\d+)h1", path):
        x, y = x + int(dx), y + int(dy)
        places.add((x, y))
        x += 1
    wanted = {
        (round(cell.x_mm * 10) + 2050, 1395 - round(cell.y_mm * 10))
        for cell in found.cells
        if cell.cell_class is CellClass.LARVAE
    }
    assert len(places) == len(wanted) == 30
    assert all(min(abs(px - wx) + abs(py - wy) for wx, wy in wanted) <= 2 for px, py in places)


# -- comparison


def test_a_change_is_named_only_where_the_intervals_allow_it(
    store: LocalStore, start: InspectionStart
) -> None:
    world = HiveWorld(3, boxes=1, frames_per_box=2)
    early = replace(start, started_utc=start.started_utc - timedelta(days=9))
    before = store.inspection(record_visit(store, early, world, frames=2))
    now = store.inspection(record_visit(store, start, world, frames=2))
    assert visit_before(store, now) == before and visit_before(store, before) is None
    comparison = compare(before, now)
    assert comparison is not None and comparison.faces == 4 and comparison.days == pytest.approx(9)
    assert {row.change for row in comparison.rows} == {Change.UNCLEAR}
    assert all(row.difference.low <= 0 <= row.difference.high for row in comparison.rows)


def test_many_more_bees_are_a_change_unless_another_method_counted_them(
    store: LocalStore, start: InspectionStart
) -> None:
    def visit(days: int, bees: float, model: str) -> str:
        begun = store.begin_inspection(replace(start, started_utc=start.started_utc + timedelta(days=days)))
        sha256 = store.save_picture(photo(), camera="rear_left", view="whole")
        face = store.add_face(begun, box=1, frame=1, face="rear", pictures=[sha256])
        found = replace(seen(comb(BROOD), BLANK), bees=about(bees, "bees", "m"), model=model)
        store.record_analysis(face, found)
        return begun

    first, second, third = visit(0, 300, "a"), visit(8, 900, "a"), visit(16, 300, "b")
    grown = gather(store.inspection(second), store.inspection(first))
    assert grown.comparison is not None
    row = grown.comparison.row("bees")
    assert row is not None and row.change is Change.MORE and row.difference.value == 600
    assert "more bees than last time" in about_topic(grown.colony, "Since the last visit").headline.lower()
    other = gather(store.inspection(third), store.inspection(second)).comparison
    assert other is not None and {row.change for row in other.rows} == {Change.OTHER_METHOD}


def photo() -> bytes:
    return bytes(cv2.imencode(".jpg", BLANK)[1].tobytes())


def test_words_round_no_finer_than_the_interval() -> None:
    assert words.with_interval(Estimate(4.321, 2.9, 5.7, "kg", "m")) == "4.3\u00a0kg (2.9 to 5.7)"
    assert words.estimate_number(Estimate(0.0004, 0.0, 0.0009, "kg", "m")) == "0"
    assert words.signed(Estimate(-1.24, -3.0, 0.5, "dm2", "m")) == "\u22121.2\u00a0dm²"


def test_findings_of_the_visit_reach_the_report(store: LocalStore, start: InspectionStart) -> None:
    visit = record_visit(
        store, start, HiveWorld(3, boxes=1, frames_per_box=2), MITES_AND_QUEEN_CELLS, frames=2
    )
    colony = gather(store.inspection(visit)).colony
    assert about_topic(colony, "Queen cells").sentences[0].faces == (FaceRef(2, "rear"),)
    assert about_topic(colony, "Varroa mites").headline.startswith("2")
