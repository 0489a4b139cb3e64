"""`bee network`: files, rules and what is said about them. What rules do is tried in tests/network."""

from __future__ import annotations

import json
import shlex
import shutil
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from bee_robot.cli import network
from bee_robot.cli.main import VerbParser
from bee_robot.cli.networking.access_rules import Admitted, access_control
from bee_robot.cli.networking.certificates import Identity, common_name, validity
from bee_robot.cli.networking.network_folder import Member, NetworkFolder
from bee_robot.cli.networking.roles import grants

NOW = datetime(2031, 5, 1, tzinfo=timezone.utc)
TYPE = "std_msgs::msg::dds_::String_/RIHS01_00"
QOS = "::,10:,:,:,,"


PARSER = VerbParser(prog="bee network")
network.add_arguments(PARSER)


def bee(line: str) -> int:
    """`bee network LINE`."""
    return network.run(PARSER.parse_intermixed_args(shlex.split(line)))


def contents(path: Path) -> dict[str, Any]:
    title, _, text = path.read_text().partition("\n")
    assert title.startswith("// ") and "Secret" in title
    return json.loads(text)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "net"
    assert bee(f"create {path} --router hub.local --domain-id 7") == 0
    assert bee(f"add {path} bee1 --role robot") == 0
    assert bee(f"add {path} office --role operator --publish /bee1/cmd_vel") == 0
    assert bee(f"add {path} tablet --role viewer") == 0
    return path


@pytest.fixture
def folder(tmp_path: Path, original: Path) -> Path:
    """A network at hub.local in domain 7, with a robot, an operator and a viewer."""
    return Path(shutil.copytree(original, tmp_path / "net"))


def allowed(role: str, flow: str, message: str, key: str, *publish: str) -> bool:
    """Whether the router would let a message of member `me` of this role through, as Zenoh decides it."""
    from zenoh import KeyExpr

    namespace = "/bee1" if role == "robot" else "/desk"
    rules = access_control({"me": Admitted(("me-1",), grants(role, namespace, publish, ()))}, 7)
    return any(
        KeyExpr(pattern).includes(KeyExpr(key))
        for rule in rules["rules"]
        if rule["flows"] == [flow] and rule["messages"] == [message]
        for pattern in rule["key_exprs"]
    )


