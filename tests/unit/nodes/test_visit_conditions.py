"""What frame_extractor hears of sensors and of a weather service, with its age."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from node_stage import TOWER, Stage, until
from rclpy.duration import Duration

from bee_robot.clock import RealClock
from bee_robot.configuration import PlaceConfiguration, RobotConfiguration, WeatherServiceConfiguration, load
from bee_robot.devices.tower import TowerError
from bee_robot.extraction.journal import Journal
from bee_robot.nodes import qos
from bee_robot.nodes.asyncio_bridge import AsyncioBridge
from bee_robot.nodes.diagnostics import Status
from bee_robot.nodes.visit_conditions import VisitConditions
from bee_robot.safety.gate import as_rows
from bee_robot_interfaces.msg import Climate

NAN = float("nan")


class NoTower:
    """Nobody hears the board."""

    @property
    def state(self) -> Any:
        raise TowerError("tower_driver has said nothing yet", "link_lost")


@pytest.fixture
def conditions(stage: Stage, tmp_path: Path) -> Iterator[Callable[[RobotConfiguration], VisitConditions]]:
    with contextlib.ExitStack() as ends:

        def make(robot: RobotConfiguration) -> VisitConditions:
            node = stage.observer("frame_extractor")
            bridge = AsyncioBridge(node)
            ends.callback(bridge.close)
            journal = Journal(tmp_path / "journal.sqlite", RealClock())
            ends.callback(journal.close)
            return VisitConditions(node, bridge, robot, NoTower(), journal, is_sim=False)

        yield make


def findings(of: VisitConditions) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in as_rows(of.verdict())}


def test_sensors_of_anybodys_are_as_old_as_their_stamps_say(stage: Stage, conditions: Any) -> None:
    heard = conditions(load(TOWER))
    weather_station = stage.observer("weather_station")
    publisher = weather_station.create_publisher(Climate, "climate", qos.of("climate"))

    def tell(age_s: float, **values: float) -> None:
        stamp = (weather_station.get_clock().now() - Duration(seconds=age_s)).to_msg()
        unknown = dict.fromkeys(("cabinet_temperature", "relative_humidity", "battery"), NAN)
        msg = Climate(**{**unknown, **values})
        msg.header.stamp = stamp
        publisher.publish(msg)

    until(lambda: publisher.get_subscription_count() == 1, "somebody listens")
    tell(2.0, outside_temperature=21.0, wind_speed=3.0, rain_rate=0.0)
    until(lambda: findings(heard)["rain_mm_h"]["is_known"], "the sensors are heard")
    found = findings(heard)
    assert found["wind_m_s"]["value"] == 3.0 and 1.9 < found["wind_m_s"]["age_s"] < 30.0
    assert "nobody says cabinet_c" in found["cabinet_c"]["against"]
    assert "nobody hears the board" in found["board"]["against"] and found["board"]["is_rule"]

    tell(100.0, outside_temperature=21.0, wind_speed=3.0, rain_rate=0.0)
    until(lambda: not findings(heard)["rain_mm_h"]["is_known"], "old readings do not count")
    assert "rain_mm_h of sensors is 100 s old" in heard.weather_turned()
    assert heard.overridden() != ()  # the board is a rule
    assert heard.weather_turned() == ""


def test_a_service_that_cannot_be_reached_is_named_and_holds_up_nobody(conditions: Any) -> None:
    robot = load(TOWER).model_copy(
        update={
            "place": PlaceConfiguration(latitude_deg=58.38, longitude_deg=26.72),
            "weather_service": WeatherServiceConfiguration(url="http://127.0.0.1:9/v1/forecast"),
        }
    )
    heard = conditions(robot)
    until(lambda: "127.0.0.1" in findings(heard)["rain_ahead_pct"]["against"], "it was asked")
    against = findings(heard)["rain_ahead_pct"]["against"]
    assert "nobody foretells the rain" in against and "look at the network" in against
    status = Status()
    heard.look(status)
    assert "no climate was heard yet" in status.message
    assert "sunrise" in findings(heard)["daylight"]["limit"]
