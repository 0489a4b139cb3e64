"""A board that has forgotten where its axes are is told so, as far as somebody can prove it and recovery needs it.

Whatever reaches nowhere and carries nothing homes instead. The limits of doubt are data: whereabouts.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from bee_robot.devices.tower import Axis
from bee_robot.extraction.belief import FORK, HOOK, LIFT, SCAN, SHUTTLE
from bee_robot.extraction.box_visit import SCREWS, BoxVisit, Held
from bee_robot.extraction.closing import FREE_LOAD_KG
from bee_robot.extraction.freeing import take_off_by_hand
from bee_robot.extraction.journal import TELL_STEP
from bee_robot.extraction.motion_plan import MotionPlanner
from bee_robot.extraction.whereabouts import MOST_DOUBT_MM, Doubt, Span, proven_places
from bee_robot.hive.inspection import EventKind
from bee_robot.rulebook import limit


def carries(visit: BoxVisit) -> bool:
    """Whether a fork feels a load."""
    return any(load > FREE_LOAD_KG for load in visit.context.tower.state.loads_kg.values())


async def learn_screws(visit: BoxVisit) -> None:
    """Tell a restarted board where its beams are, as far as that is proven and needed: whatever reaches nowhere homes."""
    belief = visit.belief
    reaches = visit.reaches((*FORK.values(), *HOOK.values()))
    if not visit.knows(SCREWS) and (reaches or carries(visit) or belief.is_open or belief.is_forked):
        proven = proven_places(visit.context.tower.state.axes, visit.kept_places(), visit.doubts_mm)
        _require_proof(visit, {axis: proven.get(axis) for axis in SCREWS})
        await _tell(visit, proven)
        _require_load(visit)
    _slow_down(visit)
    if visit.belief.held is not None and not visit.belief.held.rests:
        _require_height(visit, visit.belief.held.number)


def _require_proof(visit: BoxVisit, spans: Mapping[Axis, Span | None]) -> None:
    """Before the board is told anything: whether forks, hooks and beams are known well enough for what they hold."""
    for beams, most_mm in (
        (LIFT, MOST_DOUBT_MM[_forks_hold(visit)]),
        (SCAN, MOST_DOUBT_MM["free hooks" if visit.reaches(HOOK.values()) else "beams"]),
    ):
        for axis in beams.values():
            span = spans[axis]
            if span is None or span.doubt_mm > most_mm:
                doubt = (
                    "nobody knows where it is" if span is None else f"it may be {span.doubt_mm:.1f} mm off"
                )
                raise Held(
                    "not_referenced",
                    f"the board has forgotten where {axis.value} is, and {doubt} ({visit.belief.says()})",
                    _remedy(visit, spans, axis),
                )


def _forks_hold(visit: BoxVisit) -> str:
    """What the lift beams are about, in the words of MOST_DOUBT_MM."""
    if not visit.reaches(FORK.values()):
        return "beams"
    return "stack" if visit.belief.is_open or carries(visit) else "forks"


def _remedy(visit: BoxVisit, spans: Mapping[Axis, Span | None], axis: Axis) -> str:
    """What a person has to do about an axis in doubt: where only a frame on the hooks needs more than is known, take it off."""
    held, unfinished = visit.belief.held, visit.unfinished
    frame = held.number if held else unfinished.frame if unfinished else 0
    goes_on_without = all(
        span is not None and span.doubt_mm <= MOST_DOUBT_MM["beams" if axis in SCAN.values() else "stack"]
        for axis, span in spans.items()
    )
    return take_off_by_hand(visit, frame) if frame and goes_on_without else close_by_hand(visit)


def close_by_hand(visit: BoxVisit) -> str:
    """The one thing a person has to do where beams reach into the hive and nobody knows where they are."""
    return (
        f"Close box {visit.box} by hand: hang what is on the hooks into its place, turn the lift screws evenly until the "
        "stack stands, stow forks and hooks; then run 'bee recover --hive-is-clear --by NAME'"
    )


def _require_load(visit: BoxVisit) -> None:
    """The load cells must agree with where the lift beams are said to be."""
    for side, edge_mm in visit.belief.edges_mm.items():
        load_kg = visit.context.tower.state.loads_kg[side]
        lifted_kg = visit.belief.lifted_load_kg.get(side, 0.0)
        if edge_mm > MOST_DOUBT_MM["stack"] and load_kg < limit("R5", "load_ratio") * lifted_kg:
            raise Held(
                "not_referenced",
                f"the {side.value} edge should hang {edge_mm:.0f} mm above the rim, and its fork carries {load_kg:.1f} kg",
                close_by_hand(visit),
            )


def _require_height(visit: BoxVisit, number: int) -> None:
    """A frame is set down only by hooks whose height is known to what their slots allow."""
    doubt_mm = visit.planner.doubt.scan_mm
    if doubt_mm > MOST_DOUBT_MM["hanging"]:
        raise Held(
            "not_referenced",
            f"frame {number} hangs on hooks whose height may be {doubt_mm:.1f} mm off",
            take_off_by_hand(visit, number),
        )


async def learn_belts(visit: BoxVisit) -> None:
    """Only where a frame is on the hooks are belts moved that do not know their place; otherwise they wait until they can
    home."""
    if visit.belief.held is None or visit.knows(SHUTTLE.values()):
        return
    proven = proven_places(visit.context.tower.state.axes, visit.kept_places(), visit.doubts_mm)
    belts = {axis: span for axis, span in proven.items() if axis in SHUTTLE.values()}
    if len(belts) == len(SHUTTLE):
        await _tell(visit, belts)
        _slow_down(visit)


async def _tell(visit: BoxVisit, spans: Mapping[Axis, Span]) -> None:
    """The journal first: whoever comes after this process must know that these axes have not found their places."""
    visit.doubts_mm.update({axis: span.doubt_mm for axis, span in spans.items()})
    said = ", ".join(
        f"{axis.value} {span.middle_mm:.1f} ± {span.doubt_mm:.1f}" for axis, span in spans.items()
    )
    visit.note(TELL_STEP, said)
    visit.tell(EventKind.PHASE, f"the board is told where its axes are, mm: {said}")
    await visit.context.tower.tell_places({axis: span.middle_mm for axis, span in spans.items()})
    await visit.read_machine()


def _slow_down(visit: BoxVisit) -> None:
    """Axes that were told their places move at homing speed; the others stay as quick as they are."""
    robot = (
        visit.context.robot
    )  # shuttles that were told only set a frame down; to their end they go by homing
    slow = {
        axis.value: robot.axes[axis.value].model_copy(
            update={"max_speed_mm_s": robot.axes[axis.value].homing_speed_mm_s}
        )
        for axis in visit.doubts_mm
    }
    robot = robot.model_copy(update={"axes": {**robot.axes, **slow}})
    finds_shuttles = visit.knows(SHUTTLE.values()) and not visit.doubts_mm.keys() & set(SHUTTLE.values())
    doubt = Doubt.of(visit.doubts_mm)
    visit.planner = MotionPlanner(robot, visit.box, moves_shuttles=finds_shuttles, doubt=doubt)
