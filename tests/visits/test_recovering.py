"""Recovery where the machine has forgotten where it is: by proof, slowly, or not at all."""

from __future__ import annotations

import json

import pytest

from bee_robot.devices.tower import Axis
from bee_robot.extraction.journal import PLACES_SUFFIX, PlaceFile
from bee_robot.extraction.recovery import ByHand, recover
from bee_robot.extraction.workbench import Workbench
from bee_robot.hive.inspection import EndState, EventKind, Phase

SHUTTLES = ("shuttle_left", "shuttle_right")
HOOKS = (2, 3)  # of servos
THICK_MM = 28.0
UNEASE = ("R7",)  # how hard the hardware stops a hanging frame is no motion that anybody asked for


def offences(bench: Workbench) -> list[str]:
    violations = [one for one in bench.referee.violations if one.worst.rule not in UNEASE]
    return [str(one) for one in (*violations, *bench.referee.harm)]


def press_and_creep(bench, by_mm: float) -> None:
    """The e-stop; while the motors are without power, the belts creep."""
    bench.press_estop()
    for shuttle in SHUTTLES:
        bench.twin.knobs.creep(shuttle, by_mm)


def told(bench) -> list[str]:
    return [event.text for event in bench.events if event.text.startswith("the board is told")]


def power_fails(bench) -> None:
    """Host and board, at the same instant."""
    bench.kill_extractor()
    bench.twin.reset_board()


@pytest.mark.parametrize(
    ("after_s", "creep_mm"),
    [
        pytest.param(3.3, -2.0, id="at its pins"),
        pytest.param(5.0, 0.4, id="ears peeled"),
        pytest.param(9.0, -0.4, id="between its neighbours"),
        pytest.param(15.0, 2.5, id="high above them"),
    ],
)
def test_after_an_estop_a_frame_on_the_hooks_is_set_down_although_the_belts_have_crept(
    bench, after_s: float, creep_mm: float
) -> None:
    bench.when(EventKind.FRAME, lambda: press_and_creep(bench, creep_mm), frame=2, after_s=after_s)
    assert bench.inspect(1).alert == "estop"
    bench.release_estop()

    closed = bench.recover()
    assert closed.end_state is EndState.CLOSED, closed.explanation
    assert bench.edges_mm == [0.0, 0.0] and list(bench.twin.truth().held) == [0, 0]
    places = sorted(bench.frames_y_mm(1))
    assert min(b - a for a, b in zip(places, places[1:])) > THICK_MM
    assert len(told(bench)) == 1 and "± 3.0" in told(bench)[0]
    assert offences(bench) == []


def test_belts_wait_where_nothing_hangs_on_them(bench) -> None:
    bench.when(Phase.LOCATE, lambda: press_and_creep(bench, 2.0), after_s=3)
    bench.inspect(1)
    bench.release_estop()
    assert bench.recover().end_state is EndState.CLOSED
    assert told(bench) == []
    assert offences(bench) == []


def test_the_next_visit_goes_on_after_a_frame_was_set_down_beside_its_place(bench) -> None:
    bench.when(EventKind.FRAME, lambda: press_and_creep(bench, -2.5), frame=2, after_s=15)
    bench.inspect(1)
    bench.release_estop()
    bench.recover()
    bench.stop_after_frame(3)
    again = bench.inspect(1)
    assert again.end_state is EndState.CLOSED and again.frames_inspected >= 1, again.explanation
    assert offences(bench) == []


@pytest.mark.parametrize("after_s", [5.0, 9.0, 15.0])
def test_a_restarted_board_is_told_where_it_stands_and_sets_the_frame_down(bench, after_s: float) -> None:
    bench.when(EventKind.FRAME, bench.twin.reset_board, frame=2, after_s=after_s)
    assert bench.inspect(1).alert == "board_restarted"
    closed = bench.recover()
    assert closed.end_state is EndState.CLOSED, closed.explanation
    assert told(bench) and all(state.is_referenced for state in bench.tower.state.axes.values())
    assert offences(bench) == []


def test_without_power_in_fast_motion_a_person_takes_the_frame_off_and_the_machine_closes(bench) -> None:
    bench.when(EventKind.FRAME, lambda: power_fails(bench), frame=2, after_s=9)
    bench.inspect(1)
    bench.restart_extractor()
    held = bench.recover()
    assert held.end_state is EndState.HELD
    assert "Take frame 2 off the hooks by hand" in held.instruction
    assert "swing both hooks in" in held.instruction and "mm off" in held.explanation

    truth = bench.twin.truth()
    for side in range(2):  # the person does so
        truth.held[side] = 0
        truth.frames[0][1].lift_mm[side] = 0.0
    for servo in HOOKS:
        truth.servo_deg[servo] = truth.servo_target_deg[servo] = 0.0
    closed = bench.run(lambda context: recover(context, ByHand("Mari", frame_is_off=True)))
    assert closed.end_state is EndState.CLOSED, closed.explanation
    assert bench.edges_mm == [0.0, 0.0]
    assert bench.referee.harm == []


