"""Board and plant as one machine: power, time, observers, faults. The firmware itself is tested elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from bee_robot.clock import RealClock, SteppedClock, wait_for
from bee_robot.configuration import RobotConfiguration
from bee_robot.rulebook import Block, Situation
from bee_robot.sim.plant import PlantEvent
from bee_robot.sim.pseudo_terminal import PacedTwin, PseudoTerminal
from bee_robot.sim.twin import Twin, TwinError
from bee_robot.sim.virtual_time import VirtualTimeError, run_virtual

from .conftest import EvenMasses


class Diary:
    """Writes down what an observer is shown."""

    def __init__(self) -> None:
        self.times_s: list[float] = []
        self.situations: list[Situation] = []
        self.events: list[tuple[str, float]] = []

    def see(self, block: Block, events: Mapping[int, PlantEvent]) -> None:
        for index, t_s in enumerate(block.motions.t_s.tolist()):
            if index in events:
                assert events[index].t_s == pytest.approx(t_s, abs=1e-9)
                self.events.append((events[index].name, t_s))
            else:
                self.times_s.append(t_s)
                self.situations.append(block.situation(index))


@pytest.fixture
def twin(robot: RobotConfiguration) -> Twin:
    made = Twin(robot, EvenMasses(), seed=1)
    made.power_on()
    return made


def run(twin: Twin, until_s: float) -> None:
    while twin.now_s < until_s - 1e-9:
        twin.advance_to(until_s)
        twin.read()
    twin.show()


def test_a_firmware_that_is_not_built_is_an_error_with_a_remedy(
    robot: RobotConfiguration, tmp_path: Path
) -> None:
    with pytest.raises(TwinError, match="make firmware") as caught:
        Twin(robot, EvenMasses(), library=tmp_path / "libbee_host.so")
    assert "\n" not in str(caught.value)


def test_a_machine_wakes_up_parked_with_everything_stowed_and_dark(
    twin: Twin, robot: RobotConfiguration
) -> None:
    sample = twin.sample()
    for name, axis in robot.axes.items():
        assert sample.axes[name].position_mm == pytest.approx(axis.park_mm)
        assert sample.axes[name].speed_mm_s == 0
    assert set(sample.servos_deg.values()) == {0.0}
    assert set(sample.outputs.values()) == {0.0}
    assert sample.inputs["door_closed"] and sample.inputs["estop_ok"]
    assert sample.inputs["end_stop_shuttle_left"] and not sample.inputs["end_stop_lift_left"]


def test_a_machine_may_wake_up_elsewhere(robot: RobotConfiguration) -> None:
    twin = Twin(robot, EvenMasses(), start_positions={"lift_left": 812.5})
    twin.power_on()
    assert twin.sample().axes["lift_left"].position_mm == pytest.approx(812.5)
    assert twin.sample().axes["lift_right"].position_mm == pytest.approx(600)


def test_two_twins_know_nothing_of_each_other(twin: Twin, robot: RobotConfiguration) -> None:
    other = Twin(robot, EvenMasses(), seed=2)
    other.power_on()
    other.knobs.door_open = True
    run(other, 1.0)
    assert twin.now_s == 0 and not twin.knobs.door_open
    assert twin.truth().frames[0][0].y_mm[0] != other.truth().frames[0][0].y_mm[0]


def test_a_library_handed_back_serves_the_next_twin_as_new(robot: RobotConfiguration) -> None:
    first = Twin(robot, EvenMasses(), seed=1)
    first.power_on()
    first.knobs.estop_pressed = True
    run(first, 2.0)
    first.close()
    again = Twin(robot, EvenMasses(), seed=1)
    again.power_on()
    assert again.now_s == 0 and not again.knobs.estop_pressed
    assert again.last_heartbeat_s == 0
    again.close()


def test_observers_see_a_sample_every_10_ms_of_robot_time(twin: Twin) -> None:
    diary = Diary()
    twin.watch(diary)
    run(twin, 1.0)
    assert diary.times_s == pytest.approx([0.01 * n for n in range(1, 101)])


def test_door_and_estop_are_events_at_the_instant_they_happen(twin: Twin) -> None:
    diary = Diary()
    twin.watch(diary)
    run(twin, 0.205)
    twin.knobs.door_open = True
    run(twin, 0.5)
    twin.knobs.door_open = False
    twin.knobs.estop_pressed = True
    run(twin, 0.6)
    assert [(name, round(t_s, 3)) for name, t_s in diary.events] == [
        ("door_open", 0.205),
        ("door_closed", 0.5),
        ("estop_pressed", 0.5),
    ]


def test_motion_counts_as_forbidden_while_the_door_is_open_or_the_host_is_silent(twin: Twin) -> None:
    diary = Diary()
    twin.watch(diary)
    twin.knobs.door_open = True
    run(twin, 1.0)
    assert diary.situations[-1].blocked_for_s == pytest.approx(1.0, abs=0.02)
    twin.knobs.door_open = False
    run(twin, 1.1)
    assert diary.situations[-1].blocked_for_s > 1.0  # no heartbeat has ever come


def test_resetting_the_board_leaves_the_machine_where_it_is(twin: Twin) -> None:
    twin.knobs.displace_frame(1, 3, 4.0)
    run(twin, 1.0)
    y_mm = twin.truth().frames[0][2].y_mm[0]
    twin.reset_board()
    run(twin, 1.5)
    assert twin.now_s == pytest.approx(1.5)
    assert twin.truth().frames[0][2].y_mm[0] == y_mm


def test_knobs_refuse_what_does_not_exist(twin: Twin) -> None:
    with pytest.raises(ValueError, match="boxes are 1 to 3"):
        twin.knobs.glue_seam(4, 3.0)
    with pytest.raises(ValueError, match="frames 1 to 10"):
        twin.knobs.remove_frame(1, 11)
    with pytest.raises(ValueError, match="axes are lift_left"):
        twin.knobs.stick_axis("elevator")


def test_clock_and_twin_move_together_in_virtual_time(twin: Twin) -> None:
    clock = SteppedClock()

    async def wait() -> tuple[float, float]:
        await clock.sleep(12.5)
        return clock.now_s(), twin.now_s

    assert run_virtual(wait(), clock, twin) == pytest.approx((12.5, 12.5))


def test_waiting_for_a_silent_board_alone_is_a_deadlock(twin: Twin) -> None:
    clock = SteppedClock()

    async def wait_for_ever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(VirtualTimeError, match="the board has been silent"):
        run_virtual(wait_for_ever(), clock, twin)


def test_a_paced_twin_runs_at_its_speed_while_no_host_is_there(twin: Twin) -> None:
    with PseudoTerminal() as terminal:
        paced = PacedTwin(twin, terminal, speed=20.0)

        async def half_a_second() -> None:
            with pytest.raises(asyncio.TimeoutError):
                await wait_for(RealClock(), paced.run(), 0.5)

        asyncio.run(half_a_second())
        assert 5.0 < twin.now_s < 10.5
        assert not paced.pace.is_host_alive
