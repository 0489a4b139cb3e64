"""What the visit says about the colony, in a beekeeper's words: statements with the faces that each rests on.

A statement is what was seen and what it usually means; never a diagnosis. What was not seen is never called absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bee_robot.cloud.records import FaceRecord
from bee_robot.console import report_words as words
from bee_robot.console.report_brood import BroodPattern, add_patterns, brood_pattern, wilson
from bee_robot.console.report_comparison import Change, Comparison
from bee_robot.console.report_measures import Sums
from bee_robot.hive.comb import Caste, CellClass
from bee_robot.hive.face import Estimate, FaceAnalysis, FindingKind

SURE = 0.5  # probability from which a queen, a queen cell or a mite counts as seen
#: Share of empty cells within capped brood: fewer than this is commonly called a good pattern (Lee et al. 2019,
#: Insects 10, 12); half of it a very good one.
SPOTTY_SHARE = 0.20
GOOD_SHARE = 0.10
LEAST_INSIDE = 200  # cells within the capped area that a share is worth saying of
#: kg of honey and nectar. 5 is a common reserve for a few weeks without nectar in the season, 20 for a winter in
#: temperate climates (rules of thumb of beekeepers' associations).
RESERVE_KG = 5.0
WINTER_KG = 20.0
CROWDED_SHARE = 0.8  # of the sides covered by bees
WEAK_SHARE, STRONG_SHARE = 0.35, 0.7
#: Worker brood in equilibrium: 12 d capped, 6 d larva, 3 d egg.
BALANCED = (4.0, 2.0, 1.0)
LOW_ON_COMB = -0.55  # of the comb's half height: below it a queen cell hangs at the lower edge
MITES_TO_TREAT_PER_100 = 3.0  # of a wash of bees, the commonly taught limit in the season


class Tone(str, Enum):
    GOOD = "good"
    PLAIN = "plain"
    WATCH = "watch"
    ACT = "act"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class FaceRef:
    """face: rear, front, or "" for the frame as a whole."""

    frame: int
    face: str = ""


@dataclass(frozen=True)
class Sentence:
    text: str
    faces: tuple[FaceRef, ...] = ()


@dataclass(frozen=True)
class Statement:
    topic: str
    tone: Tone
    headline: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Advice:
    """What to do next, and why."""

    what: str
    because: str
    faces: tuple[FaceRef, ...] = ()
    tone: Tone = Tone.WATCH


@dataclass(frozen=True)
class Colony:
    statements: tuple[Statement, ...]
    advice: tuple[Advice, ...]


@dataclass
class _Said:
    """What has been said so far."""

    statements: list[Statement] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)

    def say(self, topic: str, tone: Tone, headline: str, *sentences: Sentence) -> None:
        self.statements.append(Statement(topic, tone, headline, sentences))

    def advise(self, what: str, because: str, faces: Iterable[FaceRef] = (), tone: Tone = Tone.WATCH) -> None:
        self.advice.append(Advice(what, because, tuple(faces), tone))


@dataclass(frozen=True)
class _Seen:
    """The analysed faces of a box, and their sums."""

    faces: tuple[tuple[FaceRef, FaceAnalysis], ...]
    sums: Sums
    boxes: int
    frames: int

    @property
    def has_maps(self) -> bool:
        return any(analysis.map is not None for _, analysis in self.faces)

    @property
    def is_complete(self) -> bool:
        return self.sums.faces_analysed >= self.sums.faces_expected

    def with_area(self, *classes: CellClass, certainly: bool = False) -> tuple[FaceRef, ...]:
        """Faces that show one of these classes, most of it first."""
        found = []
        for ref, analysis in self.faces:
            areas = [analysis.areas[c] for c in classes if c in analysis.areas]
            amount = sum(area.low if certainly else area.value for area in areas)
            if amount > 0.02:  # about eight cells
                found.append((amount, ref))
        return tuple(ref for _, ref in sorted(found, key=lambda pair: -pair[0]))

    def other_boxes(self) -> str:
        if self.boxes <= 1:
            return ""
        rest = self.boxes - 1
        return f"The other {'box was' if rest == 1 else f'{rest} boxes were'} not looked into on this visit."


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
    seen = _Seen(analysed, sums, boxes, max(1, sums.faces_expected // 2))
    said = _Said()
    _strength(seen, said)
    is_brood_there = bool(seen.with_area(CellClass.CAPPED_BROOD, CellClass.LARVAE, CellClass.EGGS))
    if is_brood_there or seen.boxes <= 1:
        queen_at = _queen(seen, said)
        eggs = _eggs(seen, said, queen_at)
        _pattern(seen, said)
        _ages(seen, said)
        _queen_cells(seen, said, has_eggs=bool(eggs))
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


def _strength(seen: _Seen, said: _Said) -> None:
    bees, covered = seen.sums.bees, seen.sums.covered
    if bees is None:
        said.say(
            "Strength", Tone.UNKNOWN, "Bees were not counted", Sentence("No face gave a number of bees.")
        )
        return
    most = sorted(
        ((a.bees.value, ref) for ref, a in seen.faces if a.bees is not None), key=lambda pair: -pair[0]
    )
    text = f"About {words.with_interval(bees.estimate)} on the {bees.faces} faces counted."
    sentences = [Sentence(text)]
    headline, tone = f"{words.estimate_value(bees.estimate)} in view", Tone.PLAIN
    if covered is not None and covered.faces == bees.faces:
        seams = halved(covered.estimate, "seams")
        share = covered.estimate.value / covered.faces
        strength = "strong" if share >= STRONG_SHARE else "moderate" if share >= WEAK_SHARE else "weak"
        if seen.is_complete:
            headline = (
                f"{strength.capitalize()}: bees fill about {words.estimate_value(seams)} of {seen.frames}"
            )
        sentences.append(
            Sentence(
                f"They hide as much comb as {words.with_interval(seams)} full of bees would; a seam is the gap between two "
                f"combs, and {seen.frames} frames have about as many."
            )
        )
        if covered.estimate.low / covered.faces > CROWDED_SHARE and seen.is_complete:
            crowded = [ref for ref, a in seen.faces if a.bee_coverage and a.bee_coverage.low > CROWDED_SHARE]
            said.advise("Give the colony room.", "bees cover nearly every side of this box", crowded)
    sentences.append(Sentence("Most of them are on", merged(ref for _, ref in most[:4])))
    sentences.append(Sentence("Bees in flight, on the walls and under other bees are not in this number."))
    said.say("Strength", tone, headline, *sentences)


def halved(estimate: Estimate, unit: str) -> Estimate:
    """Sides to seams: a seam of bees has two sides."""
    return Estimate(estimate.value / 2, estimate.low / 2, estimate.high / 2, unit, estimate.method)


def _queen(seen: _Seen, said: _Said) -> tuple[FaceRef, ...]:
    found = [
        (bee.probability, ref)
        for ref, analysis in seen.faces
        if analysis.map is not None
        for bee in analysis.map.bees
        if bee.caste is Caste.QUEEN and bee.probability >= SURE
    ]
    found.sort(key=lambda pair: -pair[0])
    at = tuple(dict.fromkeys(ref for _, ref in found))
    if not seen.has_maps:
        said.say(
            "Queen", Tone.UNKNOWN, "Not looked for", Sentence("The method used here does not look for her.")
        )
    elif len(at) == 1:
        said.say("Queen", Tone.GOOD, "Seen", Sentence("A bee with the body of a queen was seen on", at))
    elif at:
        said.say(
            "Queen",
            Tone.WATCH,
            f"{len(at)} bees that look like queens",
            Sentence("Colonies rarely have two; some of these may be large workers or drones. Look at", at),
        )
        said.advise("Look at the bees marked as queens.", "a colony rarely has more than one", at)
    else:
        said.say(
            "Queen",
            Tone.PLAIN,
            "Not seen, which is not absent",
            Sentence(
                "She may have been under other bees, on a wall or on the way from one face to the next."
            ),
        )
    return at


def _eggs(seen: _Seen, said: _Said, queen_at: tuple[FaceRef, ...]) -> tuple[FaceRef, ...]:
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


def _pattern(seen: _Seen, said: _Said) -> None:
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
            f"{100 * SPOTTY_SHARE:.0f} % is commonly called good."
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


def _is_spotty(pattern: BroodPattern) -> bool:
    share = pattern.share
    return share is not None and pattern.inside >= LEAST_INSIDE // 4 and share.low > SPOTTY_SHARE


def _ages(seen: _Seen, said: _Said) -> None:
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


def _queen_cells(seen: _Seen, said: _Said, has_eggs: bool) -> None:
    if not seen.has_maps:
        return
    found = [
        (ref, finding.y_mm < LOW_ON_COMB * _half_height_mm(analysis))
        for ref, analysis in seen.faces
        if analysis.map is not None
        for finding in analysis.map.findings
        if finding.kind is FindingKind.QUEEN_CELL and finding.probability >= SURE
    ]
    if not found:
        said.say(
            "Queen cells",
            Tone.PLAIN,
            "None found",
            Sentence(
                "They often hang below the comb or under bees, where no camera looks; this is not a guarantee."
            ),
        )
        return
    at = merged(dict.fromkeys(ref for ref, _ in found))
    low = sum(1 for _, is_low in found if is_low)
    many = words.counted(len(found), "queen cell or cup", "queen cells or cups")
    sentences = [Sentence(f"{many} found, {low} of them low on the comb:", at)]
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
        headline = "A sign of swarm mood" if len(found) > 2 else "A few: cups or the beginning of swarm mood"
        sentences.append(
            Sentence(
                "Empty play cups mean little; with an egg or larva in them the colony prepares to swarm or to replace her."
            )
        )
        said.advise(
            "Look into the queen cells within a few days, and give room or divide the colony if they are in use.",
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


def _stores(seen: _Seen, said: _Said) -> None:
    food = seen.sums.food_kg
    if food is None:
        said.say(
            "Stores",
            Tone.UNKNOWN,
            "Not told",
            Sentence("The method used here does not tell honey or nectar."),
        )
        return
    at = merged(seen.with_area(CellClass.HONEY, CellClass.NECTAR)[:6])
    parts = ", ".join(
        f"{words.cell_words(c)} {words.estimate_value(total.estimate)}"
        for c, total in seen.sums.stores_kg.items()
    )
    kg = food.estimate
    sentences = [
        Sentence(
            f"Honey and nectar in this box weigh {words.with_interval(kg)} ({parts}), most of it on", at
        ),
        Sentence(
            f"A reserve of {RESERVE_KG:.0f} kg carries most colonies through weeks without nectar; a winter in a temperate "
            f"climate takes about {WINTER_KG:.0f} kg over all boxes. {seen.other_boxes()}".strip()
        ),
    ]
    if kg.high < RESERVE_KG:
        tone, headline = Tone.ACT, f"Short: {words.estimate_value(kg)} of honey and nectar"
        what = "Feed, or give a frame of honey, unless other boxes hold enough."
        said.advise(what, f"less than {RESERVE_KG:.0f} kg of honey and nectar are in this box", at, Tone.ACT)
    elif kg.low < RESERVE_KG:
        tone, headline = Tone.WATCH, f"Perhaps short: {words.estimate_value(kg)} of honey and nectar"
        because = f"the interval reaches below a reserve of {RESERVE_KG:.0f} kg"
        said.advise("Keep an eye on the stores; heft the hive in a week.", because, at)
    else:
        tone, headline = Tone.GOOD, f"Enough for now: {words.estimate_value(kg)} of honey and nectar"
    said.say("Stores", tone, headline, *sentences)


def _mites(seen: _Seen, said: _Said) -> None:
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
        "Most mites sit under the bees, between the plates of the belly, or in capped brood, where no photograph shows them: "
        "the true number is several times higher. Only a wash or a sugar roll tells whether to treat."
    )
    if not mites:
        said.say("Varroa mites", Tone.PLAIN, "None seen, which does not mean none", caveat)
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


def _change(comparison: Comparison | None, said: _Said) -> None:
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


def merged(refs: Iterable[FaceRef]) -> tuple[FaceRef, ...]:
    """Both faces of a frame become the frame; in the order of the frames."""
    faces: dict[int, set[str]] = {}
    for ref in refs:
        faces.setdefault(ref.frame, set()).add(ref.face)
    return tuple(
        FaceRef(frame, "" if len(sides) > 1 else next(iter(sides))) for frame, sides in sorted(faces.items())
    )
