"""On a bad line nothing is executed twice, nothing is lost silently, and nothing moves that should not."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from bench_board import AXES, Scene, programme, robot_file, run

from bee_robot.devices.tower import Axis, MotionEnd


def one_percent(chance: random.Random) -> Callable[[bytes], bytes]:
    """Of the bytes, one in a hundred is changed, dropped or doubled."""

    def spoil(data: bytes) -> bytes:
        spoilt = bytearray()
        for byte in data:
            if chance.random() >= 0.01:
                spoilt.append(byte)
                continue
            kind = chance.randrange(3)
            if kind == 0:
                spoilt.append(chance.randrange(256))
            elif kind == 1:
                spoilt += bytes((byte, byte))
        return bytes(spoilt)

    return spoil


def test_a_thousand_moves_over_a_bad_line_end_where_they_should(library: Path) -> None:
    robot = robot_file()
    # one heartbeat in eight is lost on such a line; the deadline has to allow for some in a row
    robot = robot.model_copy(update={"board": robot.board.model_copy(update={"heartbeat_deadline_ms": 1000})})

    async def story(scene: Scene) -> None:
        await scene.ready()
        pulses_before = [scene.board.c.bench_pulses(axis) for axis in range(len(AXES))]
        chance = random.Random(7)
        scene.board.corrupt_in = one_percent(random.Random(8))
        scene.board.corrupt_out = one_percent(random.Random(9))
        shuttle, at_mm, way_steps = Axis.SHUTTLE_LEFT, -235.0, 0
        for _ in range(100):
            targets = [round(chance.uniform(-235, -225) * 80) / 80 for _ in range(10)]
            result = await scene.tower.move(programme(*(scene.full_speed(shuttle_left=mm) for mm in targets)))
            assert result.end is MotionEnd.DONE and result.segments_done == 10, result
            assert scene.board.true_steps(shuttle) == round((targets[-1] + 235) * 80)
            assert abs(result.positions_mm[shuttle] - targets[-1]) < 1e-6
            for mm in targets:
                way_steps += round(abs(mm - at_mm) * 80)
                at_mm = mm
        statistics = scene.tower.statistics
        assert statistics.bad > 500 and statistics.resent > 50, "the line was not bad at all"
        assert statistics.sessions == 1
        for axis, before in enumerate(pulses_before):
            moved = scene.board.c.bench_pulses(axis) - before
            assert moved == (way_steps if AXES[axis] is shuttle else 0), "executed twice, or by another axis"

    run(library, story, robot)


def test_latches_survive_a_bad_line(library: Path) -> None:
    from bee_robot.devices.tower import Input, Segment

    robot = robot_file()
    robot = robot.model_copy(update={"board": robot.board.model_copy(update={"heartbeat_deadline_ms": 1000})})

    async def story(scene: Scene) -> None:
        await scene.ready()
        scene.board.set_pins(0, [2000 + 3000 * n for n in range(10)], 240)
        scene.board.corrupt_in = one_percent(random.Random(3))
        scene.board.corrupt_out = one_percent(random.Random(4))
        sweep = Segment(
            "sweep", {Axis.SHUTTLE_LEFT: scene.move(Axis.SHUTTLE_LEFT, 235)}, latches=(Input.PIN_LEFT,)
        )
        result = await scene.tower.move(programme(sweep))
        assert [edge.is_rising for edge in result.latched] == [True, False] * 10

    run(library, story, robot)
