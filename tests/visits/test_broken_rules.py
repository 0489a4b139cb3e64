"""The twin's referee sees what a machine does, not what a procedure asked for: programmes changed on their way to the tower."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bee_robot.devices.tower import Axis, MotionProgramme, MotionResult, Segment
from bee_robot.extraction.context import VisitContext
from bee_robot.extraction.visit import inspect_box
from bee_robot.hive.inspection import EndState, Phase, VisitOutcome

Change = Callable[[Segment], Segment]
LIFTS = (Axis.LIFT_LEFT, Axis.LIFT_RIGHT)
SCANS = (Axis.SCAN_LEFT, Axis.SCAN_RIGHT)
SHUTTLES = (Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT)


def faster(axes: tuple[Axis, ...], factor: float) -> Change:
    def change(segment: Segment) -> Segment:
        moves = {
            axis: replace(move, speed_mm_s=move.speed_mm_s * factor) if axis in axes else move
            for axis, move in segment.axes.items()
        }
        return replace(segment, axes=moves)

    return change


def hooks_lower(by_mm: float) -> Change:
    def change(segment: Segment) -> Segment:
        moves = {
            axis: replace(move, position_mm=move.position_mm - by_mm) if axis in SCANS else move
            for axis, move in segment.axes.items()
        }
        return replace(segment, axes=moves)

    return change


def visit_with(bench, changes: dict[str, Change]) -> VisitOutcome:
    """A visit whose segments of these names reach the tower changed; the procedure knows nothing of it."""
    done = []

    async def meddled(context: VisitContext) -> VisitOutcome:
        move = context.tower.move

        async def change_and_move(programme: MotionProgramme) -> MotionResult:
            segments = tuple(changes.get(one.name, lambda same: same)(one) for one in programme.segments)
            done.extend(one.name for one in segments if one.name in changes)
            return await move(replace(programme, segments=segments))

        context.tower.move = change_and_move
        return await inspect_box(context, 1)

    outcome = bench.run(meddled)
    assert set(done) == set(changes), "every change has come to the machine"
    return outcome


def test_haste_that_no_plan_knows_of_is_seen_by_the_referee(bench) -> None:
    bench.stop_after_frame(1)
    changes = {
        "peel the left edge": faster(LIFTS, 3.0),
        "up from the frames": hooks_lower(5.0),
        "hooks land": faster(SCANS, 1.5),
        "nudge": faster(SHUTTLES, 1.5),
        "peel the left ear": faster(SCANS, 2.0),
        "set down": faster(SCANS, 2.0),
        "left edge lands": faster(LIFTS, 1.5),
    }
    outcome = visit_with(bench, changes)

    assert outcome.end_state is EndState.CLOSED
    broken = {(offence.worst.rule, offence.worst.where) for offence in bench.referee.violations}
    assert {rule for rule, _ in broken} == {"R1", "R2", "R6", "R11", "R12", "R20"}
    assert ("R1", "lift_left") in broken and ("R1", "lift_right") not in broken
    assert {where for rule, where in broken if rule == "R20"} == {
        "shuttle_left",
        "shuttle_right",
        "scan_left",
    }
    (peeled,) = [offence for offence in bench.referee.violations if offence.worst.rule == "R1"]
    assert 2.8 < peeled.worst.value < 3.1 and 1.0 < peeled.to_s - peeled.from_s < 2.5


def test_a_stack_that_goes_on_down_after_contact_is_seen_by_the_referee(bench) -> None:
    """A tool lies on the rim, and the guards that should have stopped the stack were never asked for."""
    bench.stop_after_frame(1)
    bench.when(Phase.LOWER, lambda: bench.twin.knobs.obstruct_rim(25.0, "left"))
    visit_with(bench, {"left edge lands": lambda segment: replace(segment, guards=())})
    assert "R5" in {offence.worst.rule for offence in bench.referee.violations}
