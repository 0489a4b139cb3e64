"""Real processes killed with SIGKILL at random instants of a visit; then the host is started again, and `bee recover`.

The simulated machine is a process of its own and lives on. BEE_SIGKILLS sets another number of kills.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import bee_robot  # noqa: F401 - serves rclpy where there is no ROS 2; imported before it
from bee_robot.clock import wall_s, wall_sleep
from bee_robot.devices.tower import Servo

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "system"))

from bench_graph import own_graph
from robot_field import Bee, Field

HERE = Path(__file__).resolve().parents[1]

VICTIMS = ("frame_extractor", "tower_driver", "supervisor", "frame_cameras")
COUNT = int(os.environ.get("BEE_SIGKILLS", "30"))
FRAMES, SPEED, SEED = 2, "10", 7
EVENTS_OF_A_VISIT = 17
WAIT_S, VISIT_S, ENDS_S = 90.0, 240.0, 60.0
LIMITS = {
    "visit.real_sigkills": (">=", 30.0),
    "visit.real_sigkills_ended_well_pct": (">=", 100.0),
    "visit.real_sigkills_closed_pct": (">=", 100.0),
    "visit.real_violations": ("<=", 0.0),
}


@dataclass(frozen=True)
class Kill:
    victim: str
    events: int  # that the visit had told before
    at: str  # the last of them
    status: int  # of `bee recover`: 0 closed, 1 held
    wrong: str


class Yard:
    """A machine that stays, and a host that is started as often as it is needed."""

    def __init__(self, place: Field, client: object) -> None:
        self._place = place
        self._client = client
        self._robot = str(place.robot_file(FRAMES))
        self._ports = place.folder / "ports"
        self._ports.mkdir()
        self._host: Bee | None = None
        self._world = self._up("world", f"speed:={SPEED}")
        self._world.wait_for("is ready", WAIT_S)

    def _up(self, name: str, *more: str) -> Bee:
        table = str(HERE / "launch" / f"{name}.launch.yaml")
        return self._place.bee("up", table, "--robot", self._robot, f"port_dir:={self._ports}", *more)

    def host(self) -> Bee:
        """The host's processes, started again where they have ended."""
        if self._host is None or self._host.process.poll() is not None:
            self._host = self._up("host", f"store:={self._place.folder / 'store'}")
            self._host.wait_for("is ready", WAIT_S)
        return self._host

    def kill(self, victim: str, chance: random.Random) -> Kill:
        """One visit that is broken off, and what recovery makes of it."""
        host = self.host()
        while not self._client.events.empty():
            self._client.events.get()
        visit = self._place.bee(
            *("inspect", "--box", "1", "--robot", self._robot),
            *("--override-by", "bench", "--because", "processes are killed"),
        )
        events, at = chance.randrange(3, EVENTS_OF_A_VISIT), ""
        told, until_s = 0, wall_s() + VISIT_S
        while told < events and visit.process.poll() is None and wall_s() < until_s:
            while not self._client.events.empty():
                told, at = told + 1, self._client.events.get().text
            wall_sleep(0.02)
        wall_sleep(chance.uniform(0.0, 1.0))
        pid = host.process.pid if victim == "supervisor" else self._place.nodes().get(victim)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        visit.end(VISIT_S)
        self._wait_for_host(host, victim)
        return Kill(victim, told, at, *self._recover())

    def _wait_for_host(self, host: Bee, victim: str) -> None:
        """Without its cameras it goes on; without anybody else it ends, and all of its processes with it."""
        if victim == "frame_cameras":
            return
        host.end(ENDS_S)
        until_s = wall_s() + ENDS_S
        while set(self._place.nodes()) - {"sim_world"} and wall_s() < until_s:
            wall_sleep(0.1)

    def _recover(self) -> tuple[int, str]:
        self.host()
        recovery = self._place.bee("recover", "--robot", self._robot)
        status = recovery.end(VISIT_S)
        if status != 0:
            last = recovery.output.strip().splitlines()[-2:]
            return status, "" if status == 1 and "To do:" in recovery.output else " ".join(last)
        return status, self._against_closed()

    def _against_closed(self) -> str:
        """What the board says against a machine that is said to be closed and safe."""
        state = self._client.tower_state()
        if state is None:
            return "nobody tells the state of the tower"
        lost = [axis.value for axis, one in state.axes.items() if not one.is_referenced]
        out = [servo.value for servo in Servo if state.servos_deg[servo] > 1.0]
        loads = [kg for kg in state.loads_kg.values() if kg > 0.4]
        return "; ".join(
            text
            for text, found in (("not referenced", lost), ("not stowed", out), ("loaded", loads))
            if found
        )

    def end(self) -> None:
        for bee in (self._host, self._world):
            if bee is not None and bee.process.poll() is None:
                bee.interrupt()
                bee.end(ENDS_S)


def kills(count: int) -> tuple[list[Kill], int]:
    """The kills, and how many rules were broken or bees hurt meanwhile."""
    from bee_robot.nodes.graph_client import GraphClient

    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="bee_kills_") as folder:
        environment = {
            **os.environ,
            "BEE_TEST_FIELD": folder,
            "XDG_STATE_HOME": str(Path(folder, "state")),
            "PYTHONPATH": str(HERE.parent),
        }
        place = Field(Path(folder), environment)
        with GraphClient("tower_1", "bench_kills") as client:
            yard = Yard(place, client)
            done = []
            try:
                for victim in islice(cycle(VICTIMS), count):
                    done.append(yard.kill(victim, chance))
                    print(f"  {done[-1]}", flush=True)
                yard.end()
            finally:
                for bee in place.running:
                    if bee.process.poll() is None:
                        bee.process.kill()
                        bee.process.wait()
            return done, len(client.violations)


def measure() -> dict[str, float]:
    with own_graph(BEE_ROS="embedded"):
        done, violations = kills(COUNT)
    closed = [kill for kill in done if kill.status == 0 and not kill.wrong]
    well = [kill for kill in done if kill.status in (0, 1) and not kill.wrong]
    return {
        "visit.real_sigkills": len(done),
        "visit.real_sigkills_ended_well_pct": round(100 * len(well) / len(done), 2),
        "visit.real_sigkills_closed_pct": round(100 * len(closed) / len(done), 2),
        "visit.real_violations": violations,
    }
