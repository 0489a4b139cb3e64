"""Every command of docs/network.md, in order, on machines of its own."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from network_places import ROOT, Country, Machine, country

FENCE = re.compile(r"^```bash\n# on the (\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGE = (ROOT / "docs" / "network.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


class Reader:
    """Somebody who types what the page says, each machine with a shell of its own."""

    def __init__(self, machines: dict[str, Machine], folder: Path, replaced: dict[str, str]) -> None:
        self._machines = machines
        self._folder = folder
        self._replaced = {**replaced, "$PWD": str(folder)}
        self._exported: dict[str, dict[str, str]] = {name: {} for name in machines}
        self.routers = 0

    def follow(self, section: str) -> str:
        """Type the section's commands; what they printed."""
        printed = []
        for name, block in FENCE.findall(SECTIONS[section]):
            for line in block.splitlines():
                printed.append(self._type(name, line))
        return "\n".join(printed)

    def _type(self, name: str, line: str) -> str:
        for word, meant in self._replaced.items():
            line = line.replace(word, meant)
        words, exported = shlex.split(line), self._exported[name]
        if words[0] == "export":
            variable, _, value = words[1].partition("=")
            exported[variable] = value
            return ""
        if words[0] == "unset":
            del exported[words[1]]
            return ""
        assert words[0] == "bee", line
        # what was handed over lies in the working folder, and so does net
        words = [
            str(self._folder / word) if (self._folder / word).exists() or word == "net" else word
            for word in words
        ]
        process = self._machines[name].python("-m", "bee_robot.cli.main", *words[1:], **exported)
        if words[1:3] == ["network", "router"]:
            process.says("listens at")
            self.routers += 1
            return process.text
        assert process.wait() == 0, f"{line}:\n{process.text}"
        for file in self._folder.glob("net/members/*.json5"):
            shutil.copy(file, self._folder)
        return process.text


@pytest.fixture
def places(domain_id: int) -> object:
    with country(0, "robot", "laptop") as made:
        yield made.machines


def test_a_robot_and_a_laptop_on_a_network_that_you_trust(places: dict[str, Machine], tmp_path: Path) -> None:
    # what the laptop's cable leads to is the robot here
    machines = {"robot": places["hub"], "laptop": places["laptop"]}
    reader = Reader(machines, tmp_path, {"robot.local": Country.HUB_ADDRESS})
    machines["robot"].robot("/bee1")
    printed = reader.follow("A robot and a laptop on a network that you trust")
    assert printed.count("/bee1/driver") == 2, printed


def test_far_away_and_changes(places: dict[str, Machine], tmp_path: Path) -> None:
    reader = Reader(places, tmp_path, {"hub.local": Country.HUB_ADDRESS})
    reader._exported["laptop"]["ZENOH_CONFIG_OVERRIDE"] = ""
    places["robot"].robot("/bee1")
    printed = reader.follow("Far away: a router with TLS, one file for each member")
    assert reader.routers == 2
    assert "/bee1/driver" in printed and "/bee1/count" in printed, printed
    assert "office: operator" in printed
    changed = reader.follow("Changes")
    assert "tablet may do nothing any more" in changed
    assert not re.search("^  tablet", changed, re.MULTILINE)


def test_the_table_of_roles_is_that_of_the_code() -> None:
    from bee_robot.cli.networking.roles import EVERYTHING, ROLES, grants

    for role in ROLES:
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| {role} |"))
        cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
        allowed = grants(role, "/NAME", (), ())
        for cell, names in zip(cells, (allowed.publish, allowed.subscribe, allowed.serve, allowed.call)):
            shown = ["everything"] if names == (EVERYTHING,) else [f"`{name}`" for name in names]
            if names or not allowed.call_types or cell == "nothing":
                assert cell == (", ".join(shown) or "nothing"), (role, cell)
            else:
                assert "only tell" in cell
