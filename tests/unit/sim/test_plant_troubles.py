"""What is wrong with a machine or a hive shows in the plant: each trouble alone, on a hive without any other."""

from __future__ import annotations

import math

import pytest

from bee_robot.sim.knobs import FrameInHand, Knobs

from .conftest import Hands


@pytest.fixture
def knobs(hands: Hands) -> Knobs:
    """A hive with bees (600 on each face, the queen on the front of frame 5 of box 1), reached through its knobs."""
    world = hands.plant.world
    for box in range(world.boxes):
        for frame in range(world.frames_in_box[box]):
            world.frames[box][frame].bees[0] = world.frames[box][frame].bees[1] = 600
    world.queen_box, world.queen_frame, world.queen_face = 1, 5, 1
    world.rim_bees, world.rim_arrive_s, world.rim_leave_s = 20, 60, 2
    return Knobs(hands.plant)


def take_hold_gently(hands: Hands, frame: int, push: int) -> None:
    y_mm = hands.plant.truth.frames[0][frame - 1].y_mm[0]
    hands.move(shuttle_left=y_mm - push * 26, shuttle_right=y_mm - push * 26)
    hands.swing(hook_left=90, hook_right=90)
    engaged_mm = hands.geometry.engaged_mm(1)
    hands.move(scan_left=engaged_mm + 5, scan_right=engaged_mm + 5)
    hands.glide(7.0, scan_left=engaged_mm, scan_right=engaged_mm)
    hands.move(shuttle_left=y_mm - push * 8, shuttle_right=y_mm - push * 8)


def break_away_kg(hands: Hands, air_c: float) -> tuple[float, float]:
    """Most force above the weight while the left edge goes up 6 mm, and the way over which it fell to nothing."""
    hands.plant.world.air_c = air_c
    hands.plant.world.seam_break_away_kg[1][0] = 10.0
    hands.plant.world_changed()
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(lift_left=cleat_mm - 8)
    hands.swing(fork_left=90)
    truth, most_kg, gone_mm = hands.plant.truth, 0.0, 0.0
    for twentieth in range(160):
        hands.glide(1.0, lift_left=cleat_mm + twentieth * 0.05)
        glue_kg = truth.load_kg[0] - 28.0
        most_kg = max(most_kg, glue_kg)
        if truth.edge_mm[0] > 0.02 and glue_kg > 0.5:
            gone_mm = truth.edge_mm[0]
    return most_kg, gone_mm


def test_cold_propolis_holds_harder_and_snaps(hands: Hands) -> None:
    most_kg, gone_mm = break_away_kg(hands, 12.0)
    assert most_kg == pytest.approx(16, rel=0.05)
    assert gone_mm < 0.3
    assert "propolis_snaps" in hands.happened()


def test_warm_propolis_holds_less_over_a_longer_way(hands: Hands) -> None:
    most_kg, gone_mm = break_away_kg(hands, 30.0)
    assert most_kg == pytest.approx(6, rel=0.05)
    assert gone_mm > 2.0
    assert "propolis_snaps" not in hands.happened()


def test_a_stack_leans_on_its_lower_fork_and_slides_off_in_the_end(hands: Hands) -> None:
    hands.open_box(1, raise_mm=100)
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(lift_left=cleat_mm + 130)
    left_kg, right_kg = hands.plant.truth.load_kg
    assert left_kg < 27.5 and right_kg > 28.5
    assert left_kg + right_kg == pytest.approx(56, abs=0.1)
    assert hands.harm() == []
    hands.move(lift_left=cleat_mm + 170)
    assert hands.harm() == ["stack_slides"]


def lower_onto(hands: Hands, knobs: Knobs, thing: str) -> list[float]:
    """Loads of the left fork at every half millimetre below the top of a thing of 16 mm."""
    hands.open_box(1, raise_mm=60)
    hands.move(scan_left=420, scan_right=420)
    knobs.obstruct_rim(16, "left", thing)  # type: ignore[arg-type]
    cleat_mm = hands.geometry.cleat_mm(2)
    loads_kg = []
    for half in range(20):
        hands.glide(2.0, lift_left=cleat_mm + 16 - half / 2)
        loads_kg.append(hands.plant.truth.load_kg[0])
    return loads_kg


