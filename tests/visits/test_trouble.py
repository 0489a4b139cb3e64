"""What goes wrong on a visit, and how it ends: closed, or held with an instruction to a person."""

from __future__ import annotations

import pytest

from bee_robot.devices.frame_cameras import FaceCaptureError
from bee_robot.extraction.context import RimState
from bee_robot.extraction.journal import PLACES_SUFFIX, JournalError
from bee_robot.extraction.visit import inspect_box
from bee_robot.extraction.workbench import FlashOnly, Workbench
from bee_robot.hive.inspection import EndState, EventKind, Phase

CLEAN = "nothing to object"


def alerts(bench) -> list[str]:
    return [str(event.data["alert"]) for event in bench.says(EventKind.ALERT)]


def test_ctrl_c_sets_the_frame_down_and_closes_the_hive(bench) -> None:
    bench.when(EventKind.FRAME, lambda: bench.control.request_stop("Ctrl-C"), frame=2, after_s=5)
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.CLOSED
    assert [frame.number for frame in outcome.frames] == [1, 2]
    assert "Ctrl-C" in outcome.explanation
    assert bench.edges_mm == [0.0, 0.0]
    assert bench.referee.summary() == CLEAN


@pytest.mark.parametrize("phase", [Phase.PREPARE, Phase.PEEL])
def test_ctrl_c_before_the_box_is_open_goes_no_further(bench, phase: Phase) -> None:
    bench.when(phase, lambda: bench.control.request_stop("Ctrl-C"), after_s=4)
    outcome = bench.inspect(1)
    assert (outcome.end_state, outcome.frames_inspected) == (EndState.CLOSED, 0)
    assert max(bench.edges_mm) == 0.0 and bench.twin.open_time_s < 60
    assert not any(event.phase in (Phase.RAISE, Phase.LOCATE) for event in bench.events)
    assert bench.referee.summary() == CLEAN


def test_a_broken_off_visit_is_continued_where_it_stopped(bench) -> None:
    bench.stop_after_frame(1)
    bench.inspect(1)
    bench.stop_after_frame(2)
    assert [frame.number for frame in bench.inspect(1).frames] == [2]
    assert bench.referee.summary() == CLEAN


def test_a_second_ctrl_c_stops_at_once_and_says_what_is_open(bench) -> None:
    bench.when(EventKind.FRAME, lambda: bench.control.stop_now("second Ctrl-C"), frame=1, after_s=9)
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.HELD
    assert "frame 1 hangs on the hooks" in outcome.instruction
    assert "bee recover" in outcome.instruction

    assert bench.recover().end_state is EndState.CLOSED
    assert bench.frames_y_mm(1)[0] == pytest.approx(-166, abs=1)  # where it was nudged, straight down
    assert bench.referee.summary() == CLEAN


def test_a_stop_at_once_does_not_wait_for_a_machine_that_does_not_answer(bench) -> None:
    asked = []

    async def without_answers(context):
        async def stop(because: str) -> None:
            asked.append((because, context.clock.now_s()))
            await context.clock.sleep(600)

        context.tower.stop = stop
        return await inspect_box(context, 1)

    bench.when(Phase.RAISE, lambda: bench.control.stop_now("second Ctrl-C"), after_s=3)
    outcome = bench.run(without_answers)
    assert outcome.end_state is EndState.HELD and "box 1 is open" in outcome.instruction
    assert asked[0][0] == "second Ctrl-C", "the stop goes out before the motion is called off"
    assert bench.events[-1].t_s - asked[0][1] < 12


def test_a_machine_that_cannot_move_is_not_asked_to(bench) -> None:
    """A door that opens while nothing moves: neither flash nor programme begins, and the end says why."""
    bench.when(EventKind.FACE, lambda: setattr(bench.twin.knobs, "door_open", True), frame=1)
    outcome = bench.inspect(1)
    assert (outcome.end_state, outcome.alert) == (EndState.HELD, "door_open")
    assert "the cabinet door is open" in outcome.explanation and "strobe" in outcome.explanation
    assert bench.referee.summary() == CLEAN


