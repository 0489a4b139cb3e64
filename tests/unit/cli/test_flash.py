"""`bee flash` with an avrdude that only writes down how it was called, and a board that the test plays behind a port."""

from __future__ import annotations

import contextlib
import os
import shlex
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest
import serial

from bee_robot.cli import locations
from bee_robot.cli.main import main
from bee_robot.clock import wall_sleep
from bee_robot.mcu import messages as m
from bee_robot.mcu import packets

MAKEFILE = """\
mega2560:
\t@mkdir -p $(OUT) && touch $(OUT)/bee_mega2560$(if $(filter-out 250000,$(BAUD)),_$(BAUD)).hex && echo made the firmware
OUT := ../build/firmware/mega2560
"""
AVRDUDE = """\
#!/bin/sh
echo "$@" >> {log}
echo avrdude writes
exit {status}
"""


class PlayedPort:
    """A port whose board answers every hello with `welcome`; silent without one. `others` counts what else it was sent."""

    def __init__(self) -> None:
        self.welcome: m.Welcome | None = m.Welcome(
            0, m.PROTOCOL_VERSION, m.PROTOCOL_SCHEMA, m.BoardKind.MEGA2560, 3, 0, 8, m.State.DISARMED, 1
        )
        self.hellos: list[m.Hello] = []
        self.others = 0
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self.path = os.ttyname(self._far)
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        reader = packets.PacketReader()
        while not self._is_over:
            with contextlib.suppress(BlockingIOError):
                for _, content in reader.feed(os.read(self._near, 4096)):
                    self._answer(content)
            wall_sleep(0.005)

    def _answer(self, content: bytes) -> None:
        message = m.HOST_READERS[content[0]][1](content, 0)
        if not isinstance(message, m.Hello):
            self.others += 1
            return
        self.hellos.append(message)
        if self.welcome is not None:
            os.write(self._near, packets.encode(0, self.welcome._replace(nonce=message.nonce).pack()))

    def __enter__(self) -> PlayedPort:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._thread.join()
        os.close(self._near)
        os.close(self._far)


