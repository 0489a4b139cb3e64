"""Queen, eggs, brood and queen cells in a beekeeper's words."""

from __future__ import annotations

from collections.abc import Mapping

from bee_robot.console import report_words as words
from bee_robot.console.report_brood import BroodPattern, add_patterns, brood_pattern
from bee_robot.console.report_statements import SURE, FaceRef, Said, Seen, Sentence, Tone, merged
from bee_robot.hive.comb import Caste, CellClass
from bee_robot.hive.face import FaceAnalysis, FindingKind

#: Share of empty cells within capped brood: fewer than this is commonly called a good pattern (Lee et al. 2019,
#: Insects 10, 12); half of it a very good one.
SPOTTY_SHARE = 0.20
GOOD_SHARE = 0.10
LEAST_INSIDE = 200  # cells within the capped area that a share is worth saying of
#: Worker brood in equilibrium: 12 d capped, 6 d larva, 3 d egg.
BALANCED = (4.0, 2.0, 1.0)
LOW_ON_COMB = -0.55  # of the comb's half height: below it a queen cell hangs at the lower edge


def describe_queen_and_brood(seen: Seen, said: Said) -> None:
    queen_at = _queen(seen, said)
    eggs = _eggs(seen, said, queen_at)
    _pattern(seen, said)
    _ages(seen, said)
    _queen_cells(seen, said, has_eggs=bool(eggs))


def _queen(seen: Seen, said: Said) -> tuple[FaceRef, ...]:
    queens = [
        (bee.probability, ref)
        for ref, analysis in seen.faces
        if analysis.map is not None
        for bee in analysis.map.bees
        if bee.caste is Caste.QUEEN
    ]
    queens.sort(key=lambda pair: -pair[0])
    found = [ref for probability, ref in queens if probability >= SURE]
    at, perhaps = tuple(dict.fromkeys(found)), merged(ref for _, ref in queens)
    if not seen.has_maps:
        said.say(
            "Queen", Tone.UNKNOWN, "Not looked for", Sentence("The method used here does not look for her.")
        )
    elif len(found) == 1:
        said.say("Queen", Tone.GOOD, "Seen", Sentence("A bee with the body of a queen was seen on", at))
    elif at:
        said.say(
            "Queen",
            Tone.WATCH,
            f"{len(found)} bees that look like queens",
            Sentence(
                "One queen may have walked from face to face between the pictures, and drones or large workers look alike; a "
                "colony rarely has two. Look at",
                at,
            ),
        )
        said.advise("Look at the bees marked as queens.", "a colony rarely has more than one", at)
    else:
        elsewhere = "She may have been under other bees, on a wall or on the way from one face to the next."
        sentences = [Sentence(elsewhere)]
        if perhaps:
            sentences.append(Sentence("A bee that may be her, less likely than not, is marked on", perhaps))
        said.say("Queen", Tone.PLAIN, "Not seen, which is not absent", *sentences)
    return at


def _eggs(seen: Seen, said: Said, queen_at: tuple[FaceRef, ...]) -> tuple[FaceRef, ...]:
    """Faces with eggs for certain."""
    eggs = seen.sums.areas.get(CellClass.EGGS)
    if eggs is None:
        said.say(
            "Eggs",
            Tone.UNKNOWN,
            "Not told apart",
            Sentence("The method used here does not tell eggs from other open cells; look for them by eye."),
        )
        return ()
    at = seen.with_area(CellClass.EGGS, certainly=True)
    perhaps = seen.with_area(CellClass.EGGS)
    if at:
        said.say(
            "Eggs",
            Tone.GOOD,
            "Seen: a queen was laying here within three days",
            Sentence("Eggs hatch on the third day, so she was on", merged(at[:6])),
            Sentence(f"In all {words.with_interval(eggs.estimate)} of comb hold eggs."),
        )
    elif perhaps:
        said.say(
            "Eggs",
            Tone.WATCH,
            "Perhaps: too few to be sure",
            Sentence(
                "Some cells look as if they held eggs, fewer than the method's errors; look by eye at",
                perhaps[:4],
            ),
        )
    else:
        said.say(
            "Eggs",
            Tone.WATCH,
            "None seen",
            Sentence("No cell that could be looked into showed an egg. Cells under bees could not."),
        )
    if not at and not queen_at:
        said.advise(
            "Look again for eggs in four to seven days before you do anything about the queen.",
            "neither eggs nor a queen were seen for certain; a young queen may not lay yet, a colony about to swarm may have "
            f"slimmed her. {seen.other_boxes()}".strip(),
            perhaps[:4],
            Tone.ACT if not perhaps else Tone.WATCH,
        )
    return at


def _pattern(seen: Seen, said: Said) -> None:
    by_face = {ref: brood_pattern(a.map) for ref, a in seen.faces if a.map is not None}
    whole = add_patterns(by_face.values())
    share = whole.share
    if share is None or whole.inside < LEAST_INSIDE:
        if seen.has_maps:
            said.say(
                "Brood pattern",
                Tone.PLAIN,
                "Too little capped brood to judge",
                Sentence(
                    f"Only {words.number(whole.inside)} cells lie within capped brood and free of bees."
                ),
            )
        return
    worst = tuple(ref for ref, p in by_face.items() if _is_spotty(p))
    if share.low > SPOTTY_SHARE:
        tone, headline = Tone.WATCH, "Many gaps in the capped brood"
    elif share.high < GOOD_SHARE:
        tone, headline = Tone.GOOD, "Closed: hardly a gap in the capped brood"
    elif share.high < SPOTTY_SHARE:
        tone, headline = Tone.GOOD, "Good: few gaps in the capped brood"
    else:
        tone, headline = Tone.PLAIN, "Between good and full of gaps"
    percent = words.as_percent(share)
    sentences = [
        Sentence(
            f"{words.with_interval(percent)} of the cells within the capped area are empty; fewer than "
            f"{100 * SPOTTY_SHARE:.0f} % is commonly called good. Most of that area is on",
            merged(_most_inside(by_face)[:4]),
        )
    ]
    if worst:
        sentences.append(Sentence("Most gaps are on", merged(worst)))
    said.say("Brood pattern", tone, headline, *sentences)
    if tone is Tone.WATCH:
        said.advise(
            "Look closely at the capped brood, and open a few caps.",
            "gaps come from a queen that misses cells, from brood that was taken out, or from cells where bees warm the "
            "brood; a photograph of the surface cannot tell which",
            worst,
        )