def test_an_estop_while_the_stack_rises_holds_and_after_release_the_hive_is_closed(bench) -> None:
    bench.when(Phase.RAISE, bench.press_estop, after_s=10)
    outcome = bench.inspect(1)
    assert (outcome.end_state, outcome.alert) == (EndState.HELD, "estop")
    assert "release the button" in outcome.instruction and "box 1 is open" in outcome.instruction
    raised_mm = bench.edges_mm

    still_pressed = bench.recover()
    assert (still_pressed.end_state, still_pressed.alert) == (EndState.HELD, "estop")
    assert bench.edges_mm == raised_mm

    bench.release_estop()
    assert bench.recover().end_state is EndState.CLOSED
    assert bench.edges_mm == [0.0, 0.0]
    assert bench.referee.summary() == CLEAN


def test_a_frame_glued_with_12_kg_of_propolis_comes_up_one_ear_at_a_time(bench) -> None:
    bench.twin.knobs.glue_frame(1, 1, 12.0)
    bench.stop_after_frame(1)
    assert bench.inspect(1).faces >= 2
    assert bench.referee.summary() == CLEAN


def test_a_missing_frame_is_said_and_the_others_are_seen(bench) -> None:
    bench.twin.knobs.remove_frame(1, 2)
    bench.stop_after_frame(3)
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.CLOSED
    assert [frame.number for frame in outcome.frames][:2] == [1, 3]
    assert alerts(bench) == ["frame_not_found"]
    assert bench.referee.summary() == CLEAN


def test_something_on_the_rim_makes_the_stack_back_off_and_hold(bench) -> None:
    bench.twin.knobs.obstruct_rim(15.0, "left")
    bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
    outcome = bench.inspect(1)
    assert (outcome.end_state, outcome.alert) == (EndState.HELD, "contact_early")
    assert "remove what lies there" in outcome.instruction
    assert min(bench.edges_mm) > 34  # 15 and 20 away from it

    bench.twin.knobs.obstruct_rim(0.0)
    assert bench.recover().end_state is EndState.CLOSED
    assert bench.referee.summary() == CLEAN


def test_bees_that_stay_on_the_rim_are_not_crushed(bench) -> None:
    bench.rim = [RimState.BEES]
    bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
    outcome = bench.inspect(1)
    assert (outcome.end_state, outcome.alert) == (EndState.HELD, "bees_on_rim")
    assert min(bench.edges_mm) == pytest.approx(30.5, abs=0.5)

    bench.rim = [RimState.BEES, RimState.CLEAR]
    assert bench.recover().end_state is EndState.CLOSED
    assert bench.referee.summary() == CLEAN


def test_a_rim_that_nobody_saw_is_in_the_record(bench) -> None:
    bench.rim = [RimState.UNKNOWN]
    bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
    assert bench.inspect(1).end_state is EndState.CLOSED
    (unseen,) = [event for event in bench.events if "no camera sees the rim" in event.text]
    assert unseen.data["rim"] == "unknown" and unseen.data["waited_s"] == pytest.approx(20, abs=0.2)


def test_a_listener_that_fails_does_not_keep_the_hive_open(bench) -> None:
    def fail(event) -> None:
        raise OSError("no space left on device")

    bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
    bench.listeners.append(fail)
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.CLOSED
    assert bench.edges_mm == [0.0, 0.0]
    assert outcome.explanation.count("no space left on device") == 1


def test_a_seam_that_is_stuck_for_good_stays_closed(bench) -> None:
    bench.twin.knobs.glue_seam(1, 50.0, "right")
    outcome = bench.inspect(1)
    assert (outcome.end_state, outcome.alert) == (EndState.CLOSED, "stack_stuck")
    assert outcome.frames_inspected == 0
    assert bench.edges_mm == [0.0, 0.0]
    assert bench.referee.summary() == CLEAN  # R4: no fork ever carried more than 60 kg


def test_a_seam_that_only_sticks_is_peeled_gently(bench) -> None:
    bench.twin.knobs.glue_seam(1, 24.0, "right")
    bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
    outcome = bench.inspect(1)
    assert outcome.end_state is EndState.CLOSED and outcome.alert == ""
    assert any("peeled gently" in event.text for event in bench.events)
    assert bench.referee.summary() == CLEAN


def test_a_pulled_cable_stops_the_machine_and_recovery_closes_the_hive(bench) -> None:
    bench.when(EventKind.FRAME, lambda: setattr(bench, "is_cable_pulled", True), frame=1, after_s=9)
    outcome = bench.inspect(1)
    assert (outcome.end_state, outcome.alert) == (EndState.HELD, "link_lost")
    bench.is_cable_pulled = False
    assert bench.recover().end_state is EndState.CLOSED
    assert bench.edges_mm == [0.0, 0.0]
    assert bench.referee.summary() == CLEAN  # R16: nothing moved on without a heartbeat


