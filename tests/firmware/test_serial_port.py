"""The same board behind a pseudo-terminal: what pyserial sees.

Robot time follows the wall but stands still while this machine is held up: a test machine may be busy for longer than a
motion lease lasts, and a lapsed lease is not what is tested here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_board import AXES, BenchBoard, programme, robot_file

from bee_robot.clock import RealClock, SteppedClock
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import Axis, AxisMove, BoardState, MotionEnd, Segment, TowerError

STEP_S = 0.005  # of robot time, after as much wall time or more


class Port:
    """A pseudo-terminal with a board at its other end, stepped on the loop together with the host's clock."""

    def __init__(self, library: Path) -> None:
        self.board = BenchBoard(library)
        self.clock = SteppedClock(self.board.now_s)
        self.controller, follower = os.openpty()
        tty.setraw(follower)
        self.path = os.ttyname(follower)
        self._follower = follower
        os.set_blocking(self.controller, False)

    async def step(self, *, is_board_silent: bool = False) -> None:
        """Go on for ever; a silent board has no part in it."""
        while True:
            await RealClock().sleep(STEP_S)
            goal_s = round(
                self.clock.now_s() + STEP_S, 6
            )  # whole microseconds: the board can get there exactly
            if not is_board_silent:
                self._step_board(goal_s)
            self.clock.advance_to(goal_s)

    def _step_board(self, goal_s: float) -> None:
        with contextlib.suppress(BlockingIOError):
            self.board.write(os.read(self.controller, 4096))
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
        tower = await SerialTower.open(robot, port.path, port.clock, renews_itself=True)
        await tower.acquire_lease("test")
        await tower.arm()
        assert (await tower.home((Axis.SHUTTLE_LEFT,))).end is MotionEnd.DONE
        move = Segment("out", {Axis.SHUTTLE_LEFT: AxisMove(-225, 80, 400)})
        result = await tower.move(programme(move))
        assert result.end is MotionEnd.DONE and result.positions_mm[Axis.SHUTTLE_LEFT] == -225
        assert tower.state.link_round_trip_ms < 200

        with pytest.raises(TowerError, match="taken") as taken:
            await SerialTower.open(robot, port.path, port.clock)
        assert taken.value.alert == "board_missing"

        stepping.cancel()
        stepping = asyncio.ensure_future(port.step(is_board_silent=True))
        for _ in range(100):
            await port.clock.sleep(0.02)
            if tower.state.board is BoardState.LOST:
                break
        assert tower.state.board is BoardState.LOST and "silent" in tower.state.stop_reason
        await tower.close("done")
        stepping.cancel()

    asyncio.run(asyncio.wait_for(story(), 60))


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
