"""What the machine and the hive do when the board moves them, right or wrong."""

from __future__ import annotations

import pytest

from .conftest import Hands


def lifted_kg(hands: Hands, box: int) -> float:
    """Weight per side of everything above a box, frames of 2 kg, boxes of 6, lid of 4."""
    boxes_above = hands.robot.hive.boxes - box
    return (boxes_above * (6 + 10 * 2) + 4) / 2


def leaning_kg(hands: Hands, box: int, raised_mm: float) -> float:
    """The same where that side is raised further than the other: the centre of mass has moved towards the lower side."""
    whole_kg = 2 * lifted_kg(hands, box)
    heights_mm = [285 * above + 142.5 for above in range(hands.robot.hive.boxes - box)]
    lid_mm = 285 * len(heights_mm) + 40
    centre_mm = (26 * sum(heights_mm) + 4 * lid_mm) / whole_kg
    return whole_kg * (0.5 - centre_mm * raised_mm / 506**2)


def test_end_stops_close_at_home_and_hard_stops_lose_steps(hands: Hands) -> None:
    assert not hands.library.plant_endstop(0)
    hands.move(lift_left=510)
    assert hands.library.plant_endstop(0)
    hands.move(lift_left=500)
    assert hands.position_mm("lift_left") == pytest.approx(507)
    assert hands.plant.truth.lost_steps[0] == 7 * 400


def test_without_motor_power_nothing_moves(hands: Hands) -> None:
    hands.motor_rail(False)
    hands.move(lift_left=650)
    hands.swing(fork_left=90)
    assert hands.position_mm("lift_left") == pytest.approx(600)
    assert hands.plant.truth.servo_deg[0] == 0
    assert hands.plant.truth.lost_steps[0] == 50 * 400


def test_an_open_door_cuts_the_motor_rail_whatever_the_board_says(hands: Hands) -> None:
    hands.plant.world.is_door_closed = 0
    hands.plant.world_changed()
    hands.move(scan_left=430)
    assert hands.position_mm("scan_left") == pytest.approx(420)
    assert hands.happened()[:3] == ["motor_rail_on", "door_open", "motor_rail_off"]


def test_forks_swing_at_their_speed(hands: Hands) -> None:
    hands.swing(fork_left=90)
    swing = {event.name: event.t_s for event in hands.events if "swing" in event.name}
    assert swing["fork_left_swing_end"] - swing["fork_left_swing_start"] == pytest.approx(1.0, abs=0.02)
    assert hands.plant.truth.servo_deg[0] == 90
    assert hands.happened()[-2:] == ["fork_left_swing_start", "fork_left_swing_end"]


@pytest.mark.parametrize("box", [1, 2, 3])
def test_forks_carry_what_stands_above_the_box_half_on_each_side(hands: Hands, box: int) -> None:
    hands.open_box(box, raise_mm=100)
    assert hands.plant.truth.stack_level == box + 1
    for side in range(2):
        assert hands.plant.truth.load_kg[side] == pytest.approx(lifted_kg(hands, box), abs=0.01)
        assert hands.plant.truth.edge_mm[side] == pytest.approx(100, abs=0.2)
    assert hands.harm() == []


def test_propolis_adds_its_break_away_force_and_lets_go(hands: Hands) -> None:
    hands.plant.world.seam_break_away_kg[1][0] = 12.0
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(lift_left=cleat_mm - 8)
    hands.swing(fork_left=90)
    peak_kg = 0.0
    for tenth in range(1, 60):
        hands.move(lift_left=cleat_mm + tenth * 0.1)
        peak_kg = max(peak_kg, hands.plant.truth.load_kg[0])
    assert peak_kg == pytest.approx(lifted_kg(hands, 1) + 12, rel=0.05)
    assert hands.plant.truth.load_kg[0] == pytest.approx(leaning_kg(hands, 1, 5.8), abs=0.02)
    assert hands.plant.truth.edge_mm[1] == 0


def test_the_stack_lands_on_the_rim_and_stays_when_the_forks_leave(hands: Hands) -> None:
    hands.open_box(1, raise_mm=40)
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(scan_left=420, scan_right=420)
    hands.move(lift_left=cleat_mm - 8)
    assert hands.plant.truth.edge_mm[0] == 0 and hands.plant.truth.load_kg[0] == 0
    hands.move(lift_right=cleat_mm - 8)
    hands.swing(fork_left=0, fork_right=0)
    assert hands.plant.truth.stack_level == 0
    assert hands.happened().count("edge_left_lands") == 1
    assert hands.happened().count("edge_right_lands") == 1
    assert hands.harm() == []


def test_a_fork_that_swings_out_under_load_drops_the_stack(hands: Hands) -> None:
    hands.open_box(1, raise_mm=40)
    hands.swing(fork_left=0)
    assert hands.harm() == ["stack_dropped"]


def test_a_fork_that_swings_into_a_cleat_is_noticed(hands: Hands) -> None:
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(lift_left=cleat_mm + 4)
    hands.swing(fork_left=90)
    assert hands.harm() == ["fork_meets_cleat"]


