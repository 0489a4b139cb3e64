"""Which Debian packages are missing, and what the set-up of the tests does about it. apt-get and id are played."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NEEDED = ("bash", "cat", "dirname", "mkdir", "python3", "cc", "gcc", "make")
APT_GET = """\
#!/bin/bash
echo "$@" >>apt.log
[ {works} = yes ] && [ "$1" = install ] && {{ echo '#!/bin/sh' >{tools}/avr-gcc; chmod +x {tools}/avr-gcc; }}
[ {works} = yes ]
"""


class Machine:
    """A PATH on which nothing is but what the scripts need, and a copy of the scripts in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tools = folder, folder / "bin"
        (folder / "tools").mkdir()
        self.tools.mkdir()
        for name in ("debian_packages", "test_packages"):
            shutil.copy(ROOT / "tools" / name, folder / "tools" / name)
        for name in NEEDED:
            where = sys.executable if name == "python3" else shutil.which(name)
            if where:  # a Python of a virtual environment wants to be called by its own path
                self.script(name, f'#!/bin/sh\nexec {where} "$@"\n')
        self.script("id", "#!/bin/bash\necho ${PLAYED_UID:-0}\n")
        self.apt_get(works=True)

    def script(self, name: str, text: str) -> None:
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def apt_get(self, works: bool) -> None:
        self.script("apt-get", APT_GET.format(works="yes" if works else "no", tools=self.tools))

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        given = {"PATH": str(self.tools), "HOME": os.environ.get("HOME", "/"), **environment}
        return subprocess.run(
            [f"tools/{words[0]}", *words[1:]],
            cwd=self.folder,
            env=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        log = self.folder / "apt.log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_every_package_has_a_need_and_a_purpose(machine: Machine) -> None:
    rows = [line.split(maxsplit=3) for line in machine.run("debian_packages").stdout.splitlines()]
    needs = {row[0]: row[2] for row in rows}
    assert all(row[2] in ("required", "tests", "optional") and row[3] for row in rows)
    assert {name for name, need in needs.items() if need == "tests"} == {
        "gcc-avr",
        "avr-libc",
        "libsimavr-dev",
    }
    assert {"avrdude", "clang", "libclang-rt-dev", "cppcheck"} <= set(needs)


def test_what_only_tests_need_is_not_required(machine: Machine) -> None:
    assert machine.run("debian_packages", "--check").returncode == 0
    for_tests = machine.run("debian_packages", "--check", "--for-tests")
    assert for_tests.returncode == 1 and "gcc-avr" in for_tests.stderr and "avrdude" not in for_tests.stderr


def test_root_with_apt_get_gets_them(machine: Machine) -> None:
    done = machine.run("test_packages")
    assert done.returncode == 0 and "installing them" in done.stdout and "gcc-avr" in done.stdout
    assert machine.calls[0] == "update -qq"
    assert machine.calls[1].startswith("install -y --no-install-recommends gcc-avr")


def test_a_failing_apt_get_is_tried_once_and_the_tests_are_skipped(machine: Machine) -> None:
    machine.apt_get(works=False)
    first, second = machine.run("test_packages"), machine.run("test_packages")
    assert first.returncode == second.returncode == 0
    assert "apt-get failed, see build/debian_packages.log" in first.stdout
    for done in (first, second):
        assert "tests that need them are skipped: missing Debian packages: gcc-avr" in done.stdout
        assert "Install them with: apt-get install -y gcc-avr" in done.stdout
    assert len(machine.calls) == 1


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({"PLAYED_UID": "1000"}, "sudo apt-get install -y gcc-avr"),
        ({"BEE_APT": "no"}, "apt-get install -y gcc-avr"),
    ],
)
def test_nobody_else_s_machine_is_changed(
    machine: Machine, environment: dict[str, str], command: str
) -> None:
    done = machine.run("test_packages", **environment)
    assert done.returncode == 0 and command in done.stdout
    assert machine.calls == []


def test_a_machine_that_has_all_says_nothing(machine: Machine) -> None:
    if (
        not Path("/usr/include/simavr/sim_avr.h").is_file()
        or not Path("/usr/lib/avr/include/avr/io.h").is_file()
    ):
        pytest.skip("needs avr-libc and libsimavr-dev: apt-get install avr-libc libsimavr-dev")
    machine.script("avr-gcc", "#!/bin/sh\n")
    done = machine.run("test_packages")
    assert (done.returncode, done.stdout, machine.calls) == (0, "", [])
