"""What the visit says about the colony, in a beekeeper's words: statements with the faces that each rests on.

A statement is what was seen and what it usually means; never a diagnosis. What was not seen is never called absent.
"""

from __future__ import annotations

from collections.abc import Sequence

from bee_robot.cloud.records import FaceRecord
from bee_robot.console import report_words as words
from bee_robot.console.report_brood import wilson
from bee_robot.console.report_comparison import Change, Comparison
from bee_robot.console.report_measures import Sums
from bee_robot.console.report_queen import describe_queen_and_brood
from bee_robot.console.report_statements import (
    SURE,
    Colony,
    FaceRef,
    Said,
    Seen,
    Sentence,
    Tone,
    merged,
)
from bee_robot.hive.comb import CellClass
from bee_robot.hive.face import Estimate, FindingKind

FOOD = (CellClass.HONEY, CellClass.NECTAR)
#: kg of honey and nectar. 5 is a common reserve for a few weeks without nectar in the season, 20 for a winter in
#: temperate climates (rules of thumb of beekeepers' associations).
RESERVE_KG = 5.0
WINTER_KG = 20.0
#: Comb that one bee takes where bees cover it fully, mm2: 80 (Zander) to 91 (Langstroth, Burgett & Burikam 1985).
FULL_COMB_MM2 = (80.0, 85.0, 91.0)
SEAMS_METHOD = "bees, and the comb that a bee takes where bees cover it fully"
CROWDED_SHARE = 0.8  # of what full seams would hold
WEAK_SHARE, STRONG_SHARE = 0.35, 0.7
MITES_TO_TREAT_PER_100 = 3.0  # of a wash of bees, the commonly taught limit in the season


