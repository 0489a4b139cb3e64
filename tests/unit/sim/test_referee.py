"""The referee sees what the plant knows, and forgets nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bee_robot.configuration import AXIS_NAMES, SERVO_NAMES
from bee_robot.rulebook import Block, MotionSample, Situation
from bee_robot.sim.plant_mirror import SIDES
from bee_robot.sim.plant_trace import PlantTrace, events_of
from bee_robot.sim.referee import Referee
from bee_robot.sim.situation import SituationWatch
from bee_robot.sim.trace import TraceFile

from .conftest import Hands


class Watch:
    """What a watched twin would see of the plant that is moved by hand."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self.situations = SituationWatch(hands.robot)
        self.trace = PlantTrace(hands.library)

    def block(self, **speeds_mm_s: float) -> Block:
        """One sample now, with the speeds that the board would command."""
        rows = self.trace.now(self.hands.now_ns)
        rows["heartbeat_ns"] = self.hands.now_ns
        for axis, speed_mm_s in speeds_mm_s.items():
            rows["speed_mm_s"][0, AXIS_NAMES.index(axis)] = speed_mm_s
        return self.situations.follow(rows)

    def braking(self, axis: str, speed_mm_s: float, acceleration_mm_s2: float) -> Situation:
        rows = self.trace.now(self.hands.now_ns)
        rows["speed_mm_s"][0, AXIS_NAMES.index(axis)] = speed_mm_s
        rows["acceleration_mm_s2"][0, AXIS_NAMES.index(axis)] = acceleration_mm_s2
        return self.situations.follow(rows).situation(0)

    @property
    def open_time_s(self) -> float:
        return self.situations.open_time_s


@pytest.fixture
def watch(hands: Hands) -> Watch:
    return Watch(hands)


def look(hands: Hands, watch: Watch, **speeds_mm_s: float) -> tuple[MotionSample, Situation]:
    block = watch.block(**speeds_mm_s)
    return block.sample(0), block.situation(0)


def test_before_anything_is_lifted_no_box_is_open(hands: Hands, watch: Watch) -> None:
    _, situation = look(hands, watch)
    assert situation.box is None and not situation.is_open and situation.stack_bottom_mm is None
    assert situation.cleats_mm == tuple(hands.geometry.cleat_mm(level) for level in (1, 2, 3, 4))


def test_the_open_box_its_stack_and_its_frames_are_known(hands: Hands, watch: Watch) -> None:
    hands.plant.world.frames[1][6].is_present = 0
    hands.open_box(2, raise_mm=300)
    look(hands, watch)
    hands.pause(5.0)
    sample, situation = look(hands, watch)
    assert situation.box == 2 and situation.is_open and not situation.is_peeling and not situation.is_closing
    assert situation.stack_bottom_mm == pytest.approx(dict.fromkeys(SIDES, situation.rim_mm + 300), abs=0.2)
    assert situation.lifted_load_kg == sample.loads_kg
    assert [frame.number for frame in situation.resting] == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    assert situation.open_for_s == pytest.approx(5.0)


def test_peeling_and_closing_are_told_apart(hands: Hands, watch: Watch) -> None:
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(lift_left=cleat_mm - 8, lift_right=cleat_mm - 8)
    hands.swing(fork_left=90, fork_right=90)
    hands.move(lift_left=cleat_mm + 6.5)
    assert look(hands, watch)[1].is_peeling
    hands.move(lift_right=cleat_mm + 6.5)
    sample, situation = look(hands, watch)
    assert situation.is_peeling and situation.lifted_load_kg == sample.loads_kg
    hands.move(lift_left=cleat_mm + 100, lift_right=cleat_mm + 100)
    raised = look(hands, watch)[1]
    assert not raised.is_peeling and not raised.is_closing
    hands.move(lift_left=cleat_mm + 50, lift_right=cleat_mm + 50)
    assert look(hands, watch)[1].is_closing


def test_a_beam_that_goes_on_onto_a_tool_has_contact_until_it_brakes(hands: Hands, watch: Watch) -> None:
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.open_box(1, raise_mm=60)
    look(hands, watch)
    hands.plant.world.obstruction_mm[0] = 20.0
    hands.plant.world_changed()
    hands.move(speed_mm_s=10.0, lift_left=cleat_mm + 19.5)
    look(hands, watch, lift_left=-10.0)
    hands.pause(0.3)
    assert look(hands, watch, lift_left=-10.0)[1].contact_for_s == {"left": pytest.approx(0.3)}
    assert watch.braking("lift_left", -5.0, 40.0).contact_for_s == {}