def _most_inside(by_face: Mapping[FaceRef, BroodPattern]) -> list[FaceRef]:
    found = [ref for ref, pattern in by_face.items() if pattern.inside]
    return sorted(found, key=lambda ref: -by_face[ref].inside)


def _is_spotty(pattern: BroodPattern) -> bool:
    share = pattern.share
    return share is not None and pattern.inside >= LEAST_INSIDE // 4 and share.low > SPOTTY_SHARE


def _ages(seen: Seen, said: Said) -> None:
    """Capped : open : eggs against what a queen that lays evenly would give."""
    areas = seen.sums.areas
    classes = (CellClass.CAPPED_BROOD, CellClass.LARVAE, CellClass.EGGS)
    if not all(c in areas for c in classes):
        return
    capped, larvae, eggs = (areas[c].estimate for c in classes)
    whole = capped.value + larvae.value + eggs.value
    if whole < 0.5:  # dm2, about 200 cells
        return
    young = (larvae.low + eggs.low, larvae.value + eggs.value, larvae.high + eggs.high)
    low, high = young[0] / (young[0] + capped.high), young[2] / max(young[2] + capped.low, 1e-9)
    balanced = (BALANCED[1] + BALANCED[2]) / sum(BALANCED)
    scaled = " : ".join(f"{sum(BALANCED) * part.value / whole:.1f}" for part in (capped, larvae, eggs))
    headline, tone = "In balance, as far as the intervals allow to say", Tone.GOOD
    meaning = "which fits a queen that has laid evenly for three weeks."
    if low > balanced:
        headline, tone = "More young brood than capped brood explains", Tone.PLAIN
        meaning = "the brood nest is growing, or laying began again less than three weeks ago."
    elif high < balanced:
        headline, tone = "Less young brood than capped brood explains", Tone.WATCH
        meaning = "laying has slowed or paused in the last nine days: nectar dearth, swarm mood, season or the queen."
    said.say(
        "Ages of the brood",
        tone,
        headline,
        Sentence(
            f"Capped : open : eggs is {scaled} where an even layer gives 4 : 2 : 1; {meaning}",
            merged(seen.with_area(*classes)[:6]),
        ),
    )


def _queen_cells(seen: Seen, said: Said, has_eggs: bool) -> None:
    if not seen.has_maps:
        return
    marked = [
        (ref, finding.y_mm < LOW_ON_COMB * _half_height_mm(analysis), finding.probability >= SURE)
        for ref, analysis in seen.faces
        if analysis.map is not None
        for finding in analysis.map.findings
        if finding.kind is FindingKind.QUEEN_CELL
    ]
    found = [(ref, is_low) for ref, is_low, is_sure in marked if is_sure]
    if not found:
        where = (
            "They often hang below the comb or under bees, where no camera looks; this is not a guarantee."
        )
        sentences = [Sentence(where)]
        if marked:
            look = "Something that may be one, less likely than not, is marked on"
            sentences.append(Sentence(look, merged(ref for ref, *_ in marked)))
        said.say("Queen cells", Tone.PLAIN, "None found for certain" if marked else "None found", *sentences)
        return
    at = merged(dict.fromkeys(ref for ref, _ in found))
    low = sum(1 for _, is_low in found if is_low)
    many = words.counted(len(found), "queen cell or cup", "queen cells or cups")
    is_one = len(found) == 1
    where = f"{low} of them low on the comb"
    if is_one:
        where = "low on the comb" if low else "on the face of the comb"
    sentences = [Sentence(f"{many} found, {where}:", at)]
    if not has_eggs and low * 2 <= len(found):
        headline = "Perhaps raised in need"
        sentences.append(
            Sentence(
                "On the face of the comb and without eggs beside them they speak for a colony that replaces a lost queen."
            )
        )
        said.advise(
            "Leave one or two good queen cells, and disturb the colony as little as you can for three weeks.",
            "they may be the only way to a queen: cells on the face of the comb and no eggs seen",
            at,
            Tone.ACT,
        )
    else:
        few = "One: a cup" if is_one else "Two: cups"
        headline = "A sign of swarm mood" if len(found) > 2 else f"{few} or the beginning of swarm mood"
        sentences.append(
            Sentence(
                "Empty play cups mean little; with an egg or larva in them the colony prepares to swarm or to replace her."
            )
        )
        said.advise(
            f"Look into the queen {'cell' if is_one else 'cells'} within a few days, and give room or divide the "
            f"colony if {'it is' if is_one else 'they are'} in use.",
            "a queen cell is capped on the eighth day, and the swarm may leave then",
            at,
            Tone.ACT if len(found) > 2 else Tone.WATCH,
        )
    said.say("Queen cells", Tone.WATCH, headline, *sentences)


def _half_height_mm(analysis: FaceAnalysis) -> float:
    face_map = analysis.map
    assert face_map is not None
    low = min((cell.y_mm for cell in face_map.cells), default=0.0)
    return max(-low, 1.0)