def test_what_was_told_is_forgotten_only_by_homing(bench) -> None:
    """Recovery is broken off between telling and homing: whoever comes next knows that the belts were told."""
    bench.when(EventKind.FRAME, lambda: press_and_creep(bench, 1.0), frame=1, after_s=15)
    bench.inspect(1)
    bench.release_estop()
    bench.when(Phase.FRAMES, lambda: bench.control.stop_now("test"), after_s=4)
    assert bench.recover().end_state is EndState.HELD
    belief = json.loads(bench.journal_beliefs()[-1])
    assert belief["told"] == dict.fromkeys(SHUTTLES, 3.0)
    assert bench.recover().end_state is EndState.CLOSED
    assert "told" not in json.loads(bench.journal_beliefs()[-1])
    assert offences(bench) == []


def test_places_that_the_load_cells_contradict_are_not_believed(bench) -> None:
    bench.when(Phase.RAISE, bench.twin.reset_board, after_s=10)
    bench.inspect(1)
    bench.twin.knobs.shift_load_zero(-30.0)
    raised_mm = bench.edges_mm
    held = bench.recover()
    assert held.end_state is EndState.HELD and "its fork carries" in held.explanation
    assert bench.edges_mm == raised_mm


def test_a_board_that_holds_its_servos_out_is_switched_off_before_the_hive_counts_as_clear(bench) -> None:
    bench.when(Phase.LOCATE, lambda: bench.control.stop_now("test"), after_s=3)
    bench.inspect(1)
    held = bench.run(lambda context: recover(context, ByHand("Mari", hive_is_clear=True)))
    assert held.end_state is EndState.HELD
    assert "hook_left" in held.explanation and "Switch the robot off and on" in held.instruction


def test_the_journal_of_another_hive_or_robot_is_refused(bench) -> None:
    bench.run(lambda context: recover(context))
    belief = json.loads(bench.journal_beliefs()[-1])
    bench.journal_adds("raise", json.dumps({**belief, "robot": "tower_9"}))
    held = bench.recover()
    assert held.end_state is EndState.HELD and "tower_9" in held.explanation
    bench.journal_adds("raise", json.dumps(belief), hive="hive_7")
    held = bench.recover()
    assert held.end_state is EndState.HELD and "hive_7" in held.explanation
    assert "--robot" in held.instruction


def test_a_disk_too_full_to_keep_places_does_not_end_a_visit(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: PlaceFile, record: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PlaceFile, "write", full)
    bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
    assert bench.inspect(1).end_state is EndState.CLOSED
    assert not bench.journal_path.with_suffix(PLACES_SUFFIX).exists()


def test_places_are_kept_of_every_axis_while_it_moves_and_when_it_rests(bench) -> None:
    seen = []

    def look() -> None:
        record = bench.kept_places()
        seen.append((record["step"], record["spans_mm"]))

    bench.when(Phase.RAISE, look, after_s=3)
    bench.when(Phase.LOCATE, lambda: bench.control.request_stop("enough seen"))
    bench.inspect(1)
    (moving,) = seen
    assert moving[0] == "raise"
    low, high = moving[1]["lift_left"]
    assert 5 < high - low < 20 and low - 5 < bench.robot.axes["lift_left"].park_mm + 200
    rests = bench.kept_places()["spans_mm"]
    for axis in Axis:
        assert rests[axis.value] == [pytest.approx(bench.robot.axes[axis.value].park_mm, abs=0.01)] * 2


def test_what_was_left_is_explained_without_moving_anything(bench) -> None:
    bench.when(EventKind.FRAME, bench.press_estop, frame=1, after_s=15)
    bench.inspect(1)
    positions_mm = list(bench.twin.truth().position_mm)
    found = bench.finds()
    assert "hive_1 was left at 2025-06-21" in found and "'held' at box 1" in found
    assert "frame 1 is on the hooks" in found and "mm right" in found
    assert "kg on the left fork" in found and "hook_left" in found
    assert "shuttle_left (to 3.0 mm)" in found and "scan_left" not in found
    assert "The e-stop is pressed." in found and found.endswith("Run 'bee recover'")
    bench.release_estop()
    bench.twin.reset_board()
    assert "lift_left (to 0.0 mm)" in bench.finds()
    bench.journal_path.with_suffix(PLACES_SUFFIX).unlink()
    assert "lift_left (by nobody)" in bench.finds()
    assert list(bench.twin.truth().position_mm) == positions_mm


def test_where_nothing_is_open_nothing_is_found(bench) -> None:
    assert bench.finds() == ""
    bench.recover()
    assert bench.finds() == ""
