"""What a camera of the twin sees depends on the strobe."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from bee_robot.sim.twin_view import EXPOSED_WITHIN_S, TwinView


class StandingTwin:
    """A twin that stands at one instant, with a frame at the photo spot."""

    def __init__(self, now_s: float, strobe: float) -> None:
        self.now_s, self.strobe = now_s, strobe

    def sample(self) -> Any:
        return SimpleNamespace(t_s=self.now_s, outputs={"strobe": self.strobe})

    def situation(self) -> Any:
        return SimpleNamespace(box=1, frame=SimpleNamespace(number=5, rests=False, y_mm=0.0))

    def origin(self, box: int, frame: int) -> tuple[int, int]:
        return box, frame


def is_lit(view: TwinView) -> bool:
    return view.scene("rear_left").is_lit


def view_of(twin: StandingTwin) -> TwinView:
    world = SimpleNamespace(face=lambda box, frame, side: None)
    return TwinView(twin, world)  # type: ignore[arg-type]


def test_without_a_flash_it_is_dark() -> None:
    assert not is_lit(view_of(StandingTwin(10.0, strobe=0.0)))


def test_a_flash_that_nobody_has_been_shown_yet_lights_the_picture() -> None:
    assert is_lit(view_of(StandingTwin(10.0, strobe=1.0)))


def test_the_light_of_a_flash_lasts_for_the_request_and_no_longer() -> None:
    twin = StandingTwin(10.0, strobe=1.0)
    view = view_of(twin)
    strobe = np.array([0.0, 1.0, 0.0])
    motions = SimpleNamespace(t_s=np.array([9.9, 10.0, 10.01]), outputs={"strobe": strobe})
    view.see(SimpleNamespace(motions=motions), {})  # type: ignore[arg-type]
    twin.strobe = 0.0
    twin.now_s += EXPOSED_WITHIN_S - 0.1
    assert is_lit(view)
    twin.now_s += 0.2
    assert not is_lit(view)
