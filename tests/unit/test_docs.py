"""Every command in README and docs is one that works: run here where it is cheap, else checked word by word.

The long ones (`make demo`, whole visits) are run by tests/system.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bee_robot.cli.launching.launch_file import load
from bee_robot.cli.main import verbs

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")

# Commands of ROS 2 and of the shell: nothing of ours to check but their arguments, where they name something of ours.
FOREIGN = {"cd", "export", "rosdep", "source", "sudo", "unset"}


@dataclass(frozen=True)
class Command:
    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def as_bee(words: list[str]) -> list[str]:
    """The same command where nothing is installed: python3 -m bee_robot.cli.main."""
    return ["bee", *words[3:]] if words[:3] == ["python3", "-m", "bee_robot.cli.main"] else words


def commands() -> list[Command]:
    found = []
    for page in PAGES:
        for block in FENCE.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                words = as_bee(shlex.split(line, comments=True))
                if words:
                    found.append(Command(page.relative_to(ROOT).as_posix(), tuple(words)))
    return found


COMMANDS = commands()


def is_bee(command: Command) -> bool:
    return command.words[0].rpartition("/")[2] == "bee"


def test_the_readme_has_the_two_set_up_commands_and_no_more() -> None:
    block = FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8"))[0]
    assert block.split("\n")[:2] == ["make demo", "make test"]


def test_every_command_is_of_a_kind_that_is_checked() -> None:
    checked = {
        "make",
        "ros2",
        "colcon",
        "tools/debian_packages",
        "tools/resolve_pins.py",
        "tools/setup",
    } | FOREIGN
    unknown = [str(each) for each in COMMANDS if not is_bee(each) and each.words[0] not in checked]
    assert not unknown


@pytest.mark.parametrize("command", [each for each in COMMANDS if is_bee(each)], ids=str)
def test_bee_understands_the_command(command: Command) -> None:
    words = command.words[1:]
    if words[0].startswith("-"):
        assert words in (("--help",), ("--version",))
        return
    verb = next(each for each in verbs() if each.name == words[0])
    module = importlib.import_module(verb.module)
    if hasattr(module, "check_words"):  # a verb with verbs of its own
        module.check_words(list(words[1:]))
        return
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    module.add_arguments(parser)
    parser.parse_intermixed_args(list(words[1:]))


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.words[0] == "make"], ids=str)
def test_make_knows_the_target(command: Command) -> None:
    assignments = [word for word in command.words[1:] if "=" in word]
    targets = [word for word in command.words[1:] if "=" not in word]
    done = subprocess.run(
        ["make", "--dry-run", *targets, *assignments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for assignment in assignments:
        name = assignment.partition("=")[0]
        assert re.search(rf"\$\({name}\)", (ROOT / "Makefile").read_text(encoding="utf-8")), (
            f"{name} means nothing"
        )


@pytest.mark.parametrize(
    "command",
    [each for each in COMMANDS if each.words[0].startswith("tools/") and each.words[0] != "tools/setup"],
    ids=str,
)
def test_tools_run(command: Command) -> None:
    words = [sys.executable, *command.words] if command.words[0].endswith(".py") else list(command.words)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.words[0] == "ros2"], ids=str)
def test_ros2_gets_names_that_exist(command: Command) -> None:
    verb, *words = command.words[1:]
    if verb == "launch":
        package, file, *arguments = words
        assert package == "bee_robot"
        given = dict(word.split(":=", 1) for word in arguments)
        assert load(ROOT / "launch" / file, given).nodes
    elif verb == "run" and words[0] == "bee_robot":
        assert f'"{words[1]}"' in (ROOT / "setup.py").read_text(encoding="utf-8")
    for name in (word for word in words if word.startswith("bee_robot_interfaces/")):
        package, kind, leaf = name.split("/")
        assert (ROOT / package / kind / f"{leaf}.{kind}").is_file(), name


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.words[0] == "tools/setup"], ids=str)
def test_setup_has_the_profile(command: Command) -> None:
    profiles = re.findall(r"^([\w |]+)\) extras=", (ROOT / "tools" / "setup").read_text(), re.MULTILINE)
    assert command.words[1] in "|".join(profiles).replace(" ", "").split("|")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {
                re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
            }


def test_one_table_has_all_environment_variables_that_are_read() -> None:
    """Both ways: none is read that does not stand there, and none stands there that nobody reads."""
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = page.partition("<!-- table: environment -->")[2].partition("<!-- end -->")[0]
    told = {
        name for row in table.splitlines()[3:] for name in re.findall(r"`([A-Z][A-Z_]+)`", row.split("|")[1])
    }
    sources = [each.read_text(encoding="utf-8") for each in (ROOT / "bee_robot").rglob("*.py")]
    named = r"(?:BEE|ROS|ZENOH|RCUTILS|XDG|AMENT)_[A-Z_]+|NO_COLOR"
    read = {name for text in sources for name in re.findall(rf"""["']({named})["']""", text)}
    for file in (ROOT / "launch").iterdir():
        read |= set(re.findall(r"\$\(env (\w+)", file.read_text(encoding="utf-8")))
    read -= {"HOME"}  # everybody's
    assert told == read
    assert len(told) > 20


def test_pages_speak_of_what_is_there() -> None:
    """Paths in backticks that look like files of the repository exist."""
    known_elsewhere = {"reports/", "pins.txt"}
    for page in PAGES:
        for path in re.findall(
            r"`((?:bee_robot|tests|launch|config|tools|firmware)/[\w./-]+)`", page.read_text()
        ):
            assert path in known_elsewhere or (ROOT / path).exists(), f"{page.name}: {path}"
