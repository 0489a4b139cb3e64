"""Every way a motion is stopped, and what the machine knows afterwards (firmware/SAFETY.md)."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest
from bench_board import Scene, programme, robot_file, run

from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import (
    Axis,
    BoardState,
    Guard,
    GuardKind,
    MotionEnd,
    Output,
    Segment,
    Servo,
    Side,
    TowerError,
)

SCAN_DECELERATION_S = 40 / 80
SMOOTHING_S = 0.032
BEGINS_S = 0.009  # what is planned already is executed: 8 to 10 ms


async def moving_scans(scene: Scene) -> asyncio.Future[object]:
    """Both scan beams going up at 40 mm/s."""
    await scene.ready()
    await scene.go(lift_left=1200, lift_right=1200)
    running = asyncio.ensure_future(scene.go(scan_left=1000, scan_right=1000))
    await scene.clock.sleep(2.0)
    assert scene.tower.state.board is BoardState.MOVING
    return running


@pytest.mark.parametrize("deadline_ms", [100, 300, 1000])
def test_without_heartbeats_everything_stops_within_the_deadline(library: Path, deadline_ms: int) -> None:
    robot = robot_file()
    robot = robot.model_copy(
        update={"board": robot.board.model_copy(update={"heartbeat_deadline_ms": deadline_ms})}
    )

    async def story(scene: Scene) -> None:
        running = await moving_scans(scene)
        await scene.tower.set_output(Output.HEATER, 1.0)
        scene.board.corrupt_out = lambda data: b""  # the cable to the board is cut
        cut_s = scene.clock.now_s()
        await scene.clock.sleep(deadline_ms / 1000 + SCAN_DECELERATION_S + 0.3)
        last_s = scene.board.c.bench_last_pulse_ns(2) / 1e9
        assert last_s - cut_s <= deadline_ms / 1000 + SCAN_DECELERATION_S + SMOOTHING_S + 0.02
        assert last_s - cut_s >= deadline_ms / 1000 - 0.06 + SCAN_DECELERATION_S - 0.02, (
            "that was not a deceleration"
        )
        assert not scene.board.c.bench_rail()
        assert scene.board.c.bench_output(3) == 0, "the heater has nobody to watch it"
        stop = scene.tower.last_stop
        assert stop is not None and stop.category == 1 and stop.alert == "heartbeat_lost"
        assert stop.stamp.time_s == pytest.approx(cut_s + deadline_ms / 1000, abs=0.06)
        assert stop.stamp.board_s == pytest.approx(stop.stamp.time_s, abs=0.005), "powered on with our clock"
        assert stop.stamp.uncertainty_s < 0.01
        braking_mm = 40**2 / 160 + 40 * (BEGINS_S + SMOOTHING_S / 2)
        at_rest_mm = scene.board.true_mm(scene.robot, Axis.SCAN_LEFT)
        assert stop.positions_mm[Axis.SCAN_LEFT] == pytest.approx(at_rest_mm - braking_mm, abs=0.15)
        assert (await running).alert == "heartbeat_lost", "what the board says still arrives"
        scene.board.corrupt_out = bytes

    run(library, story, robot)


def test_the_heater_goes_off_when_the_host_dies_even_at_rest(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.open()
        await scene.tower.set_output(Output.HEATER, 1.0)
        await scene.tower.set_output(Output.RED_LIGHT, 1.0)
        await scene.clock.sleep(1.0)
        assert scene.board.c.bench_output(3) == 1000
        scene.board.corrupt_out = lambda data: b""
        await scene.clock.sleep(0.4)
        assert (scene.board.c.bench_output(3), scene.board.c.bench_output(1)) == (0, 1000)

    run(library, story)


def test_a_stalled_host_finds_out_why_the_board_stopped(library: Path) -> None:
    async def story(scene: Scene) -> None:
        running = await moving_scans(scene)
        assert scene.tower._keeper is not None
        scene.tower._keeper.cancel()  # the process hangs: no heartbeats, but the line is there
        result = await running
        assert result.end is MotionEnd.STOPPED and result.alert == "heartbeat_lost"
        assert "deadline 300 ms" in result.reason
        mm = result.positions_mm
        assert mm[Axis.SCAN_LEFT] == mm[Axis.SCAN_RIGHT] == scene.board.true_mm(scene.robot, Axis.SCAN_LEFT)
        assert scene.tower.state.board is BoardState.STOPPED
        assert all(axis.is_referenced for axis in scene.tower.state.axes.values())

    run(library, story)


def test_a_motor_that_reports_an_alarm_stops_all_the_others_at_once(library: Path) -> None:
    async def story(scene: Scene) -> None:
        running = await moving_scans(scene)
        alarm_s = scene.clock.now_s()
        scene.board.c.bench_set_motors_ready(0)
        result = await running
        assert result.end is MotionEnd.STOPPED and result.alert == "motor_alarm"
        assert "alarm" in result.reason and scene.board.c.bench_rail() == 0
        assert scene.board.c.bench_last_pulse_ns(2) / 1e9 - alarm_s <= 0.004
        for axis, known in scene.tower.state.axes.items():
            assert known.is_referenced == (axis not in (Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT))
        scene.board.c.bench_set_motors_ready(1)
        await scene.tower.arm()
        assert (await scene.go(scan_left=400, scan_right=400)).end is MotionEnd.DONE

    run(library, story)


@pytest.mark.parametrize("cause", ["estop", "door"])
def test_estop_and_door_end_motion_at_once_and_leave_the_belts_uncertain(library: Path, cause: str) -> None:
    async def story(scene: Scene) -> None:
        running = await moving_scans(scene)
        switch = {"estop": scene.board.c.bench_set_estop, "door": scene.board.c.bench_set_door}[cause]
        pressed_s = scene.clock.now_s()
        switch(0)
        result = await running
        assert result.end is MotionEnd.STOPPED
        assert result.alert == {"estop": "estop", "door": "door_open"}[cause]
        assert scene.board.c.bench_last_pulse_ns(2) / 1e9 - pressed_s <= 0.001
        state = scene.tower.state
        assert state.board is BoardState.ESTOP and state.stop_reason
        for axis, known in state.axes.items():
            assert known.is_referenced == (axis not in (Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT))
        assert (
            abs(result.positions_mm[Axis.SCAN_LEFT] - scene.board.true_mm(scene.robot, Axis.SCAN_LEFT)) <= 0.1
        )

        with pytest.raises(TowerError, match="e-stop" if cause == "estop" else "door"):
            await scene.tower.arm()
        switch(1)
        await scene.clock.sleep(1.0)
        assert scene.tower.state.board is BoardState.ESTOP, "releasing never restarts"
        assert (await scene.go(scan_left=400)).alert == "not_armed"
        await scene.tower.arm()
        assert (await scene.go(scan_left=400, scan_right=400)).end is MotionEnd.DONE
        assert (await scene.go(shuttle_left=0)).alert == "not_referenced"
        assert (await scene.tower.home((Axis.SHUTTLE_LEFT, Axis.SHUTTLE_RIGHT))).end is MotionEnd.DONE

    run(library, story)


def test_a_stop_overtakes_a_programme_and_needs_a_new_arm(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        steps = [scene.full_speed(f"step {n}", shuttle_left=-230.0 + 20 * n) for n in range(20)]
        running = asyncio.ensure_future(scene.tower.move(programme(*steps)))
        await scene.clock.sleep(1.5)
        asked_s = scene.clock.now_s()
        await scene.tower.stop("a hand is in the way")
        assert scene.clock.now_s() - asked_s < 0.3
        result = await running
        assert result.end is MotionEnd.STOPPED and result.reason == "a hand is in the way"
        assert 0 < result.segments_done < 20
        assert scene.tower.state.board is BoardState.STOPPED
        assert scene.tower.state.stop_reason == "a hand is in the way"
        assert not scene.board.c.bench_rail()
        assert (await scene.go(shuttle_left=0)).end is MotionEnd.REFUSED
        await scene.tower.arm()
        assert scene.tower.state.stop_reason == ""
        assert (await scene.go(shuttle_left=0)).end is MotionEnd.DONE
        assert scene.board.true_mm(scene.robot, Axis.SHUTTLE_LEFT) == 0

    run(library, story)


def test_a_cancelled_move_has_stopped_when_the_call_returns(library: Path) -> None:
    async def story(scene: Scene) -> None:
        running = await moving_scans(scene)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        still = scene.board.true_steps(Axis.SCAN_LEFT)
        assert scene.tower.state.board is BoardState.STOPPED
        await scene.clock.sleep(1.0)
        assert scene.board.true_steps(Axis.SCAN_LEFT) == still

    run(library, story)


def test_an_arm_from_before_a_stop_does_not_undo_it(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.tower.disarm("rest")
        scene.board.corrupt_out = lambda data: b""  # the arm is lost on its way, and will be sent again
        arming = asyncio.ensure_future(scene.tower.arm())
        await scene.clock.sleep(0.01)
        scene.board.corrupt_out = bytes
        await scene.tower.stop("no")
        with pytest.raises(TowerError):
            await arming
        assert scene.tower.state.board is BoardState.STOPPED

    run(library, story)


def test_a_guard_that_is_a_fault_stops_both_sides_and_tells_load_and_place(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        guard = Guard(GuardKind.LOAD_ABOVE, Side.RIGHT, threshold_kg=20.0)
        lifts = {axis: scene.move(axis, 700) for axis in (Axis.LIFT_LEFT, Axis.LIFT_RIGHT)}
        running = asyncio.ensure_future(scene.tower.move(programme(Segment("raise", lifts, guards=(guard,)))))
        await scene.clock.sleep(3.0)
        scene.board.set_load_kg(1, 24)
        result = await running
        assert result.end is MotionEnd.GUARD and result.alert == "load_limit"
        (trip,) = result.trips
        assert trip.guard is guard and trip.segment_index == 0 and 20 < trip.load_kg <= 24
        assert trip.positions_mm[Axis.LIFT_LEFT] == pytest.approx(
            result.positions_mm[Axis.LIFT_LEFT] - 15**2 / 80 - 15 * (BEGINS_S + SMOOTHING_S / 2), abs=0.05
        )
        assert scene.tower.state.board is BoardState.STOPPED

    run(library, story)


def test_a_restarted_board_has_forgotten_where_it_is(library: Path) -> None:
    async def story(scene: Scene) -> None:
        running = await moving_scans(scene)
        scene.board.power_cycle()
        with pytest.raises(TowerError, match="restarted"):
            await running
        await scene.clock.sleep(2.0)
        state = scene.tower.state
        assert state.board is BoardState.DISARMED, "connected and configured again"
        assert not any(axis.is_referenced for axis in state.axes.values())
        await scene.tower.acquire_lease("test")
        await scene.tower.arm()
        assert (await scene.go(scan_left=400)).alert == "not_referenced"

    run(library, story)


def test_a_new_host_stops_what_the_old_one_started(library: Path) -> None:
    async def story(scene: Scene) -> None:
        running = await moving_scans(scene)
        other = Scene(scene.board, scene.robot, scene.clock)  # takes over the line
        await other.open()
        await scene.clock.sleep(1.0)
        assert other.tower.state.board is BoardState.STOPPED
        assert all(axis.is_referenced for axis in other.tower.state.axes.values()), (
            "same configuration, same place"
        )
        running.cancel()
        await other.tower.close("done")

    run(library, story)


class TestLease:
    """Whoever moves the tower keeps saying so."""

    @staticmethod
    async def leased(scene: Scene) -> SerialTower:
        await scene.ready()
        await scene.go(lift_left=900)
        scene.tower.renews_itself = False
        await scene.tower.renew_lease("test")
        return scene.tower

    def test_a_lease_that_lapses_stops_the_machine_and_is_lost(self, library: Path) -> None:
        async def story(scene: Scene) -> None:
            tower = await self.leased(scene)
            running = asyncio.ensure_future(scene.go(scan_left=700))
            for _ in range(10):
                await scene.clock.sleep(0.1)
                await tower.renew_lease("test")
            lapsed_s = scene.clock.now_s()
            result = await running
            assert result.end is MotionEnd.STOPPED
            assert (
                scene.board.c.bench_last_pulse_ns(2) / 1e9 - lapsed_s
                <= 0.25 + 0.3 + SCAN_DECELERATION_S + 0.05
            )
            await scene.clock.sleep(1.0)
            assert tower.state.board is BoardState.STOPPED
            with pytest.raises(TowerError, match="lapsed"):
                await tower.renew_lease("test")
            await tower.arm()
            await scene.clock.sleep(1.0)
            assert tower.state.board is BoardState.ARMED, "heartbeats flow again"
            assert (await scene.go(scan_left=400)).alert == "lease_lost"
            tower.renews_itself = True
            await tower.acquire_lease("somebody else")
            assert (await scene.go(scan_left=400)).end is MotionEnd.DONE

        run(library, story)

    def test_a_late_renewal_feeds_the_board_at_once(self, library: Path) -> None:
        """Simulated time waits for the board's heartbeat; the heartbeat may not wait for time."""

        async def story(scene: Scene) -> None:
            tower = await self.leased(scene)
            beats = []
            send = tower._client.heartbeat

            def noted() -> None:
                beats.append(scene.clock.now_s())
                send()

            tower._client.heartbeat = noted  # type: ignore[method-assign]
            await scene.clock.sleep(0.37)
            quiet_since_s = beats[-1]
            assert scene.clock.now_s() - quiet_since_s > 0.1, "an old lease feeds nobody"
            await tower.renew_lease("test")
            assert beats[-1] == scene.clock.now_s()

        run(library, story)

    def test_only_one_holds_it(self, library: Path) -> None:
        async def story(scene: Scene) -> None:
            tower = await self.leased(scene)
            with pytest.raises(TowerError, match="'test' holds"):
                await tower.acquire_lease("console")
            with pytest.raises(TowerError):
                await tower.renew_lease("console")
            await tower.release_lease()
            assert (await scene.go(scan_left=385)).alert == "lease_lost"
            await tower.acquire_lease("console")

        run(library, story)


