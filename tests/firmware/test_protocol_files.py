"""firmware/protocol.yaml is the only place where messages are written down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bee_robot.mcu import messages as m
from bee_robot.mcu import packets

ROOT = Path(__file__).resolve().parents[2]


def test_generated_files_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "generate_protocol.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_packets_of_the_board_are_short_enough_for_a_small_controller() -> None:
    for size, _ in m.BOARD_READERS.values():
        assert size + packets.OVERHEAD <= m.BOARD_PACKET_MAX == 40
    for size, _ in m.HOST_READERS.values():
        assert size + packets.OVERHEAD <= m.HOST_PACKET_MAX


def test_every_message_reads_back_what_was_written() -> None:
    for readers in (m.HOST_READERS, m.BOARD_READERS):
        for number, (size, read) in readers.items():
            message = read(bytes((number,)) + bytes(range(1, size)), 0)
            assert m.NUMBERS[type(message)] == number
            assert message.pack() == bytes((number,)) + bytes(range(1, size))


def test_the_document_describes_every_message_and_cause() -> None:
    text = (ROOT / "firmware" / "PROTOCOL.md").read_text(encoding="utf-8")
    for kind, number in m.NUMBERS.items():
        assert f"| {number} | `" in text, kind
    for cause in m.Cause:
        assert f"`{cause.name.lower()}`" in text