def test_open_time_ends_when_the_last_edge_lands(hands: Hands, watch: Watch) -> None:
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.open_box(1, raise_mm=40)
    hands.move(scan_left=420, scan_right=420)
    opened = look(hands, watch)[0]
    hands.pause(60.0)
    hands.move(lift_left=cleat_mm - 8)
    assert look(hands, watch)[1].is_open
    hands.move(lift_right=cleat_mm - 8)
    closed, situation = look(hands, watch)
    assert not situation.is_open and situation.stack_bottom_mm is None
    hands.pause(100.0)
    look(hands, watch)
    assert watch.open_time_s == pytest.approx(closed.t_s - opened.t_s)


def test_a_frame_on_the_hooks_is_known_with_both_its_ends(hands: Hands, watch: Watch) -> None:
    engaged_mm = hands.geometry.engaged_mm(1)
    hands.open_box(1)
    hands.take_hold(1, 1, push=-1)
    frame = look(hands, watch)[1].frame
    assert frame is not None and frame.rests
    hands.move(scan_left=engaged_mm + 2)
    sample, situation = look(hands, watch)
    assert situation.frame is not None and not situation.frame.rests
    assert situation.frame.top_left_mm == pytest.approx(situation.frame_top_mm + 2, abs=0.05)
    assert situation.frame.top_right_mm == situation.frame_top_mm
    assert len(situation.resting) == 9


def test_a_hasty_peel_is_one_offence_with_its_worst_moment(hands: Hands, watch: Watch) -> None:
    referee = Referee()
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(lift_left=cleat_mm - 8, lift_right=cleat_mm - 8)
    hands.swing(fork_left=90, fork_right=90)
    for tenth in range(1, 31):
        speed = 4.0 if tenth == 20 else 3.0
        hands.move(speed_mm_s=10.0, lift_left=cleat_mm + tenth * 0.1)
        referee.see(watch.block(lift_left=speed), {})
    (offence,) = referee.violations
    assert offence.worst.rule == "R1" and offence.worst.value == 4.0
    assert offence.to_s - offence.from_s == pytest.approx(29 * 0.02, abs=0.03)
    assert "R1" in referee.summary() and not referee.is_clean


def test_the_same_offence_later_counts_again(hands: Hands, watch: Watch) -> None:
    referee = Referee()
    for _ in range(2):
        referee.see(watch.block(), {})
        hands.plant.world.is_door_closed = 0
        hands.plant.world_changed()
        for _ in range(100):
            hands.pause(0.01)
            referee.see(watch.block(scan_left=5.0), {})
        hands.plant.world.is_door_closed = 1
        hands.plant.world_changed()
        hands.pause(1.0)
    assert [offence.worst.rule for offence in referee.violations] == ["R16", "R16"]


def test_harm_is_kept_and_harmless_events_are_not(hands: Hands, watch: Watch) -> None:
    referee = Referee()
    watch.trace.begin(10_000_000)
    hands.swing(hook_left=90)
    rows = watch.trace.take()
    referee.see(watch.situations.follow(rows), events_of(rows))
    assert [event.name for event in referee.harm] == ["hook_meets_hive"]
    assert "hook_meets_hive" in referee.summary()


def test_a_trace_is_json_lines_in_the_words_of_the_machine(
    hands: Hands, watch: Watch, tmp_path: Path
) -> None:
    path = tmp_path / "trace.jsonl"
    with TraceFile(path) as trace:
        watch.trace.begin(10_000_000)
        hands.swing(fork_left=90)
        rows = watch.trace.take()
        trace.see(watch.situations.follow(rows), events_of(rows))
        hands.move(lift_left=640)
        trace.see(watch.block(lift_left=12.5), {})
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    names = [entry["event"] for entry in lines if entry["event"]]
    assert names == ["fork_left_swing_start", "fork_left_swing_end"]
    periods = [entry["t_s"] for entry in lines[:-1] if not entry["event"]]
    assert periods == pytest.approx([0.01 * n for n in range(1, len(periods) + 1)])
    last = lines[-1]
    assert set(last) == {"t_s", "event", "axes", "servos_deg", "inputs", "outputs", "loads_kg"}
    assert last["axes"]["lift_left"] == {"position_mm": 640.0, "speed_mm_s": 12.5, "acceleration_mm_s2": 0.0}
    assert set(last["axes"]) == set(AXIS_NAMES) and set(last["servos_deg"]) == set(SERVO_NAMES)
    assert last["servos_deg"]["fork_left"] == 90.0
    assert {"door_closed", "estop_ok", "pin_left", "pin_right"} <= set(last["inputs"])
    assert set(last["loads_kg"]) == set(SIDES)


def test_events_are_on_disk_before_the_trace_is_closed(hands: Hands, watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    trace = TraceFile(path)
    trace.note("category_1_stop", look(hands, watch)[0])
    assert json.loads(path.read_text())["event"] == "category_1_stop"
    trace.close()
    trace.see(watch.block(), {})
    assert len(path.read_text().splitlines()) == 1