def describe_colony(
    faces: Sequence[FaceRecord], sums: Sums, boxes: int, comparison: Comparison | None
) -> Colony:
    """Statements in the order in which a beekeeper asks. Without an analysed face there is nothing to say.

    boxes: of the hive, 0 where not known.
    """
    analysed = tuple(
        (FaceRef(face.frame, face.face), face.analysis)
        for face in faces
        if face.analysis is not None and face.analysis.comb_found
    )
    if not analysed:
        return Colony((), ())
    seen = Seen(analysed, sums, boxes, max(1, sums.faces_expected // 2))
    said = Said()
    _strength(seen, said)
    brood = (CellClass.CAPPED_BROOD, CellClass.LARVAE, CellClass.EGGS)
    is_brood_there = bool(seen.with_area(*brood, certainly=True))
    if is_brood_there or seen.boxes <= 1:
        describe_queen_and_brood(seen, said)
    else:
        said.say("Brood", Tone.PLAIN, "No brood in this box", Sentence(seen.other_boxes()))
    _stores(seen, said)
    _mites(seen, said)
    _change(comparison, said)
    if not said.advice:
        said.advise(
            "Nothing seen in this box asks for a hand. Look again when it is next due.",
            "none of the statements below calls for more",
            tone=Tone.GOOD,
        )
    order = (Tone.ACT, Tone.WATCH, Tone.UNKNOWN, Tone.PLAIN, Tone.GOOD)
    return Colony(tuple(said.statements), tuple(sorted(said.advice, key=lambda one: order.index(one.tone))))


def _strength(seen: Seen, said: Said) -> None:
    bees = seen.sums.bees
    if bees is None:
        said.say(
            "Strength", Tone.UNKNOWN, "Bees were not counted", Sentence("No face gave a number of bees.")
        )
        return
    most = sorted(
        ((a.bees.value, ref) for ref, a in seen.faces if a.bees is not None), key=lambda pair: -pair[0]
    )
    headline = f"{words.estimate_value(bees.estimate)} in view"
    sentences = [Sentence(f"About {words.with_interval(bees.estimate)} on the {bees.faces} faces counted.")]
    seams = seams_of_bees(seen.sums)
    if seams is not None:
        share = 2 * seams.value / bees.faces
        strength = "strong" if share >= STRONG_SHARE else "moderate" if share >= WEAK_SHARE else "weak"
        if seen.is_complete:
            headline = (
                f"{strength.capitalize()}: bees for about {words.estimate_value(seams)} of {seen.frames}"
            )
        sentences.append(
            Sentence(
                f"Sitting as close as they do on full comb they would fill {words.with_interval(seams)}; a seam is the gap "
                f"between two combs, and {seen.frames} frames have about as many."
            )
        )
        if 2 * seams.low / bees.faces > CROWDED_SHARE and seen.is_complete:
            refs = merged(ref for _, ref in most[:4])
            said.advise("Give the colony room.", "bees fill nearly every seam of this box", refs)
    sentences.append(Sentence("Most of them are on", merged(ref for _, ref in most[:4])))
    sentences.append(Sentence("Bees in flight, on the walls and under other bees are not in this number."))
    said.say("Strength", Tone.PLAIN, headline, *sentences)


def seams_of_bees(sums: Sums) -> Estimate | None:
    """How many gaps between combs the bees would fill; None without comb measured on the faces where they were counted."""
    bees, comb = sums.bees, sums.comb
    if bees is None or comb is None or comb.faces != bees.faces or comb.estimate.value <= 0:
        return None
    seam_mm2 = 2e4 * comb.estimate.value / comb.faces
    low, middle, high = (area_mm2 / seam_mm2 for area_mm2 in FULL_COMB_MM2)
    found = bees.estimate
    return Estimate(found.value * middle, found.low * low, found.high * high, "seams", SEAMS_METHOD)


def _stores(seen: Seen, said: Said) -> None:
    food = seen.sums.food_kg
    if food is None:
        text = "The method used here does not tell honey or nectar."
        said.say("Stores", Tone.UNKNOWN, "Not told", Sentence(text))
        return
    at = merged(seen.with_area(*FOOD)[:6])
    masses = seen.sums.stores_kg
    parts = ", ".join(
        f"{words.cell_words(c)} {words.estimate_value(masses[c].estimate)}" for c in FOOD if c in masses
    )
    kg = food.estimate
    sentences = [
        Sentence(
            f"Honey and nectar in this box weigh {words.with_interval(kg)}: {parts}. Most of it is on", at
        )
    ]
    if CellClass.POLLEN in masses:
        sentences.append(
            Sentence(f"Bee bread weighs {words.with_interval(masses[CellClass.POLLEN].estimate)}.")
        )
    sentences.append(
        Sentence(
            f"A reserve of {RESERVE_KG:.0f} kg carries most colonies through weeks without nectar; a winter in a temperate "
            f"climate takes about {WINTER_KG:.0f} kg over all boxes. {seen.other_boxes()}".strip()
        )
    )
    tone, headline = _judge_stores(kg, at, seen, said)
    said.say("Stores", tone, f"{headline}: {words.estimate_value(kg)} of honey and nectar", *sentences)


def _judge_stores(kg: Estimate, at: tuple[FaceRef, ...], seen: Seen, said: Said) -> tuple[Tone, str]:
    if kg.low >= RESERVE_KG:
        return Tone.GOOD, "Enough for now"
    if kg.high >= RESERVE_KG:
        because = f"the interval reaches below a reserve of {RESERVE_KG:.0f} kg"
        said.advise("Keep an eye on the stores; heft the hive in a week.", because, at)
        return Tone.WATCH, "Perhaps short"
    because = f"less than {RESERVE_KG:.0f} kg of honey and nectar are in this box"
    if seen.boxes > 1:
        said.advise("Look into the other boxes or heft the hive, and feed if it is light.", because, at)
        return Tone.WATCH, "Little in this box"
    said.advise("Feed, or give a frame of honey.", because, at, Tone.ACT)
    return Tone.ACT, "Short"


def _mites(seen: Seen, said: Said) -> None:
    if not seen.has_maps:
        return
    mites, bees, at = 0, 0, []
    for ref, analysis in seen.faces:
        if analysis.map is None:
            continue
        here = sum(1 for f in analysis.map.findings if f.kind is FindingKind.VARROA and f.probability >= SURE)
        bees += len(analysis.map.bees)
        mites += here
        at += [ref] if here else []
    caveat = Sentence(
        "Most mites sit under the bees, between the plates of the belly, or in capped brood, where no photograph shows them. "
        "Only a wash or a sugar roll tells whether to treat."
    )
    if not mites:
        found = Sentence(f"None was found on {words.counted(bees, 'bee', 'bees')}.")
        said.say("Varroa mites", Tone.PLAIN, "None seen, which does not mean none", found, caveat)
        return
    rate = wilson(min(mites, bees), max(bees, 1), "mites per 100 bees", "counted on the bees found", 100.0)
    text = f"{words.counted(mites, 'mite', 'mites')} on {words.number(bees)} bees found: {words.with_interval(rate)}. Seen on"
    said.say(
        "Varroa mites",
        Tone.WATCH,
        f"{words.counted(mites, 'mite', 'mites')} seen",
        Sentence(text, merged(at)),
        caveat,
    )
    said.advise(
        "Wash or sugar-roll a sample of 300 bees from a brood frame.",
        f"mites were seen from above, so more sit where they cannot be seen; {MITES_TO_TREAT_PER_100:.0f} in 100 washed bees is a "
        "usual limit in the season",
        merged(at),
        Tone.ACT if rate.low > MITES_TO_TREAT_PER_100 / 3 else Tone.WATCH,
    )


def _change(comparison: Comparison | None, said: Said) -> None:
    if comparison is None or not comparison.is_same_method:
        return
    clear = [row for row in comparison.rows if row.change in (Change.MORE, Change.LESS)]
    names = {"bees": "bees", "brood": "brood", "food": "honey and nectar"}
    told = [
        f"{'more' if row.change is Change.MORE else 'less'} {names.get(row.quantity) or words.cell_words(row.quantity)}"
        for row in clear
    ]
    since = f"Compared over the {comparison.faces} faces seen on both visits, {words.days(comparison.days)} apart."
    if told:
        headline = words.sentence(", ".join(told).replace("less bees", "fewer bees")) + " than last time"
    else:
        headline = "No change that the intervals allow to say"
    said.say("Since the last visit", Tone.PLAIN, headline, Sentence(since))