def test_a_tool_on_the_rim_takes_the_load_off_early(hands: Hands) -> None:
    hands.open_box(1, raise_mm=60)
    hands.plant.world.obstruction_mm[0] = 15.0
    hands.plant.world_changed()
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(lift_left=cleat_mm + 14.98)
    assert hands.plant.truth.edge_mm[0] == 15
    assert hands.plant.truth.load_kg[0] < 0.7 * lifted_kg(hands, 1)
    assert hands.happened()[-1] == "contact_left"
    assert hands.plant.truth.pressed_kg > 0
    hands.move(lift_left=cleat_mm + 35)
    assert hands.plant.truth.load_kg[0] == pytest.approx(leaning_kg(hands, 1, 35 - 60), abs=0.02)


def test_load_cells_give_a_noisy_sample_80_times_a_second(hands: Hands) -> None:
    hands.plant.world.load_noise_kg = 0.05
    samples = []
    for _ in range(800):
        hands.pause(0.0125)
        samples.append(hands.library.plant_load_counts(0) / 20000)
    assert len(set(samples)) > 700
    mean = sum(samples) / len(samples)
    spread = (sum((value - mean) ** 2 for value in samples) / len(samples)) ** 0.5
    assert abs(mean) < 0.01
    assert spread == pytest.approx(0.05, rel=0.15)


def test_a_sweep_feels_every_pin_of_the_open_box_and_of_no_closed_one(hands: Hands) -> None:
    hands.open_box(2)
    hands.plant.world.frames[1][3].is_present = 0
    hands.swing(hook_left=90, hook_right=90)
    travel_mm = hands.geometry.engaged_mm(2) + 8
    hands.move(scan_left=travel_mm, scan_right=travel_mm)
    edges: list[float] = []
    was_felt = False
    for tenth in range(-2350, 2351):
        hands.move(shuttle_left=tenth / 10)
        is_felt = hands.library.plant_pin(0)
        if is_felt != was_felt:
            edges.append(hands.position_mm("shuttle_left") - 22)
            was_felt = is_felt
    found = [(rise + fall) / 2 for rise, fall in zip(edges[::2], edges[1::2])]
    expected = [hands.geometry.frame_y_mm(2, frame) for frame in range(1, 11) if frame != 4]
    assert found == pytest.approx(expected, abs=0.3)
    assert hands.harm() == []


def test_no_pin_is_felt_while_every_box_is_shut_or_the_hook_is_stowed(hands: Hands) -> None:
    hands.open_box(2)
    hands.move(scan_left=hands.geometry.engaged_mm(2) + 8)
    hands.move(shuttle_left=hands.geometry.frame_y_mm(2, 5) + 22)
    assert not hands.library.plant_pin(0)


def test_a_frame_is_nudged_lifted_carried_and_set_down_elsewhere(hands: Hands) -> None:
    hands.open_box(1)
    engaged_mm = hands.geometry.engaged_mm(1)
    frame = hands.plant.truth.frames[0][0]
    y_mm = frame.y_mm[0]
    hands.take_hold(1, 1, push=-1)
    hands.move(shuttle_left=y_mm + 8 - 10, shuttle_right=y_mm + 8 - 10)
    assert list(frame.y_mm) == pytest.approx([y_mm - 10] * 2, abs=0.05)
    hands.move(scan_left=engaged_mm + 2)
    hands.move(scan_right=engaged_mm + 2)
    hands.move(scan_left=engaged_mm + 300, scan_right=engaged_mm + 300)
    hands.move(shuttle_left=8, shuttle_right=8)
    assert list(frame.y_mm) == pytest.approx([0, 0], abs=0.1)
    assert list(frame.lift_mm) == pytest.approx([300, 300], abs=0.05)
    hands.move(shuttle_left=y_mm - 25 + 8, shuttle_right=y_mm - 25 + 8)
    hands.move(scan_left=engaged_mm, scan_right=engaged_mm)
    hands.move(shuttle_left=y_mm + 1, shuttle_right=y_mm + 1)
    hands.move(scan_left=engaged_mm + 30, scan_right=engaged_mm + 30)
    assert list(frame.lift_mm) == [0, 0]
    assert list(frame.y_mm) == pytest.approx([y_mm - 25] * 2, abs=0.1)
    story = [name for name in hands.happened() if "frame" in name or "ear" in name]
    assert story == [
        "frame_engaged_left",
        "frame_engaged_right",
        "ear_left_free",
        "ear_right_free",
        "frame_hanging",
        "frame_set_down",
        "frame_released_left",
        "frame_released_right",
    ]
    assert hands.harm() == []