class Bench:
    """A source tree whose firmware is quickly made, and tools that do nothing but say so."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.log = folder / "avrdude.log"
        self._tools = folder / "tools"
        self._tools.mkdir()
        (folder / "firmware").mkdir()
        (folder / "firmware" / "Makefile").write_text(MAKEFILE)
        self.robot = locations.default_robot_file()
        monkeypatch.setattr(locations, "SOURCE_TREE", folder)
        monkeypatch.setenv("PATH", f"{self._tools}{os.pathsep}{os.environ['PATH']}")
        self.avrdude(0)

    def avrdude(self, status: int) -> None:
        tool = self._tools / "avrdude"
        tool.write_text(AVRDUDE.format(log=shlex.quote(str(self.log)), status=status))
        tool.chmod(0o755)

    def flash(self, *words: str) -> int:
        return main(["flash", "--robot", str(self.robot), *words])

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def expected(self, port: str) -> str:
        image = self.folder / "build" / "firmware" / "mega2560" / "bee_mega2560.hex"
        return f"-p atmega2560 -c wiring -P {port} -b 115200 -D -U flash:w:{image}:i"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


@pytest.fixture
def port() -> Iterator[PlayedPort]:
    with PlayedPort() as made:
        yield made


def test_it_builds_asks_writes_and_shows_the_welcome(
    bench: Bench, port: PlayedPort, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bench.flash("--port", port.path) == 0
    said = capfd.readouterr().out
    assert bench.calls == [bench.expected(port.path)]
    steps = [
        "made the firmware",
        "is disarmed",
        f"flash: avrdude {bench.expected(port.path)}",
        "avrdude writes",
    ]
    places = [said.index(step) for step in [*steps, "A mega2560 welcomes: protocol"]]
    assert places == sorted(places)
    assert port.others == 0 and all(hello.protocol == 0 for hello in port.hellos), "asked, not taken over"


def test_a_dry_run_says_exactly_what_would_be_done_and_does_nothing(
    bench: Bench, port: PlayedPort, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bench.flash("--port", port.path, "--dry-run") == 0
    said = capfd.readouterr().out
    assert f"avrdude {bench.expected(port.path)}" in said
    assert f"make --no-print-directory -C {bench.folder / 'firmware'} mega2560 BAUD=250000" in said
    assert bench.calls == [] and port.hellos == [] and not (bench.folder / "build").exists()
    bench.flash("--port", port.path)
    command = next(line for line in said.splitlines() if line.startswith("3.")).partition("avrdude ")[2]
    assert bench.calls == [command], "a dry run shows the command that a run uses"


def test_the_firmware_is_for_the_speed_of_the_robot_file(bench: Bench, port: PlayedPort) -> None:
    slow = bench.folder / "slow.yaml"
    slow.write_text(bench.robot.read_text().replace("baud: 250000", "baud: 115200"))
    bench.robot = slow
    assert bench.flash("--port", port.path) == 0
    assert len(bench.calls) == 1 and "/bee_mega2560_115200.hex:i" in bench.calls[0]


@pytest.mark.parametrize("state", [m.State.ARMED, m.State.MOVING, m.State.HOLDING])
def test_a_board_in_use_is_not_flashed(
    bench: Bench, port: PlayedPort, state: m.State, capfd: pytest.CaptureFixture[str]
) -> None:
    assert port.welcome is not None
    port.welcome = port.welcome._replace(state=state)
    assert bench.flash("--port", port.path) == 1
    assert f"is {state.name.lower()}; end what moves it and disarm first" in capfd.readouterr().err
    assert bench.calls == []


def test_another_kind_of_board_is_not_flashed(
    bench: Bench, port: PlayedPort, capfd: pytest.CaptureFixture[str]
) -> None:
    assert port.welcome is not None
    port.welcome = port.welcome._replace(board_kind=m.BoardKind.HOST)
    assert bench.flash("--port", port.path) == 1
    assert "is a host, the firmware is for a mega2560" in capfd.readouterr().err
    assert bench.calls == []


def test_a_port_that_is_missing_or_taken_is_left_alone(
    bench: Bench, port: PlayedPort, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bench.flash("--port", "/dev/no_such_port") == 2
    assert "/dev/no_such_port is not there (--port)" in capfd.readouterr().err
    assert bench.flash("--port", "/dev/no_such_port", "--dry-run") == 2
    assert "is not there" in capfd.readouterr().err
    with serial.Serial(port.path, 250000, exclusive=True):
        assert bench.flash("--port", port.path) == 2
    assert "is taken by another program" in capfd.readouterr().err
    assert bench.calls == []


def test_a_failing_avrdude_is_said(bench: Bench, port: PlayedPort, capfd: pytest.CaptureFixture[str]) -> None:
    bench.avrdude(1)
    assert bench.flash("--port", port.path) == 1
    assert "avrdude failed" in capfd.readouterr().err


def test_a_firmware_that_is_not_built_is_not_written(
    bench: Bench, port: PlayedPort, capfd: pytest.CaptureFixture[str]
) -> None:
    (bench.folder / "firmware" / "Makefile").write_text("mega2560:\n\tfalse\n")
    assert bench.flash("--port", port.path) == 1
    assert "was not built" in capfd.readouterr().err
    assert bench.calls == []


def test_without_avrdude_nothing_is_begun(
    bench: Bench, port: PlayedPort, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(bench.folder))
    assert bench.flash("--port", port.path) == 3
    assert "apt-get install avrdude" in capfd.readouterr().err


def test_a_new_board_is_flashed_and_must_answer_afterwards(
    bench: Bench, port: PlayedPort, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bee_robot.cli.flash.LOOK_S", 0.2)
    monkeypatch.setattr("bee_robot.cli.flash.WELCOME_S", 0.3)
    port.welcome = None
    assert bench.flash("--port", port.path) == 1
    assert bench.calls == [bench.expected(port.path)]
    assert "nothing answers" in capfd.readouterr().err


def test_a_board_with_other_firmware_afterwards_is_said(
    bench: Bench, port: PlayedPort, capfd: pytest.CaptureFixture[str]
) -> None:
    assert port.welcome is not None
    port.welcome = port.welcome._replace(protocol=1, schema=7)
    assert bench.flash("--port", port.path) == 1
    said = capfd.readouterr()
    assert "speaks protocol 1 (schema 00000007) now" in said.out
    assert f"flashed, but the board speaks protocol 1 (schema 00000007), not {m.PROTOCOL_VERSION}" in said.err