def test_a_configuration_the_board_does_not_accept_is_named(library: Path) -> None:
    robot = robot_file()
    servos = robot.servos | {
        "fork_left": robot.servos["fork_left"].model_copy(update={"speed_deg_s": 5000.0})
    }

    async def story(scene: Scene) -> None:
        with pytest.raises(TowerError, match="refused the configuration.*ConfigureServo") as caught:
            await scene.open()
        assert caught.value.alert == "board_configuration"
        assert not scene.board.c.bench_rail()

    run(library, story, robot.model_copy(update={"servos": servos}))


def test_no_board_on_the_line_is_an_error_with_a_remedy(library: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.board.corrupt_out = lambda data: b""
        with pytest.raises(TowerError, match="no board answered.*check cable") as caught:
            await scene.open()
        assert caught.value.alert == "board_missing"

    run(library, story)


def test_closing_opens_the_relay(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.tower.close("the day is over")
        assert not scene.board.c.bench_rail()

    run(library, story)


def test_the_first_swing_of_a_servo_can_be_stopped(library: Path) -> None:
    """Nobody knows where it comes from; without pulses it stays where it is, and is unknown again."""

    async def story(scene: Scene) -> None:
        await scene.ready()
        swing = Segment("swing", servos_deg={Servo.FORK_LEFT: 90.0})
        running = asyncio.ensure_future(scene.tower.move(programme(swing)))
        await scene.clock.sleep(0.3)
        scene.board.c.bench_set_estop(0)
        assert (await running).end is MotionEnd.STOPPED
        await scene.clock.sleep(0.1)
        assert math.isnan(scene.tower.state.servos_deg[Servo.FORK_LEFT])
        scene.board.c.bench_set_estop(1)
        await scene.clock.sleep(0.1)
        await scene.tower.arm()
        assert (await scene.tower.move(programme(swing))).end is MotionEnd.DONE
        await scene.clock.sleep(0.03)
        assert scene.tower.state.servos_deg[Servo.FORK_LEFT] == 90

    run(library, story)


def test_strobe_and_heater_stay_off_while_door_or_estop_are_open(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.open()
        await scene.tower.set_output(Output.HEATER, 1.0)
        scene.board.c.bench_set_door(0)
        await scene.clock.sleep(0.1)
        assert scene.board.c.bench_output(3) == 0
        with pytest.raises(TowerError, match="door"):
            await scene.tower.set_output(Output.HEATER, 1.0)
        await scene.tower.set_output(Output.RED_LIGHT, 1.0)
        scene.board.c.bench_set_door(1)
        await scene.clock.sleep(0.1)
        await scene.tower.set_output(Output.HEATER, 1.0)
        await scene.clock.sleep(0.1)
        assert scene.board.c.bench_output(3) == 1000

    run(library, story)


def test_a_fork_that_got_load_while_held_does_not_swing_on(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        await scene.tower.move(programme(Segment("out", servos_deg={Servo.FORK_RIGHT: 0.0})))
        swing = Segment("in", servos_deg={Servo.FORK_RIGHT: 90.0})
        running = asyncio.ensure_future(scene.tower.move(programme(swing)))
        await scene.clock.sleep(0.4)
        await scene.tower.hold("somebody looks")
        scene.board.set_load_kg(1, 5)
        await scene.clock.sleep(0.3)
        with pytest.raises(TowerError, match="load"):
            await scene.tower.resume()
        await scene.clock.sleep(0.5)
        assert scene.board.c.bench_servo(1) < 8500 and not running.done()
        scene.board.set_load_kg(1, 0)
        await scene.clock.sleep(0.3)
        await scene.tower.resume()
        assert (await running).end is MotionEnd.DONE

    run(library, story)
