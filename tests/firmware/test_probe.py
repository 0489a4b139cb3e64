"""A board is asked who it is without being disturbed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench_board import Scene, run

from bee_robot.devices.tower import BoardState, MotionEnd
from bee_robot.mcu import messages as m
from bee_robot.mcu.probe import probe
from bee_robot.mcu.transport import PipeTransport


def test_a_board_in_motion_answers_and_goes_on_with_its_host(library: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.ready()
        running = asyncio.ensure_future(scene.go(shuttle_left=0))
        await scene.clock.sleep(0.5)
        assert scene.tower.state.board is BoardState.MOVING
        stranger, host = PipeTransport(scene.board.write), scene.pipe

        def both(data: bytes) -> None:
            host.deliver(data)
            stranger.deliver(data)

        scene.board.receiver = both
        answer = await probe(stranger, scene.clock, 1.0)
        assert answer is not None and answer.welcome is not None
        assert (answer.protocol, answer.schema) == (m.PROTOCOL_VERSION, m.PROTOCOL_SCHEMA)
        assert answer.welcome.state == m.State.MOVING and answer.welcome.configuration != 0
        assert (await running).end is MotionEnd.DONE
        assert scene.tower.statistics.sessions == 1

    run(library, story)


def test_nobody_there_is_no_answer(library: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.board.corrupt_out = lambda data: b""
        stranger = PipeTransport(scene.board.write)
        scene.board.receiver = stranger.deliver
        assert await probe(stranger, scene.clock, 1.0) is None

    run(library, story)
