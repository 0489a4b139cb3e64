"""A clock that follows samples of another thread wakes every sleeper whose time has come, whenever the sample came."""

from __future__ import annotations

import asyncio

from bee_robot.clock import FollowedClock


class LateClock(FollowedClock):
    """Time moves on between the moment a sleeper looks at the clock and the moment it waits; then time stands."""

    def advance_to(self, now_s: float) -> None:
        super().advance_to(now_s)
        if self._noted_s == 1.0:
            self.note(1.06)


def test_a_sample_that_comes_while_a_sleeper_lies_down_still_wakes_it() -> None:
    async def story() -> float:
        clock = LateClock(asyncio.get_running_loop())
        clock.note(1.0)
        await asyncio.wait_for(clock.sleep(0.05), timeout=2.0)
        return clock.now_s()

    assert asyncio.run(story()) == 1.06


def test_a_sleeper_whose_time_has_not_come_sleeps_on() -> None:
    async def story() -> bool:
        clock = FollowedClock(asyncio.get_running_loop())
        clock.note(1.0)
        sleeper = asyncio.ensure_future(clock.sleep(0.05))
        await asyncio.sleep(0.05)
        clock.note(1.04)
        await asyncio.sleep(0.05)
        was_asleep = not sleeper.done()
        clock.note(1.05)
        await asyncio.wait_for(sleeper, timeout=2.0)
        return was_asleep

    assert asyncio.run(story())
