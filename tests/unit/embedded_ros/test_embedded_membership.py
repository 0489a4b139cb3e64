"""A member of a network: its certificate, its router's, and what it may do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import rclpy
import zenoh
from rclpy.context import Context
from rclpy.exceptions import RCLError

from bee_robot.cli.networking.network_folder import Member, NetworkFolder
from bee_robot.embedded_ros.wire.configuration_file import read_configuration
from bee_robot.embedded_ros.wire.keys import (
    CLIENT,
    NODE,
    PUBLISHER,
    SERVICE,
    SUBSCRIPTION,
    Token,
    wire_type_name,
)
from bee_robot.embedded_ros.wire.membership import Membership

NOW = datetime.now(timezone.utc)
LONG_DAYS = 365.0


def made(path: Path, port: int, host: str = "127.0.0.1") -> NetworkFolder:
    return NetworkFolder.create(path, f"{host}:{port}", 0, NOW, LONG_DAYS)


@pytest.fixture
def network(tmp_path: Path, rendezvous_port: int) -> NetworkFolder:
    """A network without members, whose router would listen on this port."""
    return made(tmp_path / "net", rendezvous_port)


@pytest.fixture
def router(network: NetworkFolder) -> Iterator[Any]:
    session = zenoh.open(read_configuration(str(network.router_file), "TEST"))
    yield session
    session.close()


@pytest.fixture(autouse=True)
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENOH_ROUTER_CHECK_ATTEMPTS", "1")


def refusal_of(monkeypatch: pytest.MonkeyPatch, file: Path) -> str:
    """What init says about a file with which nobody can join."""
    monkeypatch.setenv("ZENOH_SESSION_CONFIG_URI", str(file))
    with pytest.raises(RCLError) as caught:
        Context().init([])
    assert str(file) in str(caught.value)
    return str(caught.value)


def test_a_member_with_its_one_file_is_let_in(
    monkeypatch: pytest.MonkeyPatch, network: NetworkFolder, router: Any
) -> None:
    file = network.add(Member("office", "operator", "/office"), NOW, LONG_DAYS).member_file("office")
    monkeypatch.setenv("ZENOH_SESSION_CONFIG_URI", str(file))
    context = Context()
    context.init([])
    assert [str(zid) for zid in context.session.info.routers_zid()] == [str(router.zid())]
    context.shutdown()


@pytest.mark.parametrize(
    ("made_days_ago", "days", "words"),
    [(10, 1, "expired on"), (-10, 1, "is not valid before")],
)
def test_a_certificate_out_of_its_time_is_named(
    monkeypatch: pytest.MonkeyPatch,
    network: NetworkFolder,
    router: Any,
    made_days_ago: int,
    days: float,
    words: str,
) -> None:
    then = NOW - timedelta(days=made_days_ago)
    file = network.add(Member("bee1", "robot", "/bee1"), then, days).member_file("bee1")
    said = refusal_of(monkeypatch, file)
    assert f"the certificate in {file} {words}" in said and "the clock of this machine says" in said


def test_a_clock_before_the_network_was_made_is_named(network: NetworkFolder) -> None:
    """A robot without a battery for its clock wakes up in 1970."""
    file = network.add(Member("bee1", "robot", "/bee1"), NOW, LONG_DAYS).member_file("bee1")
    config = read_configuration(str(file), "TEST")
    found = Membership.of_file(file, config)
    woken = Membership(
        found.path, found.authority, found.certificate, now=lambda: datetime.fromtimestamp(60, timezone.utc)
    )
    assert "1970-01-01 00:01 UTC): set the clock" in woken.certificate_problem()
    assert found.certificate_problem() == ""


def test_a_router_of_another_network_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rendezvous_port: int, router: Any
) -> None:
    other = made(tmp_path / "other", rendezvous_port)
    file = other.add(Member("bee1", "robot", "/bee1"), NOW, LONG_DAYS).member_file("bee1")
    assert "the certificate that the router shows is not one to trust" in refusal_of(monkeypatch, file)


def test_a_router_under_another_name_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, network: NetworkFolder, router: Any, rendezvous_port: int
) -> None:
    file = network.add(Member("bee1", "robot", "/bee1"), NOW, LONG_DAYS).member_file("bee1")
    file.write_text(file.read_text().replace("tls/127.0.0.1:", "tls/localhost:"))
    assert "mismatch" in refusal_of(monkeypatch, file).lower()


def test_a_router_without_tls_is_named(
    monkeypatch: pytest.MonkeyPatch, network: NetworkFolder, router_port: int
) -> None:
    monkeypatch.delenv("BEE_ROS_ROUTER")
    monkeypatch.setenv("ZENOH_CONFIG_OVERRIDE", "transport/unicast/open_timeout=300")
    monkeypatch.setattr("bee_robot.embedded_ros.wire.reaching.PATIENCE_S", 0.5)
    file = network.add(Member("bee1", "robot", "/bee1"), NOW, LONG_DAYS).member_file("bee1")
    text = file.read_text()
    file.write_text(text.replace(network.endpoint, f"tls/127.0.0.1:{router_port}"))
    assert "does the router speak TLS there?" in refusal_of(monkeypatch, file)


def token(
    kind: str, name: str = "", type_name: str = "std_msgs/msg/String", namespace: str = "/bee1"
) -> Token:
    return Token(0, "aa", 0, 1, kind, "", namespace, "driver", name, wire_type_name(type_name), "RIHS01_00")


def membership(network: NetworkFolder, role: str, *publish: str) -> Membership:
    member = Member(
        "bee1" if role == "robot" else "desk", role, "/bee1" if role == "robot" else "/desk", publish
    )
    file = network.add(member, NOW, LONG_DAYS).member_file(member.name)
    return Membership.of_file(file, read_configuration(str(file), "TEST"))


def test_a_robot_keeps_to_its_namespace(network: NetworkFolder) -> None:
    robot = membership(network, "robot", "/fleet/battery")
    for allowed in ("/bee1/state", "/bee1/arm/state", "/tf", "/rosout", "/fleet/battery"):
        assert robot.refusal(token(PUBLISHER, allowed)) == ""
    assert "bee1 (robot" in robot.refusal(token(PUBLISHER, "/bee2/state"))
    assert "/bee10/state" in robot.refusal(token(PUBLISHER, "/bee10/state")), "a name that begins alike"
    assert robot.refusal(token(NODE)) == "" and robot.refusal(token(NODE, namespace="/bee1/arm")) == ""
    assert "__ns:=/bee1" in robot.refusal(token(NODE, namespace="/"))
    assert "serve /bee2/go" in robot.refusal(token(SERVICE, "/bee2/go", "std_srvs/srv/Trigger"))


def test_an_operator_may_ask_and_a_viewer_may_look(network: NetworkFolder) -> None:
    operator = membership(network, "operator", "/bee1/cmd_vel")
    trigger = token(CLIENT, "/bee1/go", "std_srvs/srv/Trigger", "/")
    assert (
        operator.refusal(trigger) == operator.refusal(token(PUBLISHER, "/bee1/cmd_vel", namespace="/")) == ""
    )
    assert "may not publish on topic /bee1/other" in operator.refusal(token(PUBLISHER, "/bee1/other"))
    viewer = Membership("f", b"", b"", "eye", "viewer", Member("eye", "viewer", "/eye").grants.as_json())
    assert "eye (viewer, f) may not call service /bee1/go" in viewer.refusal(trigger)
    get = token(CLIENT, "/bee1/driver/get_parameters", "rcl_interfaces/srv/GetParameters", "/")
    own = token(SERVICE, "/console/get_parameters", "rcl_interfaces/srv/GetParameters", "/")
    assert viewer.refusal(get) == viewer.refusal(own) == viewer.refusal(token(SUBSCRIPTION, "/bee1/x")) == ""


def test_what_is_refused_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, network: NetworkFolder, router: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    from std_msgs.msg import String

    file = network.add(Member("eye", "viewer", "/eye"), NOW, LONG_DAYS).member_file("eye")
    monkeypatch.setenv("ZENOH_SESSION_CONFIG_URI", str(file))
    rclpy.init(args=[])
    node = rclpy.create_node("looker")
    node.create_publisher(String, "/bee1/say", 10)
    node.create_subscription(String, "/bee1/said", lambda m: None, 10)
    node.destroy_node()
    rclpy.shutdown()
    said = capfd.readouterr().err
    assert said.count("may not") == 1 and "may not publish on topic /bee1/say" in said