def test_a_tool_on_the_rim_takes_the_whole_load_at_once(hands: Hands, knobs: Knobs) -> None:
    assert lower_onto(hands, knobs, "tool")[1] == 0.0


def test_a_finger_gives_and_is_hurt_when_it_is_pressed_further(hands: Hands, knobs: Knobs) -> None:
    loads_kg = lower_onto(hands, knobs, "finger")
    assert 25 < loads_kg[2] < 29
    assert hands.harm() == ["finger_pressed"]
    pressed = next(event for event in hands.events if event.name == "finger_pressed")
    assert pressed.value == pytest.approx(14, abs=0.5)


def test_comb_on_the_rim_is_crushed_and_hardly_felt(hands: Hands, knobs: Knobs) -> None:
    loads_kg = lower_onto(hands, knobs, "comb")
    assert min(loads_kg) == pytest.approx(loads_kg[0] - 3.0, abs=1.0)
    assert hands.plant.truth.edge_mm[0] < 8
    assert hands.harm() == []


def test_a_plate_lags_while_it_pushes_a_resting_frame_and_relaxes_when_it_is_up(
    hands: Hands, knobs: Knobs
) -> None:
    hands.plant.world.belt_stiffness_kg_mm = 5.0
    hands.open_box(1, raise_mm=120)
    take_hold_gently(hands, 1, push=-1)
    truth = hands.plant.truth
    goal_mm = hands.position_mm("shuttle_left") - 6
    hands.glide(8.0, shuttle_left=goal_mm, shuttle_right=goal_mm)
    assert truth.plate_y_mm[0] - goal_mm == pytest.approx(
        0.4 * 1.0 / 5.0, abs=0.02
    )  # friction of half of 2 kg
    up_mm = hands.geometry.engaged_mm(1) + 5
    hands.glide(2.0, scan_left=up_mm)
    hands.glide(2.0, scan_right=up_mm)
    assert truth.plate_y_mm[0] == pytest.approx(goal_mm, abs=0.01)


def test_backlash_shows_at_a_reversal(hands: Hands, knobs: Knobs) -> None:
    knobs.loosen_belts(0.4)
    hands.move(shuttle_left=-200)
    forth_mm = hands.plant.truth.plate_y_mm[0]
    hands.move(shuttle_left=-190)
    hands.move(shuttle_left=-200)
    assert hands.plant.truth.plate_y_mm[0] - forth_mm == pytest.approx(0.4, abs=0.02)


def test_an_ear_glued_too_fast_stalls_the_shuttle_that_nudges_it(hands: Hands, knobs: Knobs) -> None:
    knobs.glue_frame(1, 1, 40.0)
    hands.open_box(1, raise_mm=120)
    take_hold_gently(hands, 1, push=-1)
    goal_mm = hands.position_mm("shuttle_left") - 8
    hands.plant.world.belt_stiffness_kg_mm = 5.0
    hands.glide(8.0, shuttle_left=goal_mm)
    assert hands.plant.truth.lost_steps[4] > 300
    assert hands.plant.truth.frames[0][0].y_mm[0] == pytest.approx(hands.geometry.frame_y_mm(1, 1), abs=0.1)


def test_a_frame_askew_stands_on_the_slant(hands: Hands, knobs: Knobs) -> None:
    knobs.skew_frame(1, 3, 4.0)
    left_mm, right_mm = hands.plant.truth.frames[0][2].y_mm
    assert right_mm - left_mm == pytest.approx(4.0)
    assert (left_mm + right_mm) / 2 == pytest.approx(hands.geometry.frame_y_mm(1, 3))


def felt_pins(hands: Hands, side: str) -> int:
    """How many pins of box 1 a sweep of one shuttle feels."""
    hands.swing(hook_left=90, hook_right=90)
    travel_mm = hands.geometry.engaged_mm(1) + 8
    hands.move(scan_left=travel_mm, scan_right=travel_mm)
    index = ("left", "right").index(side)
    felt, was_felt = 0, 0
    for y_mm in range(-235, 236):
        hands.move(**{f"shuttle_{side}": float(y_mm)})
        is_felt = hands.library.plant_pin(index)
        felt += is_felt and not was_felt
        was_felt = is_felt
    return felt


