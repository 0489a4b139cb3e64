"""Two robots and two consoles on four machines, which reach nothing but the router between them, over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from network_places import Country, Machine, Process, bee, country

EVERYTHING = ("see", "hear", "say", "go", "climb", "speed", "set_speed")
REFUSED_PATIENCE_S = 2.0


def words(robot: str, *what: str) -> list[str]:
    return [f"{each}={robot}" for each in what or EVERYTHING]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, domain_id: int) -> Path:
    made = tmp_path_factory.mktemp("network") / "net"
    router = f"{Country.HUB_ADDRESS}:7447"
    for command in (
        ("create", str(made), "--router", router, "--domain-id", str(domain_id)),
        ("add", str(made), "bee1", "--role", "robot"),
        ("add", str(made), "bee2", "--role", "robot"),
        (
            "add",
            str(made),
            "office",
            "--role",
            "operator",
            "--publish",
            "/bee1/say",
            "--publish",
            "/bee2/say",
        ),
        ("add", str(made), "tablet", "--role", "viewer"),
    ):
        done = bee("network", *command)
        assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def machines(folder: Path, domain_id: int) -> Iterator[dict[str, Machine]]:
    with country(domain_id, "bee1", "bee2", "office", "tablet") as made:
        yield made.machines


@pytest.fixture(scope="module")
def robots(machines: dict[str, Machine], folder: Path) -> dict[str, Process]:
    """Both robots are up: nodes that know nothing of the network, and a router on each robot's machine."""
    machines["hub"].router(str(folder / "router.json5"))
    routers = [machines[name].router(str(folder / "members" / f"{name}.json5")) for name in ("bee1", "bee2")]
    running = {name: machines[name].robot(f"/{name}") for name in ("bee1", "bee2")}
    for router in routers:
        router.says("connected with the router")
    return running


def ask(machines: dict[str, Machine], folder: Path, member: str, patience_s: float, *asked: str) -> Process:
    file = str(folder / "members" / f"{member}.json5")
    return machines[member].console(patience_s, *asked, ZENOH_SESSION_CONFIG_URI=file)


def what_of(outcome: dict[str, Any], robot: str) -> dict[str, Any]:
    return {key.split("=")[0]: value for key, value in outcome.items() if key.endswith(f"={robot}")}


def test_an_operator_sees_and_calls_everything_of_both_robots(
    machines: dict[str, Machine], folder: Path, robots: dict[str, Process]
) -> None:
    outcome = ask(machines, folder, "office", 15.0, *words("/bee1"), *words("/bee2")).outcome()
    for robot in ("/bee1", "/bee2"):
        found = what_of(outcome, robot)
        assert found["see"] is not None, outcome
        assert f"{robot}/driver" in found["see"]["nodes"]
        assert found["see"]["topics"][f"{robot}/count"] == ["std_msgs/msg/Int32"]
        counts = found["hear"]["counts"]
        assert counts == list(range(counts[0], counts[0] + 5))
        assert found["hear"]["map"] == f"map of {robot}", "said before the console came"
        assert found["say"] == "from /"
        assert found["go"] == f"{robot} went"
        assert found["climb"] == {"result": [0, 1, 1, 2, 3], "feedback": 3}
        assert found["speed"] in (1.0, 2.5) and found["set_speed"] is True


def test_a_viewer_sees_everything_and_changes_nothing(
    machines: dict[str, Machine], folder: Path, robots: dict[str, Process]
) -> None:
    before = len(robots["bee1"].lines)
    console = ask(machines, folder, "tablet", REFUSED_PATIENCE_S, *words("/bee1"))
    found = what_of(console.outcome(), "/bee1")
    assert found["see"] is not None and found["hear"]["map"] == "map of /bee1"
    assert found["speed"] in (1.0, 2.5), "asking for a parameter changes nothing"
    refused = {key: found[key] for key in ("say", "go", "climb", "set_speed")}
    assert refused == dict.fromkeys(refused)
    assert robots["bee1"].lines[before:] == [], "the robot heard of none of it"
    for name in ("topic /bee1/say", "service /bee1/go", "service /bee1/driver/set_parameters"):
        assert console.count(name) == 1, console.text


def test_a_robot_knows_and_disturbs_no_other(
    machines: dict[str, Machine], folder: Path, robots: dict[str, Process]
) -> None:
    before = len(robots["bee1"].lines)
    console = machines["bee2"].console(REFUSED_PATIENCE_S, *words("/bee1"), namespace="/bee2")
    found = what_of(console.outcome(), "/bee1")
    assert found == dict.fromkeys(EVERYTHING)
    assert robots["bee1"].lines[before:] == []


def test_a_robot_cannot_pass_for_another(
    machines: dict[str, Machine], folder: Path, robots: dict[str, Process]
) -> None:
    """bee2 starts nodes under bee1's names: an operator hears the true bee1 alone, and its calls go there."""
    before = robots["bee1"].count("go ")
    impostor = machines["bee2"].robot("/bee1")
    outcome = ask(machines, folder, "office", 10.0, *words("/bee1", "see", "hear", "go")).outcome()
    counts = outcome["hear=/bee1"]["counts"]
    assert counts == list(range(counts[0], counts[0] + 5)), "two publishers would be mixed here"
    assert outcome["go=/bee1"] == "/bee1 went"
    assert robots["bee1"].count("go ") == before + 1
    assert impostor.count("go ") == 0
    impostor.kill()


def test_who_was_removed_sees_nothing_any_more_and_others_stay(
    machines: dict[str, Machine], folder: Path, robots: dict[str, Process]
) -> None:
    stolen = folder.parent / "stolen.json5"
    stolen.write_bytes((folder / "members" / "tablet.json5").read_bytes())
    hub = machines["hub"].running[0]
    assert bee("network", "remove", str(folder), "tablet").returncode == 0
    assert bee("network", "add", str(folder), "tablet", "--role", "viewer").returncode == 0
    hub.says("starting anew")
    old = machines["tablet"].console(
        REFUSED_PATIENCE_S, *words("/bee1", "see", "hear"), ZENOH_SESSION_CONFIG_URI=str(stolen)
    )
    new = ask(machines, folder, "tablet", 15.0, *words("/bee1", "see", "hear"))
    assert what_of(old.outcome(), "/bee1") == {"see": None, "hear": None}
    assert what_of(new.outcome(), "/bee1")["hear"]["map"] == "map of /bee1"


def test_a_robot_works_on_without_the_network_and_comes_back_to_it(
    machines: dict[str, Machine], folder: Path, robots: dict[str, Process]
) -> None:
    machines["hub"].running[0].kill()
    alone = machines["bee1"].console(10.0, *words("/bee1", "see", "hear", "go", "climb"), namespace="/bee1")
    assert all(alone.outcome().values()), alone.text
    machines["hub"].router(str(folder / "router.json5"))
    outcome = ask(machines, folder, "office", 15.0, *words("/bee1"), *words("/bee2")).outcome()
    assert None not in outcome.values(), outcome
