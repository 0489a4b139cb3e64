"""A client of a router behind a connection that is slow, loses, stalls, is throttled, and breaks."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator

import pytest
from bad_connection import BadConnection
from network_places import Country, Machine, Process, country, free_port, wait_for

LOST = "the Zenoh router is gone"
BACK = "the Zenoh router is back"


@pytest.fixture
def connection(machine: Machine) -> Iterator[BadConnection]:
    """A router, and a bad connection with it."""
    port, bad_port = free_port(), free_port()
    machine.router("--listen", f"tcp/127.0.0.1:{port}")
    bad = BadConnection(bad_port, port)
    bad.near, bad.far = f"tcp/127.0.0.1:{port}", f"tcp/127.0.0.1:{bad_port}"
    yield bad
    bad.close()


def numbers(process: Process) -> list[int]:
    return [int(line.split()[1]) for line in list(process.lines) if re.fullmatch(r"number \d+", line)]


def talk(machine: Machine, connection: BadConnection) -> tuple[Process, Process]:
    """A talker behind the bad connection, and a hearer on the router's side; once they hear each other."""
    counting = "tests/network/programs/counting.py"
    hearer = machine.python(counting, "hear", BEE_ROS_ROUTER=connection.near)
    talker = machine.python(counting, "talk", BEE_ROS_ROUTER=connection.far)
    hearer.says("number ")
    talker.says("answer ")
    return talker, hearer


def hears_more(hearer: Process, more: int) -> list[int]:
    wanted = len(numbers(hearer)) + more
    assert wait_for(lambda: len(numbers(hearer)) >= wanted), (
        f"{len(numbers(hearer))} of {wanted}\n{hearer.text[-500:]}"
    )
    return numbers(hearer)


def test_a_slow_connection_that_stalls_loses_nothing(machine: Machine, connection: BadConnection) -> None:
    connection.delay_s, connection.jitter_s = 0.05, 0.1
    talker, hearer = talk(machine, connection)
    for _ in range(3):
        connection.stall()
        time.sleep(0.7)
        connection.flow()
        heard = hears_more(hearer, 80)
    assert heard == list(range(heard[0], heard[0] + len(heard))), "each number once, in order"
    assert wait_for(lambda: talker.count("answer ") > 5)
    assert talker.count("no answer") == 0
    assert talker.count(LOST) == 0


def test_what_is_lost_comes_late_and_in_order_and_one_cut_leaves_one_gap(
    machine: Machine, connection: BadConnection
) -> None:
    """One piece in twenty is lost on each way and resent; at a random moment the connection breaks."""
    connection.delay_s, connection.jitter_s, connection.lost_share = 0.025, 0.02, 0.05
    talker, hearer = talk(machine, connection)
    heard = hears_more(hearer, 100 + random.Random(2).randrange(100))
    assert heard == list(range(heard[0], heard[0] + len(heard))), "lost pieces are late, none is missing"
    assert talker.count(LOST) == 0 and connection.lost > 0

    asked = talker.count("answer ")
    connection.cut()
    assert wait_for(lambda: talker.count(BACK) == 1)
    assert wait_for(lambda: talker.count("answer ") > asked + 3)
    heard = hears_more(hearer, 100)
    steps = [after - before for before, after in zip(heard, heard[1:])]
    assert min(steps) == 1 and sum(step > 1 for step in steps) <= 1, (
        "in order, and one gap at most: at the cut"
    )
    assert talker.count(LOST) == 1


def test_a_narrow_connection_delivers_in_order(machine: Machine, connection: BadConnection) -> None:
    connection.bytes_per_s = 30_000.0  # the talker makes some 15 000, with its heartbeats and calls
    _, hearer = talk(machine, connection)
    heard = hears_more(hearer, 150)
    assert heard == list(range(heard[0], heard[0] + len(heard)))


def test_a_connection_that_breaks_is_made_again(machine: Machine, connection: BadConnection) -> None:
    talker, hearer = talk(machine, connection)
    for number in (1, 2):
        connection.refuse = True
        connection.cut()
        assert wait_for(lambda: talker.count(LOST) == number)  # noqa: B023
        before = len(numbers(hearer))
        asked = talker.count("answer ")
        connection.refuse = False
        assert wait_for(lambda: talker.count(BACK) == number)  # noqa: B023
        assert wait_for(lambda: len(numbers(hearer)) > before + 50)  # noqa: B023
        assert wait_for(lambda: talker.count("answer ") > asked + 3)  # noqa: B023
    heard = numbers(hearer)
    assert heard == sorted(set(heard)), "some are lost with a connection, none comes twice or late"
    answered = [line for line in talker.lines if re.match(r"(no )?answer", line)]
    counted = [int(line.split()[-1]) for line in answered]
    assert counted == list(range(1, len(counted) + 1)), "every call ended, with an answer or without"
    assert talker.count(LOST) == talker.count(BACK) == 2, "each told once"
    assert connection.connections >= 3


def test_a_router_that_dies_is_found_again_and_the_graph_is_whole(machine: Machine) -> None:
    port = free_port()
    endpoint = f"tcp/127.0.0.1:{port}"
    router = machine.router("--listen", endpoint)
    robot = machine.robot("/bee1", BEE_ROS_ROUTER=endpoint)
    router.kill()
    robot.says(LOST)
    machine.router("--listen", endpoint)
    robot.says(BACK)
    words = [f"{each}=/bee1" for each in ("see", "hear", "say", "go", "climb", "speed", "set_speed")]
    console = machine.console(15.0, *words, BEE_ROS_ROUTER=endpoint)
    outcome = console.outcome()
    assert None not in outcome.values(), outcome
    assert outcome["hear=/bee1"]["map"] == "map of /bee1"
    assert outcome["see=/bee1"]["nodes"] == ["/bee1/driver", "/console"]
    assert robot.count(LOST) == robot.count(BACK) == 1
    assert robot.end() == 0


def test_a_lossy_cable(domain_id: int) -> None:
    """The same over a cable that loses one packet in twenty, by the kernel."""
    with country(domain_id, "robot", "console") as made:
        bad = _with_loss(made)
        router = f"tcp/{Country.HUB_ADDRESS}:7447"
        made.machines["hub"].router("--listen", router)
        bad["robot"].robot("/bee1", BEE_ROS_ROUTER=router)
        words = [f"{each}=/bee1" for each in ("see", "hear", "say", "go", "climb", "speed", "set_speed")]
        outcome = bad["console"].console(15.0, *words, BEE_ROS_ROUTER=router).outcome()
        assert None not in outcome.values(), outcome


def _with_loss(made: Country) -> dict[str, Machine]:
    for name in ("robot", "console"):
        if not made.shape(name, "delay", "50ms", "20ms", "loss", "5%"):
            pytest.skip(
                "this kernel shapes no traffic: `tc` (Debian: iproute2) or its module sch_netem is missing"
            )
    return made.machines
