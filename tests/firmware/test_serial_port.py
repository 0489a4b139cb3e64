"""The same board behind a pseudo-terminal, in wall time: what pyserial sees."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_board import AXES, BenchBoard, programme, robot_file

from bee_robot.clock import RealClock
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, AxisMove, BoardState, MotionEnd, Segment, TowerError


class Port:
    """A pseudo-terminal with a board at its other end, stepped on the loop."""

    def __init__(self, library: Path) -> None:
        self.board = BenchBoard(library)
        self.controller, follower = os.openpty()
        tty.setraw(follower)
        self.path = os.ttyname(follower)
        self._follower = follower
        os.set_blocking(self.controller, False)

    async def step(self) -> None:
        clock = RealClock()
        start_s = clock.now_s() - self.board.now_s
        while True:
            await clock.sleep(0.005)
            with contextlib.suppress(BlockingIOError):
                self.board.write(os.read(self.controller, 4096))
            goal_s = round(clock.now_s() - start_s, 6)  # whole microseconds: the board can get there exactly
            while self.board.now_s < goal_s:
                self.board.advance_to(goal_s)
                if data := self.board.read():
                    os.write(self.controller, data)

    def close(self) -> None:
        for descriptor in (self.controller, self._follower):
            os.close(descriptor)


@pytest.fixture
def port(library: Path) -> Iterator[Port]:
    made = Port(library)
    yield made
    made.close()


def test_a_tower_behind_a_port_homes_and_moves(port: Port) -> None:
    async def story() -> None:
        stepping = asyncio.ensure_future(port.step())
        robot = robot_file()
        for axis in AXES:
            port.board.place_mm(robot, axis, robot.axes[axis.value].home_mm + 1)
        tower = await SerialTower.open(robot, port.path, RealClock(), renews_itself=True)
        await tower.acquire_lease("test")
        await tower.arm()
        assert (await tower.home((Axis.SHUTTLE_LEFT,))).end is MotionEnd.DONE
        move = Segment("out", {Axis.SHUTTLE_LEFT: AxisMove(-225, 80, 400)})
        result = await tower.move(programme(move))
        assert result.end is MotionEnd.DONE and result.positions_mm[Axis.SHUTTLE_LEFT] == -225
        assert tower.state.link_round_trip_ms < 200

        with pytest.raises(TowerError, match="taken") as taken:
            await SerialTower.open(robot, port.path, RealClock())
        assert taken.value.alert == "board_missing"

        stepping.cancel()  # the board falls silent
        for _ in range(100):
            await RealClock().sleep(0.02)
            if tower.state.board is BoardState.LOST:
                break
        assert tower.state.board is BoardState.LOST and "silent" in tower.state.stop_reason
        await tower.close("done")

    asyncio.run(asyncio.wait_for(story(), 30))


def test_a_missing_port_is_an_error_with_a_remedy() -> None:
    async def story() -> None:
        with pytest.raises(TowerError, match="/dev/no_such_port is missing; plug the board in") as caught:
            await SerialTower.open(robot_file(), "/dev/no_such_port", RealClock())
        assert caught.value.alert == "board_missing"

    asyncio.run(story())


def test_something_that_is_no_serial_port_is_an_error(tmp_path: Path) -> None:
    no_port = tmp_path / "file"
    no_port.write_text("")

    async def story() -> None:
        with pytest.raises(TowerError, match="check 'serial.port' in the robot file"):
            await SerialTower.open(robot_file(), str(no_port), RealClock())

    asyncio.run(story())
