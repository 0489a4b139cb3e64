"""The twin's serial port behaves like one."""

from __future__ import annotations

import serial

from bee_robot.sim.pseudo_terminal import PseudoTerminal

EVERY_BYTE = bytes(range(256))


def test_every_byte_passes_unchanged_both_ways() -> None:
    with PseudoTerminal() as terminal, serial.Serial(terminal.path, 250000, timeout=2) as port:
        port.write(EVERY_BYTE)
        port.flush()
        got = b""
        while len(got) < len(EVERY_BYTE):
            got += terminal.read()
        assert got == EVERY_BYTE
        assert terminal.write(EVERY_BYTE) == 256
        assert port.read(256) == EVERY_BYTE


def test_a_host_may_close_the_port_and_open_it_again() -> None:
    with PseudoTerminal() as terminal:
        for word in (b"first", b"second"):
            with serial.Serial(terminal.path, 250000, timeout=2) as port:
                terminal.write(word)
                assert port.read(len(word)) == word
            assert terminal.read() == b""


def test_bytes_that_nobody_fetches_are_lost_and_counted() -> None:
    with PseudoTerminal() as terminal:
        offered = taken = 0
        while taken == offered and offered < 1 << 20:
            offered += 1024
            taken += terminal.write(bytes(1024))
        assert 0 < taken < offered