def test_a_glued_ear_comes_with_a_jerk_and_one_glued_too_hard_stalls_the_beam(hands: Hands) -> None:
    engaged_mm = hands.geometry.engaged_mm(1)
    hands.plant.world.frames[0][0].ear_break_away_kg[0] = 12.0
    hands.plant.world.frames[0][0].ear_break_away_kg[1] = 60.0
    hands.open_box(1)
    hands.take_hold(1, 1, push=-1)
    hands.move(scan_left=engaged_mm + 2)
    hands.move(scan_right=engaged_mm + 2)
    frame = hands.plant.truth.frames[0][0]
    assert frame.lift_mm[0] == pytest.approx(2, abs=0.05)
    assert frame.lift_mm[1] == 0
    assert hands.plant.truth.lost_steps[3] > 600
    assert hands.position_mm("scan_right") < engaged_mm + 0.4


def test_a_hook_that_comes_down_on_a_pin_crushes_what_sits_there(hands: Hands) -> None:
    hands.open_box(1)
    hands.hooks_beside(1, hands.geometry.frame_y_mm(1, 5) + 26 + 3, push=+1)
    assert set(hands.harm()) == {"crush_pin"}
    assert hands.plant.truth.held[0] == 0


def test_a_hook_that_comes_down_beside_the_pin_hurts_nobody(hands: Hands) -> None:
    hands.open_box(1)
    for push in (-1, +1):
        hands.hooks_beside(1, hands.geometry.frame_y_mm(1, 5), push)
        hands.move(scan_left=hands.geometry.engaged_mm(1) + 25, scan_right=hands.geometry.engaged_mm(1) + 25)
    assert hands.harm() == []


def test_a_hook_pressed_below_the_neck_crushes_on_the_top_bar(hands: Hands) -> None:
    hands.open_box(1)
    hands.hooks_beside(1, hands.geometry.frame_y_mm(1, 5), push=+1)
    hands.move(scan_left=hands.geometry.engaged_mm(1) - 3)
    assert hands.harm() == ["crush_top_bar"]


def test_a_hanging_frame_pushed_into_its_neighbour_is_noticed(hands: Hands) -> None:
    engaged_mm = hands.geometry.engaged_mm(1)
    hands.open_box(1)
    hands.take_hold(1, 2, push=+1)
    y_mm = hands.geometry.frame_y_mm(1, 2) - 8
    hands.move(scan_left=engaged_mm + 50, scan_right=engaged_mm + 50)
    hands.move(shuttle_left=y_mm + 8, shuttle_right=y_mm + 8)
    assert hands.harm() == []
    hands.move(shuttle_left=y_mm + 12, shuttle_right=y_mm + 12)
    assert hands.harm() == ["frames_collide"]


def test_a_frame_pushed_into_the_wall_is_noticed(hands: Hands) -> None:
    hands.open_box(1)
    hands.take_hold(1, 1, push=-1)
    y_mm = hands.geometry.frame_y_mm(1, 1) + 8
    hands.move(shuttle_left=y_mm - 28, shuttle_right=y_mm - 28)
    hands.move(shuttle_left=y_mm - 31, shuttle_right=y_mm - 31)
    assert hands.harm() == ["frame_meets_wall"]


def test_a_hook_stowed_under_a_hanging_frame_drops_it(hands: Hands) -> None:
    engaged_mm = hands.geometry.engaged_mm(1)
    hands.open_box(1)
    hands.take_hold(1, 1, push=-1)
    hands.move(scan_left=engaged_mm + 50, scan_right=engaged_mm + 50)
    hands.swing(hook_left=0)
    assert hands.harm() == ["frame_dropped"]


def test_a_hook_swung_at_a_closed_hive_hits_it(hands: Hands) -> None:
    hands.swing(hook_left=90)
    assert hands.harm() == ["hook_meets_hive"]


def test_the_stack_must_not_come_down_on_a_hanging_frame(hands: Hands) -> None:
    engaged_mm = hands.geometry.engaged_mm(1)
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.open_box(1)
    hands.take_hold(1, 1, push=-1)
    hands.move(scan_left=engaged_mm + 100, scan_right=engaged_mm + 100)
    hands.move(lift_left=cleat_mm + 95, lift_right=cleat_mm + 95)
    assert "frame_meets_stack" in hands.harm()


def test_a_stuck_axis_and_lost_steps_leave_the_plant_behind_the_board(hands: Hands) -> None:
    hands.plant.world.steps_to_lose[2] = 400
    hands.move(scan_left=430)
    assert hands.position_mm("scan_left") == pytest.approx(429)
    hands.plant.world.is_axis_stuck[2] = 1
    hands.move(scan_left=440)
    assert hands.position_mm("scan_left") == pytest.approx(429)


def test_the_same_motions_give_the_same_plant(hands: Hands) -> None:
    def story() -> tuple[list[str], list[int]]:
        hands.events.clear()
        hands.now_ns = 0
        hands.plant.world.load_noise_kg = 0.1
        hands.plant.power_on()
        hands.motor_rail(True)
        hands.open_box(1, raise_mm=20)
        return hands.happened(), [hands.library.plant_load_counts(side) for side in range(2)]

    assert story() == story()