@pytest.mark.parametrize(("trouble", "left"), [("pin", 9), ("turned over", 9), ("missing", 9), ("blind", 0)])
def test_what_a_pin_sensor_does_not_feel(hands: Hands, knobs: Knobs, trouble: str, left: int) -> None:
    hands.open_box(1, raise_mm=120)
    {
        "pin": lambda: knobs.remove_pin(1, 4, "left"),
        "turned over": lambda: knobs.turn_frame_over(1, 4),
        "missing": lambda: knobs.remove_frame(1, 4),
        "blind": lambda: knobs.blind_pin_sensor("left"),
    }[trouble]()
    assert felt_pins(hands, "left") == left
    if trouble == "pin":
        assert felt_pins(hands, "right") == 10


def test_burr_comb_drags_the_next_frame_along_until_it_breaks(hands: Hands, knobs: Knobs) -> None:
    knobs.bridge_frames(1, 1, holds_kg=6.0, way_mm=2.5)
    hands.open_box(1, raise_mm=120)
    take_hold_gently(hands, 1, push=-1)
    truth, engaged_mm = hands.plant.truth, hands.geometry.engaged_mm(1)
    hands.glide(1.0, scan_left=engaged_mm + 1.5)
    assert truth.frames[0][1].lift_mm[0] == pytest.approx(1.5, abs=0.05)
    hands.glide(1.0, scan_left=engaged_mm + 4)
    assert truth.frames[0][1].lift_mm[0] == 0.0
    assert "burr_breaks" in hands.happened() and hands.harm() == []


def test_strong_burr_comb_lets_the_neighbour_fall_from_too_high(hands: Hands, knobs: Knobs) -> None:
    knobs.bridge_frames(1, 1, holds_kg=6.0, way_mm=12.0)
    hands.open_box(1, raise_mm=120)
    take_hold_gently(hands, 1, push=-1)
    hands.glide(1.0, scan_left=hands.geometry.engaged_mm(1) + 14)
    assert hands.harm() == ["frame_dropped"]
    assert hands.plant.truth.bees_crushed > 0


def test_weak_burr_comb_stays_behind(hands: Hands, knobs: Knobs) -> None:
    knobs.bridge_frames(1, 1, holds_kg=0.5, way_mm=12.0)
    hands.open_box(1, raise_mm=120)
    take_hold_gently(hands, 1, push=-1)
    hands.glide(1.0, scan_left=hands.geometry.engaged_mm(1) + 5)
    assert hands.plant.truth.frames[0][1].lift_mm[0] == 0.0


def shown_kg(hands: Hands, side: int, seconds: float) -> float:
    hands.pause(seconds)
    scale = hands.plant.world.counts_per_kg[side]
    return (hands.library.plant_load_counts(side) - hands.plant.world.offset_counts[side]) / scale


def test_load_cells_that_lie(hands: Hands, knobs: Knobs) -> None:
    knobs.shift_load_zero(1.5, "left")
    assert shown_kg(hands, 0, 0.02) == pytest.approx(1.5, abs=0.01)
    assert shown_kg(hands, 1, 0.02) == pytest.approx(0.0, abs=0.01)
    knobs.drift_load(7200.0, "right")
    late_kg = shown_kg(hands, 1, 1.0)
    assert late_kg == pytest.approx(2.0 * hands.now_ns * 1e-9, rel=0.05)
    knobs.stick_load("right")
    assert shown_kg(hands, 1, 1.0) == late_kg
    knobs.silence_load("left")
    assert hands.library.plant_load_is_silent(0) == 1 and hands.library.plant_load_is_silent(1) == 0


def test_a_sag_of_the_supply_costs_steps_and_the_rail_comes_back(hands: Hands, knobs: Knobs) -> None:
    knobs.sag(30)
    assert not hands.plant.truth.is_rail_on
    hands.pause(0.05)
    assert hands.plant.truth.is_rail_on
    assert hands.happened() == ["motor_rail_on", "motor_rail_off", "motor_rail_on"]