def test_one_file_each_that_its_owner_alone_may_read(folder: Path) -> None:
    for path in [folder / "router.json5", folder / "authority.key", *folder.glob("members/*.json5")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    member = contents(folder / "members" / "bee1.json5")
    assert member["mode"] == "client"
    assert member["connect"]["endpoints"] == ["tls/hub.local:7447"]
    assert member["listen"]["endpoints"] == {"router": ["tcp/127.0.0.1:7447"], "peer": [], "client": []}
    assert member["scouting"]["multicast"]["enabled"] is False
    router = contents(folder / "router.json5")
    assert router["mode"] == "router" and router["listen"]["endpoints"] == ["tls/0.0.0.0:7447"]
    assert router["transport"]["link"]["tls"]["enable_mtls"] is True
    rules = router["access_control"]
    assert rules["enabled"] is True and rules["default_permission"] == "deny"
    assert {s["id"]: s["cert_common_names"] for s in rules["subjects"]} == {
        "bee1": ["bee1-1"],
        "office": ["office-1"],
        "tablet": ["tablet-1"],
    }


def test_zenoh_takes_the_files(folder: Path) -> None:
    import zenoh

    for path in (folder / "router.json5", folder / "members" / "tablet.json5"):
        assert zenoh.Config.from_file(str(path)).get_json("scouting/multicast/enabled") == "false"


@pytest.mark.parametrize(
    ("role", "message", "key", "expected"),
    [
        ("robot", "put", f"7/bee1/state/{TYPE}", True),
        ("robot", "put", f"7/bee2/state/{TYPE}", False),
        ("robot", "put", f"7/bee10/state/{TYPE}", False),
        ("robot", "put", f"8/bee1/state/{TYPE}", False),
        ("robot", "put", "7/**", False),
        ("robot", "put", f"7/clock/{TYPE}", False),
        ("robot", "put", f"7/tf/{TYPE}", True),
        ("robot", "declare_queryable", "7/bee2/go/T/H", False),
        ("robot", "query", "7/bee2/go/T/H", False),
        ("robot", "declare_subscriber", f"7/bee2/state/{TYPE}", False),
        ("robot", "declare_subscriber", "7/**", False),
        ("robot", "declare_queryable", f"7/bee1/map/{TYPE}/@adv/pub/aa/1/_", True),
        ("robot", "liveliness_token", "@ros2_lv/7/aa/0/0/NN/%/%bee1/driver", True),
        ("robot", "liveliness_token", "@ros2_lv/7/aa/0/0/NN/%/%bee1%arm/driver", True),
        ("robot", "liveliness_token", "@ros2_lv/7/aa/0/0/NN/%/%bee2/driver", False),
        ("robot", "liveliness_token", f"@ros2_lv/7/aa/0/1/MP/%/%bee1/driver/%bee1%state/T/H/{QOS}", True),
        ("robot", "liveliness_token", f"@ros2_lv/7/aa/0/1/MP/%/%bee1/driver/%bee2%state/T/H/{QOS}", False),
        ("robot", "liveliness_token", f"@ros2_lv/7/aa/0/1/SS/%/%bee1/driver/%tf/T/H/{QOS}", False),
        ("operator", "put", f"7/bee1/cmd_vel/{TYPE}", True),
        ("operator", "put", f"7/bee1/other/{TYPE}", False),
        ("operator", "query", "7/bee1/go/T/H", True),
        ("operator", "declare_subscriber", f"7/bee2/state/{TYPE}", True),
        ("operator", "declare_queryable", "7/bee1/go/T/H", False),
        ("operator", "liveliness_token", "@ros2_lv/7/aa/0/0/NN/%/%/rviz", True),
        ("operator", "liveliness_token", "@ros2_lv/7/aa/0/0/NN/%/%bee1/driver", False),
        ("viewer", "declare_subscriber", f"7/bee1/state/{TYPE}", True),
        ("viewer", "put", f"7/bee1/cmd_vel/{TYPE}", False),
        ("viewer", "query", "7/bee1/go/std_srvs::srv::dds_::Trigger_/H", False),
        ("viewer", "query", "7/bee1/climb/_action/send_goal/T/H", False),
        ("viewer", "query", "7/bee1/n/set_parameters/rcl_interfaces::srv::dds_::SetParameters_/H", False),
        ("viewer", "query", "7/bee1/n/get_parameters/rcl_interfaces::srv::dds_::GetParameters_/H", True),
        ("viewer", "query", f"7/bee1/map/{TYPE}/@adv/**", True),
        ("viewer", "query", "7/**", False),
        ("viewer", "liveliness_query", "@ros2_lv/7/**", True),
        ("viewer", "declare_liveliness_subscriber", "@ros2_lv/7/**", True),
    ],
)
def test_what_a_member_may_send(role: str, message: str, key: str, expected: bool) -> None:
    assert (
        allowed(role, "ingress", message, key, *(["/bee1/cmd_vel"] if role == "operator" else [])) is expected
    )


def test_a_robot_hears_of_others_only_what_concerns_it() -> None:
    def hears(key: str) -> bool:
        return allowed("robot", "egress", "liveliness_token", key)

    assert hears("@ros2_lv/7/aa/0/0/NN/%/%/console")
    assert hears(f"@ros2_lv/7/aa/0/1/MS/%/%/console/%bee1%state/T/H/{QOS}")
    assert not hears("@ros2_lv/7/aa/0/0/NN/%/%bee2/driver")
    assert not hears(f"@ros2_lv/7/aa/0/1/MP/%/%bee2/driver/%bee2%state/T/H/{QOS}")
    assert not hears(f"@ros2_lv/7/aa/0/1/MP/%/%bee2/driver/%rosout/T/H/{QOS}")
    assert not allowed("robot", "egress", "put", f"7/bee2/state/{TYPE}")


def test_certificates_name_member_and_number_and_hold_as_long_as_asked(tmp_path: Path) -> None:
    made = NetworkFolder.create(tmp_path, "[::1]:7448", 0, NOW, 30)
    made = made.add(Member("bee1", "robot", "/bee1"), NOW, 30)
    made = made.renew("bee1", NOW + timedelta(days=20), 30)
    assert made.endpoint == "tls/[::1]:7448" and made.listen == "tls/[::]:7448"
    assert made.members["bee1"].certificates == ("bee1-1", "bee1-2"), "both files are good until they expire"
    import base64

    tls = contents(made.member_file("bee1"))["transport"]["link"]["tls"]
    certificate = base64.b64decode(tls["connect_certificate_base64"])
    assert common_name(certificate) == "bee1-2"
    assert validity(certificate) == (NOW + timedelta(days=19), NOW + timedelta(days=50))
    router = Identity((tmp_path / "router.crt").read_bytes(), b"")
    assert router.expires == NOW + timedelta(days=30)


def test_no_certificate_outlives_its_authority(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    end = Identity((folder / "authority.crt").read_bytes(), b"").expires
    monkeypatch.setattr(network, "_now", lambda: end - timedelta(days=100))
    capsys.readouterr()
    for name in ("office", "router"):
        assert bee(f"renew {folder} {name} --days 3650") == 0
        assert "(100 days, when the network's authority ends)" in capsys.readouterr().out
    assert Identity((folder / "router.crt").read_bytes(), b"").expires == end
    assert bee(f"show {folder}") == 0
    table = capsys.readouterr().out
    assert f"until {end:%Y-%m-%d}" in table.splitlines()[0]
    assert table.count("when the network's authority ends") == 2

    monkeypatch.setattr(network, "_now", lambda: end + timedelta(days=1))
    assert bee(f"show {folder}/members/office.json5") == 0
    assert "with the network's authority: make a new network" in capsys.readouterr().out
    before = (folder / "network.json").read_bytes()
    assert bee(f"renew {folder} office") == 2
    assert f"ended on {end:%Y-%m-%d}; make a new network" in capsys.readouterr().err
    assert (folder / "network.json").read_bytes() == before


def test_a_number_is_never_given_twice(folder: Path) -> None:
    """So that a file that was removed stays without effect when its name comes back."""
    assert bee(f"remove {folder} tablet") == 0
    assert not (folder / "members" / "tablet.json5").exists()
    assert bee(f"add {folder} tablet --role viewer") == 0
    assert NetworkFolder.load(folder).members["tablet"].certificates == ("tablet-2",)


def test_show_tells_who_what_and_how_long(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert bee(f"show {folder}") == 0
    table = capsys.readouterr().out
    assert "ROS domain 7" in table and all(name in table for name in ("router", "bee1", "office", "tablet"))
    assert bee(f"show {folder}/members/office.json5") == 0
    shown = capsys.readouterr().out
    assert "office: operator" in shown and "tls/hub.local:7447" in shown and "(729 days)" in shown
    assert "/bee1/cmd_vel" in shown
    assert bee(f"show {folder}/router.json5") == 0
    assert "lets in: bee1, office, tablet" in capsys.readouterr().out
    assert bee(f"renew {folder} tablet --days 0.5") == 0
    capsys.readouterr()
    assert bee(f"show {folder}/members/tablet.json5") == 0
    assert "(0 days)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("create {net} --router hub.local", "is a network already"),
        ("create {tmp}/new", "--router HOST:PORT"),
        ("create {tmp}/new --router 'a b'", "no address of a router"),
        ("create {tmp}/new --router hub:99999", "no address of a router"),
        ("add {tmp}/none bee --role robot", "is no network"),
        ("add {net} bee1 --role robot", "is a member already"),
        ("add {net} bee3", "--role robot|operator|viewer"),
        ("add {net} Bee --role robot", "no name for a member"),
        ("add {net} router --role robot", "no name for a member"),
        ("add {net} bee3 --role robot --namespace /bee1/arm", "overlaps with /bee1"),
        ("add {net} bee3 --role robot --namespace bee3", "is no namespace"),
        ("add {net} bee3 --role robot --publish clock", "no full topic name"),
        ("add {net} eye --role viewer --publish /clock", "a viewer publishes nothing"),
        ("remove {net} bee9", "members: bee1, office, tablet"),
        ("renew {net} bee9", "members: bee1, office, tablet"),
        ("show {net}/network.json", "no file of `bee network`"),
        ("show {tmp}/none.json5", "cannot be read"),
        ("show", "give FILE_OR_DIR"),
        ("router a b", "one file, not 2"),
    ],
)
def test_bad_input_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert bee(line.format(net=folder, tmp=tmp_path)) == 2
    said = capsys.readouterr().err
    assert words in said and said.startswith(f"bee network {line.split()[0]}: ")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
