"""Figures of a link."""

from __future__ import annotations

import math

import pytest

from bee_robot.mcu.link import LinkStatistics
from bee_robot.mcu.link_report import RESET_TEXT, Goodput, Snapshot, board_kind_name, quantile
from bee_robot.mcu.messages import ResetCause


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_quantiles_are_values_that_were_there(share: float, value: float) -> None:
    assert quantile(range(100, 0, -1), share) == value


def test_the_quantile_of_nothing_is_no_number() -> None:
    assert math.isnan(quantile([], 0.5))


def test_rates_are_of_the_time_between() -> None:
    statistics = LinkStatistics(bytes_sent=1000, bytes_received=50)
    before = Snapshot.take(statistics, 10.0)
    statistics.bytes_sent, statistics.bytes_received = 1500, 1050
    assert before.rates(Snapshot.take(statistics, 12.0)) == (250.0, 500.0)


def test_goodput_is_a_share_of_what_the_line_carries() -> None:
    goodput = Goodput(20_000, 400, 1.0)
    assert goodput.share_pct(250_000) == 80.0 and goodput.bytes_per_packet == 50.0


def test_boards_and_resets_have_names() -> None:
    assert board_kind_name(2) == "mega2560" and board_kind_name(99) == "unknown (99)"
    assert set(RESET_TEXT) == set(ResetCause)