@pytest.mark.parametrize("after_s", [3.8, 6.0, 17.5, 32.0])
def test_the_extractor_is_killed_with_a_frame_in_hand_and_recovery_closes_the_hive(bench, after_s) -> None:
    bench.when(EventKind.FRAME, bench.kill_extractor, frame=1, after_s=after_s)
    bench.inspect(1)
    bench.restart_extractor()
    recovered = bench.recover()
    assert recovered.end_state is EndState.CLOSED, recovered.explanation
    assert bench.edges_mm == [0.0, 0.0]
    assert bench.referee.summary() == CLEAN


def test_a_hive_that_was_left_open_is_not_visited_before_it_is_recovered(bench) -> None:
    bench.when(Phase.RAISE, lambda: bench.control.stop_now("test"), after_s=3)
    bench.inspect(1)
    steps = len(bench.journal_steps())
    refused = bench.inspect(1)
    assert refused.end_state is EndState.HELD
    assert "run 'bee recover' first" in refused.refusals[0]
    assert "run 'bee recover' first" in refused.instruction
    assert len(bench.journal_steps()) == steps, "what recovery needs is still the last entry"
    assert bench.recover().end_state is EndState.CLOSED


def test_a_board_that_has_forgotten_everything_is_never_homed_with_the_hive_open(bench) -> None:
    bench.when(Phase.RAISE, bench.twin.reset_board, after_s=10)
    assert bench.inspect(1).end_state is EndState.HELD
    raised_mm = bench.edges_mm
    bench.journal_path.with_suffix(PLACES_SUFFIX).unlink()
    held = bench.recover()
    assert (held.end_state, held.alert) == (EndState.HELD, "not_referenced")
    assert "by hand" in held.instruction and "--hive-is-clear" in held.instruction
    assert bench.edges_mm == raised_mm


def test_a_camera_that_fails_costs_its_face_and_nothing_else(robot, tmp_path) -> None:
    class OneBlindCamera(FlashOnly):
        async def capture_face(self, face, label):
            if face == "rear":
                raise FaceCaptureError("camera rear_left: no picture; check its cable")
            return await super().capture_face(face, label)

    bench = Workbench(robot, tmp_path, cameras=OneBlindCamera)
    bench.listeners.append(
        lambda event: (
            event.kind is EventKind.FRAME and bench.control.request_stop("x") if event.frame == 2 else None
        )
    )
    outcome = bench.inspect(1)
    bench.close()
    assert outcome.end_state is EndState.CLOSED
    assert outcome.frames[0].faces["rear"] == () and len(outcome.frames[0].faces["front"]) == 2
    assert outcome.alert == "camera_failed"


def test_when_time_is_up_the_box_is_closed_whatever_is_left_to_do(robot, tmp_path) -> None:
    hasty = robot.model_copy(update={"visit": robot.visit.model_copy(update={"open_close_at_s": 90.0})})
    bench = Workbench(hasty, tmp_path)
    outcome = bench.inspect(1)
    bench.close()
    assert outcome.end_state is EndState.CLOSED
    assert [frame.number for frame in outcome.frames] == [1, 2]
    assert "has been open for" in outcome.explanation


@pytest.mark.parametrize("phase", [Phase.PEEL, Phase.FRAMES, Phase.LOWER, Phase.LEAVE])
def test_a_disk_that_is_full_while_the_box_is_open_does_not_keep_it_open(bench, phase: Phase) -> None:
    writes = []

    async def until_it_is_full(context):
        write = context.journal.write

        def full(*arguments: object, **more: object) -> None:
            if writes:
                raise JournalError("no space left on device")
            write(*arguments, **more)

        context.journal.write = full
        return await inspect_box(context, 1)

    bench.when(phase, lambda: writes.append("full"))
    bench.when(
        Phase.LOCATE, lambda: bench.control.request_stop("enough seen") if phase is Phase.LOWER else None
    )
    bench.stop_after_frame(1)
    outcome = bench.run(until_it_is_full)
    assert (outcome.end_state, outcome.alert) == (EndState.CLOSED, "store_full"), outcome.explanation
    assert bench.edges_mm == [0.0, 0.0] and "run 'bee recover'" in outcome.explanation
    assert bench.inspect(1).end_state is EndState.HELD, "the journal does not say that it is closed"
    assert bench.recover().end_state is EndState.CLOSED
    assert bench.referee.summary() == CLEAN
