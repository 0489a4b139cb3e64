"""After a crash: is the frame on the hooks, and where?"""

from __future__ import annotations

import pytest

from bee_robot.extraction.whereabouts import FrameJob, Plates, held_after

TAKE_2 = FrameJob(2, -118.75, -1, nudge_mm=10.0)
PUT_2 = FrameJob(2, -143.75, -1)
SEATED, NUDGED = -118.75 + 8, -118.75 + 8 - 10


@pytest.mark.parametrize(
    ("job", "above_mm", "y_mm", "expected_y_mm"),
    [
        pytest.param(TAKE_2, 8.0, -155.0, None, id="on the way, over the pins"),
        pytest.param(TAKE_2, 8.0, -118.75, None, id="on the way, just over its pin"),
        pytest.param(TAKE_2, 4.0, -92.75, None, id="coming down beside it"),
        pytest.param(TAKE_2, 0.0, -92.75, None, id="landed beside it"),
        pytest.param(TAKE_2, 0.0, SEATED + 1.0, -118.75, id="round the pin, not yet touching"),
        pytest.param(TAKE_2, 0.0, SEATED - 4.0, -122.75, id="nudged by 4 mm"),
        pytest.param(TAKE_2, 1.3, NUDGED, -128.75, id="peeling an ear"),
        pytest.param(TAKE_2, 8.05, NUDGED, -128.75, id="lifted, passing travel height"),
        pytest.param(TAKE_2, 120.0, NUDGED, -128.75, id="lifted between its neighbours"),
        pytest.param(TAKE_2, 300.0, 8.0, 0.0, id="at the photo spot"),
        pytest.param(PUT_2, 300.0, -60.0, -68.0, id="carried back"),
        pytest.param(PUT_2, 8.02, -135.75, -143.75, id="being set down, passing travel height"),
        pytest.param(PUT_2, 0.0, -135.75, -143.75, id="set down"),
        pytest.param(PUT_2, 0.0, -117.75, None, id="slid off"),
        pytest.param(PUT_2, 8.0, -117.75, None, id="up again"),
    ],
)
def test_from_where_the_plates_stand_follows_what_they_hold(
    robot, job, above_mm, y_mm, expected_y_mm
) -> None:
    found = held_after(job, Plates(above_mm, y_mm, is_y_certain=True), robot.mechanism)
    if expected_y_mm is None:
        assert found is None
    else:
        held, place_mm = found
        assert held.number == 2
        assert place_mm == pytest.approx(expected_y_mm)
        assert held.pin_ahead_mm == pytest.approx(expected_y_mm - y_mm)


def test_with_belts_that_may_have_crept_a_near_pin_counts_as_held(robot) -> None:
    nearly = Plates(0.0, SEATED + 4.0, is_y_certain=True)
    assert held_after(TAKE_2, nearly, robot.mechanism) is None
    assert held_after(TAKE_2, Plates(0.0, SEATED + 4.0, is_y_certain=False), robot.mechanism) is not None


def test_the_job_survives_the_journal() -> None:
    assert FrameJob.from_dict(TAKE_2.to_dict()) == TAKE_2