def test_a_motor_that_lost_its_field_catches_it_again_only_slowly(hands: Hands, knobs: Knobs) -> None:
    truth, step_ns = hands.plant.truth, 62_500  # 16 kHz: 40 mm/s on a scan beam

    def steps(count: int, every_ns: int) -> None:
        for _ in range(count):
            hands.now_ns += every_ns
            hands.library.plant_advance(hands.now_ns)
            hands.library.plant_step(2, 1, hands.now_ns)

    steps(100, step_ns)
    knobs.sag(5)
    steps(400, step_ns)
    assert truth.is_rail_on and truth.lost_steps[2] == 400
    steps(100, 1_000_000)
    assert truth.lost_steps[2] == 400


def test_bees_stay_clear_of_a_slow_edge_and_are_crushed_by_a_quick_one(hands: Hands, knobs: Knobs) -> None:
    hands.open_box(1, raise_mm=100)
    hands.pause(60)
    assert hands.plant.truth.bees_on_rim[0] > 10
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(scan_left=420, scan_right=420)
    hands.glide(15.0, lift_left=cleat_mm + 30, lift_right=cleat_mm + 35)
    hands.glide(2.0, lift_left=cleat_mm - 0.5, lift_right=cleat_mm + 4.5)
    hands.glide(2.0, lift_right=cleat_mm - 0.5)
    assert hands.plant.truth.bees_crushed == 0 and hands.harm() == []
    assert hands.plant.truth.edge_mm[0] == hands.plant.truth.edge_mm[1] == 0


def test_a_stack_that_comes_down_quickly_crushes_bees(hands: Hands, knobs: Knobs) -> None:
    hands.open_box(1, raise_mm=100)
    hands.pause(60)
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.move(scan_left=420, scan_right=420)
    hands.glide(20.0, lift_left=cleat_mm - 0.5, lift_right=cleat_mm + 10)
    assert hands.plant.truth.bees_crushed >= 3
    assert hands.harm() == ["bees_crushed"]


def test_bees_that_are_slow_to_leave_are_seen_on_the_rim(hands: Hands, knobs: Knobs) -> None:
    knobs.crowd_rim(80, leave_s=30)
    hands.open_box(1, raise_mm=100)
    hands.pause(120)
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.glide(15.0, lift_left=cleat_mm + 30, lift_right=cleat_mm + 30)
    hands.pause(20)
    assert 20 < hands.plant.truth.bees_on_rim[0] < 60


def lift_frame(hands: Hands, frame: int, ear_mm_s: float = 2.0, speed_mm_s: float = 40.0) -> None:
    engaged_mm = hands.geometry.engaged_mm(1)
    take_hold_gently(hands, frame, push=-1)
    for side in ("left", "right"):
        hands.glide(ear_mm_s, **{f"scan_{side}": engaged_mm + 2.5})
    hands.glide(speed_mm_s, scan_left=engaged_mm + 60, scan_right=engaged_mm + 60)


def test_a_frame_lifted_by_the_rules_hurts_no_bee(hands: Hands, knobs: Knobs) -> None:
    hands.open_box(1, raise_mm=220)
    lift_frame(hands, 1)
    assert hands.plant.truth.bees_crushed == 0


@pytest.mark.parametrize(("ear_mm_s", "speed_mm_s"), [(6.0, 40.0), (2.0, 60.0)])
def test_a_frame_pulled_too_fast_rolls_bees(
    hands: Hands, knobs: Knobs, ear_mm_s: float, speed_mm_s: float
) -> None:
    hands.open_box(1, raise_mm=220)
    lift_frame(hands, 1, ear_mm_s, speed_mm_s)
    assert hands.plant.truth.bees_crushed > 0 and not hands.plant.truth.is_queen_lost


def test_her_frame_pulled_too_fast_costs_the_queen(hands: Hands, knobs: Knobs) -> None:
    hands.open_box(1, raise_mm=220)
    lift_frame(hands, 5, speed_mm_s=60.0)
    assert hands.plant.truth.is_queen_lost
    assert "queen_lost" in hands.harm()


