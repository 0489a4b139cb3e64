"""Hours pass in an instant, in the same order every time, and a deadlock says so."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bee_robot.clock import SteppedClock, wait_for, wall_s
from bee_robot.sim.virtual_time import VirtualTimeError, run_virtual


def test_an_hour_of_waiting_takes_no_time() -> None:
    clock = SteppedClock()

    async def wait() -> float:
        await clock.sleep(3600.0)
        return clock.now_s()

    begin_s = wall_s()
    assert run_virtual(wait(), clock) == pytest.approx(3600.0)
    assert wall_s() - begin_s < 1.0


def test_sleepers_of_clock_and_of_asyncio_wake_in_order() -> None:
    clock = SteppedClock(start_s=100.0)
    story: list[tuple[str, float]] = []

    async def robot(name: str, pause_s: float) -> None:
        for _ in range(3):
            await clock.sleep(pause_s)
            story.append((name, round(clock.now_s(), 6)))

    async def other(pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        story.append(("asyncio", round(clock.now_s(), 6)))

    async def all_of_them() -> None:
        await asyncio.gather(robot("slow", 1.0), robot("quick", 0.4), other(0.7))

    run_virtual(all_of_them(), clock)
    assert story == [
        ("quick", 100.4),
        ("asyncio", 100.7),
        ("quick", 100.8),
        ("slow", 101.0),
        ("quick", 101.2),
        ("slow", 102.0),
        ("slow", 103.0),
    ]


def test_timeouts_are_in_robot_time() -> None:
    clock = SteppedClock()

    async def wait_in_vain() -> None:
        await wait_for(clock, asyncio.get_running_loop().create_future(), 30.0)

    with pytest.raises(asyncio.TimeoutError, match="30 s"):
        run_virtual(wait_in_vain(), clock)
    assert clock.now_s() == pytest.approx(30.0)


def test_a_deadlock_says_so() -> None:
    clock = SteppedClock()

    async def wait_for_ever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(VirtualTimeError, match="deadlock"):
        run_virtual(wait_for_ever(), clock)


def test_what_takes_longer_than_allowed_is_called_off_and_cleans_up() -> None:
    clock = SteppedClock()
    cleaned: list[float] = []

    async def go_on() -> None:
        try:
            while True:
                await clock.sleep(1.0)
        finally:
            cleaned.append(clock.now_s())

    with pytest.raises(VirtualTimeError, match="not done after 60 s"):
        run_virtual(go_on(), clock, limit_s=60.0)
    assert cleaned == [pytest.approx(60.0)]


def test_an_error_comes_out_as_it_is() -> None:
    async def fail() -> None:
        raise KeyError("frame 7")

    with pytest.raises(KeyError, match="frame 7"):
        run_virtual(fail(), SteppedClock())


def test_work_for_threads_takes_no_robot_time_and_no_thread() -> None:
    clock = SteppedClock()

    async def analyse() -> tuple[int, float]:
        ident = await asyncio.to_thread(threading.get_ident)
        return ident, clock.now_s()

    assert run_virtual(analyse(), clock) == (threading.get_ident(), 0.0)


def test_tasks_left_behind_are_ended() -> None:
    clock = SteppedClock()
    ended: list[str] = []

    async def linger() -> None:
        try:
            await clock.sleep(1e6)
        finally:
            ended.append("lingerer")

    async def leave() -> None:
        asyncio.ensure_future(linger())
        await clock.sleep(1.0)

    run_virtual(leave(), clock)
    assert ended == ["lingerer"]
