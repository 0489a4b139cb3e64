"""Breaking a rule of the rulebook is caught; keeping to its limit is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bee_robot.rulebook import (
    CHECKERS,
    PREDICATES,
    RULES,
    AxisSample,
    Block,
    FrameOnHooks,
    FrameTransfer,
    Margin,
    MotionSample,
    RestingFrame,
    Situation,
    check,
    closest,
    limit,
    margins,
    transfer_refusals,
)

RIM = 635.0
ENGAGED = 634.0
TOP = 633.0

STANDING = {
    "lift_left": AxisSample(1060),
    "lift_right": AxisSample(1060),
    "scan_left": AxisSample(ENGAGED + 25),
    "scan_right": AxisSample(ENGAGED + 25),
    "shuttle_left": AxisSample(-100),
    "shuttle_right": AxisSample(-100),
}
OPEN = Situation(
    box=1,
    rim_mm=RIM,
    engaged_mm=ENGAGED,
    frame_top_mm=TOP,
    is_open=True,
    stack_bottom_mm={"left": RIM + 400, "right": RIM + 400},
    lifted_load_kg={"left": 20, "right": 20},
    cleats_mm=(375, 660, 945),
    resting=(RestingFrame(1, -156.25), RestingFrame(2, -118.75), RestingFrame(3, -81.25)),
)
SERVOS = {"fork_left": 90.0, "fork_right": 90.0, "hook_left": 90.0, "hook_right": 90.0}


def sample(loads: tuple[float, float] = (20.0, 20.0), servos: dict | None = None, **axes) -> MotionSample:
    """A machine that stands over the open box, with some axes elsewhere: (position, speed, acceleration)."""
    moved = {name: AxisSample(*values) for name, values in axes.items()}
    return MotionSample(
        12.5,
        {**STANDING, **moved},
        {**SERVOS, **(servos or {})},
        {"door_closed": True, "estop_ok": True},
        {"strobe": 0.0},
        {"left": loads[0], "right": loads[1]},
    )


def near_rim(loads: tuple[float, float] = (20.0, 20.0), **axes) -> MotionSample:
    """The forks are low, so the scan beams are parked below them."""
    return sample(loads, **{**both("scan", 420), **axes})


def stack_at(left_above_rim: float, right_above_rim: float, **more) -> Situation:
    return replace(
        OPEN, stack_bottom_mm={"left": RIM + left_above_rim, "right": RIM + right_above_rim}, **more
    )


def hanging(left: float = 300, right: float = 300, y_mm: float = -166.25, rests: bool = False) -> Situation:
    return replace(
        OPEN, frame=FrameOnHooks(1, y_mm, TOP + left, TOP + right, rests), resting=OPEN.resting[1:]
    )


def both(axis: str, *values: float) -> dict[str, tuple[float, ...]]:
    return {f"{axis}_left": values, f"{axis}_right": values}


KEPT_AND_BROKEN = {
    "R1 speed of an edge": (
        "R1",
        (near_rim(lift_left=(663, 1.0)), stack_at(3, 0)),
        (near_rim(lift_left=(663, 1.1)), stack_at(3, 0)),
    ),
    "R1 one edge at a time": (
        "R1",
        (near_rim(lift_left=(663, 0.9)), stack_at(3, 0)),
        (near_rim(**both("lift", 663, 0.9)), stack_at(3, 3)),
    ),
    "R2 speed above the rim": (
        "R2",
        (near_rim(lift_left=(680, -2.0)), stack_at(20, 25)),
        (near_rim(lift_left=(680, -2.2)), stack_at(20, 25)),
    ),
    "R2 one edge before the other": (
        "R2",
        (near_rim(**both("lift", 661, -1.9)), stack_at(1, 6)),
        (near_rim(**both("lift", 661, -1.9)), stack_at(1, 1.2)),
    ),
    "R3 tilt": ("R3", (sample(), stack_at(400, 366)), (sample(), stack_at(400, 363))),
    "R4 lifting": (
        "R4",
        (sample((45, 45), lift_left=(1060, 15)), OPEN),
        (sample((47, 20), lift_left=(1060, 15)), OPEN),
    ),
    "R4 letting down what is too heavy": (
        "R4",
        (sample((47, 20), lift_left=(1060, -15)), OPEN),
        (sample((63, 20), lift_left=(1060, -15)), OPEN),
    ),
    "R4 peeling": (
        "R4",
        (sample((60, 10)), replace(OPEN, is_peeling=True)),
        (sample((63, 10)), replace(OPEN, is_peeling=True)),
    ),
    "R5 lowering goes on in contact": (
        "R5",
        (near_rim(lift_left=(675, 1.5)), stack_at(10, 15, contact_for_s={"left": 1.0}, is_closing=True)),
        (near_rim(lift_left=(675, -1.5)), stack_at(10, 15, contact_for_s={"left": 1.0}, is_closing=True)),
    ),
    "R6 lifting": (
        "R6",
        (sample(**both("scan", 800, 40)), hanging()),
        (sample(**both("scan", 800, 42)), hanging()),
    ),
    "R6 lowering": (
        "R6",
        (sample(**both("scan", 800, -35)), hanging()),
        (sample(**both("scan", 800, -37)), hanging()),
    ),
    "R6 setting down": (
        "R6",
        (sample(**both("scan", 650, -3)), hanging(15, 15)),
        (sample(**both("scan", 650, -3.3)), hanging(15, 15)),
    ),
    "R7 vertical": (
        "R7",
        (sample(**both("scan", 800, 20, 80)), hanging()),
        (sample(**both("scan", 800, 20, 85)), hanging()),
    ),
    "R7 sideways": (
        "R7",
        (sample(**both("shuttle", 0, 20, -400)), hanging()),
        (sample(**both("shuttle", 0, 20, -420)), hanging()),
    ),
    "R8 clearance under the stack": ("R8", (sample(), hanging(362, 362)), (sample(), hanging(362.2, 362.2))),
    "R9 scan beams": (
        "R9",
        (sample(scan_left=(800,), scan_right=(797.1,)), hanging()),
        (sample(scan_left=(800,), scan_right=(796.8,)), hanging()),
    ),
    "R9 shuttles": (
        "R9",
        (sample(shuttle_left=(0,), shuttle_right=(0.95,)), hanging()),
        (sample(shuttle_left=(0,), shuttle_right=(1.2,)), hanging()),
    ),
    "R10 above the neighbours": (
        "R10",
        (sample(**both("shuttle", -90, 60)), hanging(289, 289, y_mm=-98)),
        (sample(**both("shuttle", -90, 60)), hanging(288, 288, y_mm=-98)),
    ),
    "R10 into free space": (
        "R10",
        (sample(**both("shuttle", -150, 5)), hanging(100, 100, y_mm=-155.8)),
        (sample(**both("shuttle", -150, 5)), hanging(100, 100, y_mm=-155.5)),
    ),
    "R11 place": (
        "R11",
        (sample(**both("scan", ENGAGED + 6, -20), **both("shuttle", -129.3)), OPEN),
        (sample(**both("scan", ENGAGED + 6, -20), **both("shuttle", -128.9)), OPEN),
    ),
    "R11 speed": (
        "R11",
        (sample(**both("scan", ENGAGED + 4, -8), **both("shuttle", -130.25)), OPEN),
        (sample(**both("scan", ENGAGED + 4, -9), **both("shuttle", -130.25)), OPEN),
    ),
    "R12 fork height": (
        "R12",
        (near_rim((0, 0), lift_left=(652,)), replace(OPEN, swinging=("fork_left",))),
        (near_rim((0, 0), lift_left=(658,)), replace(OPEN, swinging=("fork_left",))),
    ),
    "R12 fork load": (
        "R12",
        (near_rim((0.4, 0), lift_left=(652,)), replace(OPEN, swinging=("fork_left",))),
        (near_rim((3, 0), lift_left=(652,)), replace(OPEN, swinging=("fork_left",))),
    ),
    "R12 hook height": (
        "R12",
        (sample(), replace(OPEN, swinging=("hook_right",))),
        (sample(scan_right=(ENGAGED + 24,)), replace(OPEN, swinging=("hook_right",))),
    ),
    "R12 hook over a closed box": (
        "R12",
        (sample(), replace(OPEN, swinging=("hook_right",))),
        (sample(), replace(OPEN, swinging=("hook_right",), is_open=False)),
    ),
    "R13": (
        "R13",
        (sample(lift_left=(ENGAGED + 25 + 119,)), OPEN),
        (sample(lift_left=(ENGAGED + 25 + 118,)), OPEN),
    ),
    "R14 one box": ("R14", (sample(), OPEN), (sample(), replace(OPEN, other_open_box=2))),
    "R14 a frame over a closed box": (
        "R14",
        (sample(), replace(hanging(0, 0, rests=True), is_open=False)),
        (sample(), replace(hanging(), is_open=False)),
    ),
    "R14 a frame beside its box": (
        "R14",
        (sample(), hanging(y_mm=-243.75)),
        (sample(), hanging(y_mm=-244)),
    ),
    "R15": (
        "R15",
        (sample(), replace(OPEN, open_for_s=1000, is_closing=True)),
        (sample(), replace(OPEN, open_for_s=1000)),
    ),
    "R16": (
        "R16",
        (sample(**both("scan", 800, -20)), replace(OPEN, blocked_for_s=0.3)),
        (sample(**both("scan", 800, -20)), replace(OPEN, blocked_for_s=0.8)),
    ),
    "R19": ("R19", (sample(), replace(OPEN, strobe_for_s=0.1)), (sample(), replace(OPEN, strobe_for_s=1.0))),
    "R20 nudge": (
        "R20",
        (sample(**both("shuttle", -158.25, -10)), hanging(0, 0, rests=True)),
        (sample(**both("shuttle", -158.25, -11)), hanging(0, 0, rests=True)),
    ),
    "R20 ear": (
        "R20",
        (sample(scan_left=(ENGAGED + 1, 2.0), scan_right=(ENGAGED,)), hanging(1, 0)),
        (sample(scan_left=(ENGAGED + 1, 2.2), scan_right=(ENGAGED,)), hanging(1, 0)),
    ),
    "R20 one ear at a time": (
        "R20",
        (sample(scan_left=(ENGAGED + 1, 1.5), scan_right=(ENGAGED,)), hanging(1, 0)),
        (sample(**both("scan", ENGAGED + 1, 1.5)), hanging(1, 1)),
    ),
}


@pytest.mark.parametrize("case", KEPT_AND_BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_a_motion_at_the_limit_passes_and_one_beyond_it_is_caught(case: str) -> None:
    rule, kept, broken = KEPT_AND_BROKEN[case]
    assert [violation.rule for violation in check(Block.of(kept))] == []
    assert {violation.rule for violation in check(Block.of(broken))} == {rule}


def test_a_block_says_of_each_of_its_samples_what_that_sample_says_alone() -> None:
    instants = [instant for _, kept, broken in KEPT_AND_BROKEN.values() for instant in (kept, broken)]
    alone = [violation for instant in instants for violation in check(Block.of(instant))]
    block = Block.of(*instants)
    assert len(block) == len(instants)
    assert check(block) == alone
    half = instants[: len(instants) // 2]
    assert check(block.part(slice(0, len(half)))) == check(Block.of(*half))


@pytest.mark.parametrize("case", KEPT_AND_BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_an_instant_put_into_a_block_comes_out_as_it_was(case: str) -> None:
    for instant in KEPT_AND_BROKEN[case][1:]:
        block = Block.of(instant)
        assert (block.sample(0), block.situation(0)) == instant


def test_nothing_is_wrong_with_nothing() -> None:
    nothing = Block.of((sample(), OPEN)).part(slice(0, 0))
    assert check(nothing) == [] and set(margins(nothing).values()) == {None}


def test_a_margin_is_where_a_block_comes_closest_to_a_limit() -> None:
    low, high = hanging(300, 300), hanging(350, 340)
    found = margins(Block.of((sample(), low), (replace(sample(), t_s=13.0), high)))
    assert found["R8"] == Margin(52, 40, pytest.approx(0.3), 13.0, "frame 1")
    assert found["R13"] is not None and found["R13"].value == pytest.approx(1060 - ENGAGED - 25)
    assert found["R2"] is None, "nothing is near the rim"
    assert found["R17"] is None, "no motion breaks it"


def test_a_margin_below_zero_is_a_rule_broken() -> None:
    tilted = Block.of((sample(), stack_at(400, 358)))
    margin = margins(tilted)["R3"]
    assert margin is not None and margin.margin_share == pytest.approx(-0.2)
    assert [violation.rule for violation in check(tilted)] == ["R3"]


def test_the_narrowest_margin_of_several_blocks_counts() -> None:
    wide, narrow = (
        margins(Block.of((sample(), hanging(300, 300)))),
        margins(Block.of((sample(), hanging(350, 350)))),
    )
    assert closest(wide, narrow)["R8"] == narrow["R8"] == closest(narrow, wide)["R8"]
    assert closest()["R8"] is None


def test_every_rule_is_checked_by_somebody_and_every_motion_rule_by_the_twin() -> None:
    for key, rule in RULES.items():
        assert rule.checked_by and set(rule.checked_by) <= set(CHECKERS)
        assert ("twin" in rule.checked_by) == (key in PREDICATES)


def test_every_rule_of_the_machine_document_is_there_and_every_motion_rule_is_broken_by_a_test() -> None:
    assert list(RULES) == [f"R{n}" for n in range(1, 21)]
    assert {rule for rule, _, _ in KEPT_AND_BROKEN.values()} == set(PREDICATES)
    assert set(PREDICATES) | {"R17", "R18"} == set(RULES)


def test_a_violation_says_which_rule_where_when_and_by_how_much() -> None:
    (violation,) = check(Block.of((sample(), stack_at(400, 360))))
    assert str(violation) == "R3 at 12.50 s: stack tilt 40, limit 35 (the stack stays level)"


def test_backing_off_from_something_on_the_rim_is_not_peeling() -> None:
    situation = stack_at(5.5, 5.8, is_closing=True)
    assert check(Block.of((near_rim(**both("lift", 665, 10.0)), situation))) == []


def test_sliding_off_a_pin_is_faster_than_nudging_it() -> None:
    slides = (sample(**both("shuttle", -158.2, 60.0)), hanging(0, 0, rests=True))
    assert check(Block.of(slides)) == []


def test_a_hook_comes_down_anywhere_once_it_is_stowed() -> None:
    stowed = {"hook_left": 0.0, "hook_right": 0.0}
    assert check(Block.of((sample(servos=stowed, **both("scan", ENGAGED, -40)), OPEN))) == []


def test_numbers_of_the_rulebook_are_read_by_name() -> None:
    assert limit("R8", "clearance_mm") == 40


def test_a_frame_that_may_hold_the_queen_stays_in_its_hive() -> None:
    unsure = FrameTransfer(3, "hive_1", "hive_2", queen_seen=None, queen_free_proven=False)
    assert transfer_refusals(unsure)[0].startswith("R17: frame 3 of hive_1")
    assert transfer_refusals(replace(unsure, queen_seen=True, queen_free_proven=True))
    assert transfer_refusals(replace(unsure, queen_seen=False, queen_free_proven=True)) == []
    assert transfer_refusals(replace(unsure, to_hive="hive_1")) == []


@pytest.mark.parametrize("alert", ["disease", "robbing"])
def test_no_frame_leaves_a_hive_under_a_disease_or_robbing_alert(alert: str) -> None:
    transfer = FrameTransfer(3, "hive_1", "hive_2", False, True, frozenset({alert}))
    assert transfer_refusals(transfer)[0].startswith("R18: hive_1")
    assert transfer_refusals(replace(transfer, alerts=frozenset({"swarm"}))) == []