@pytest.mark.parametrize(("speed_mm_s", "is_crushing"), [(8.0, False), (30.0, True)])
def test_combs_that_close_on_each_other(
    hands: Hands, knobs: Knobs, speed_mm_s: float, is_crushing: bool
) -> None:
    hands.open_box(1, raise_mm=120)
    take_hold_gently(hands, 4, push=1)
    goal_mm = hands.position_mm("shuttle_left") + 8
    hands.glide(speed_mm_s, shuttle_left=goal_mm, shuttle_right=goal_mm)
    assert (hands.plant.truth.bees_crushed > 0) is is_crushing
    assert (
        bool(hands.plant.truth.is_queen_lost) is False
    )  # she is on the front of frame 5, these meet its rear


def test_combs_that_close_on_the_queen(hands: Hands, knobs: Knobs) -> None:
    hands.open_box(1, raise_mm=120)
    take_hold_gently(hands, 6, push=-1)
    goal_mm = hands.position_mm("shuttle_left") - 8
    hands.glide(30.0, shuttle_left=goal_mm, shuttle_right=goal_mm)
    assert hands.plant.truth.is_queen_lost


def test_a_hook_that_lands_hard_hits_bees(hands: Hands, knobs: Knobs) -> None:
    hands.open_box(1, raise_mm=120)
    y_mm = hands.plant.truth.frames[0][2].y_mm[0]
    hands.move(shuttle_left=y_mm - 26, shuttle_right=y_mm - 26)
    hands.swing(hook_left=90, hook_right=90)
    engaged_mm = hands.geometry.engaged_mm(1)
    hands.glide(8.0, scan_left=engaged_mm)
    assert hands.plant.truth.bees_crushed == 0
    hands.glide(25.0, scan_right=engaged_mm)
    assert hands.plant.truth.bees_crushed > 0


def test_an_open_box_cools_and_a_closed_one_warms_again(hands: Hands, knobs: Knobs) -> None:
    knobs.air_c = 12.0
    hands.open_box(1, raise_mm=50)
    truth = hands.plant.truth
    hands.pause(600)
    open_s = 600
    assert truth.brood_c == pytest.approx(12 + 22.5 * math.exp(-open_s / 2400), abs=0.5)
    assert truth.brood_c_min == truth.brood_c
    cleat_mm = hands.geometry.cleat_mm(2)
    hands.glide(2.0, lift_left=cleat_mm - 1, lift_right=cleat_mm - 1)
    coldest_c = truth.brood_c_min
    hands.pause(300)
    assert truth.brood_c > coldest_c + 0.5 and truth.brood_c_min == coldest_c


def test_a_person_takes_a_frame_off_the_hooks_and_hangs_it_back(hands: Hands, knobs: Knobs) -> None:
    hands.open_box(1, raise_mm=220)
    lift_frame(hands, 5)
    truth = hands.plant.truth
    frame = knobs.take_frame()
    assert frame.origin == (1, 5) and frame.queen_face == 1
    assert list(truth.held) == [0, 0] and not hands.plant.world.frames[0][4].is_present
    with pytest.raises(ValueError, match="no frame hangs"):
        knobs.take_frame()
    assert knobs.hang_frame(FrameInHand(3.0, (10, 10), frame.origin, frame.queen_face), -8.0) == 5
    assert list(truth.held) == [5, 5] and hands.plant.world.frames[0][4].origin_frame == 5
    engaged_mm = hands.geometry.engaged_mm(1)
    hands.glide(20.0, scan_left=engaged_mm + 21, scan_right=engaged_mm + 21)
    hands.glide(2.0, scan_left=engaged_mm - 0.2, scan_right=engaged_mm - 0.2)
    assert truth.frames[0][4].lift_mm[0] == 0.0 and truth.bees_crushed == 0
    assert "frame_dropped" not in hands.harm()
    with pytest.raises(ValueError, match="no frame is missing"):
        knobs.hang_frame(frame, -8.0)
