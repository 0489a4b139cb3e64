#!/usr/bin/env python3
"""Does only the step interrupt use the registers that are kept for it?

    tools/kept_registers.py PROGRAM.elf 2 3 4 5 6 7

The compiler leaves them alone in our own code; libraries were compiled without knowing. Prints each function that uses
one and ends with 1 if there is any beside the step interrupts (those whose code lies in step_interrupt.S).
"""

from __future__ import annotations

import re
import subprocess
import sys

STEP_VECTORS = {"19", "33", "34", "43", "44", "47", "48", "49"}
"""TIMER1_COMPC, TIMER3_COMPB and C, TIMER4_COMPB and C, TIMER5_COMPA, B and C: pins.h, STEP_PINS."""
TRANSMITTER = "__vector_26"
"""USART0_UDRE, in uart_interrupt.S."""


DATA = ("__vectors", "__trampolines", "__ctors", "__dtors", "crc_table")
SAVERS = {"__prologue_saves__", "__epilogue_restores__"}
"""Of the library: entered further down by functions that use fewer registers."""


def entered_at(listing: str) -> int:
    """Lowest byte at which one of SAVERS is entered; 2 bytes a register, from r2."""
    offsets = re.findall(
        r"jmp\s.*<(?:__prologue_saves__|__epilogue_restores__)(?:\+0x([0-9a-f]+))?>", listing
    )
    return min((int(offset or "0", 16) for offset in offsets), default=1000)


def users(listing: str, registers: set[str]) -> dict[str, str]:
    """Function name -> an instruction of it that names one of the registers."""
    found: dict[str, str] = {}
    name = ""
    for line in listing.splitlines():
        if header := re.match(r"[0-9a-f]+ <(\S+)>:", line):
            name = header.group(1)
            continue
        fields = line.split("\t")
        if len(fields) < 3:
            continue
        operands = fields[3] if len(fields) > 3 else ""
        used = set(re.findall(r"\br(\d+)\b", operands.split(";")[0]))
        if fields[2].startswith("movw"):  # a pair, named by its even register
            used |= {str(int(number) + 1) for number in used}
        if used & registers:
            found.setdefault(name, f"{fields[2]} {operands}")
    return found


def main() -> int:
    program, registers = sys.argv[1], set(sys.argv[2:])
    listing = subprocess.run(
        ["avr-objdump", "-d", program], capture_output=True, text=True, check=True
    ).stdout
    allowed = {f"__vector_{number}" for number in STEP_VECTORS}
    allowed |= {
        "call_event",
        "before_main",
        TRANSMITTER,
    }  # what lies behind the first, and where the constants are set
    if entered_at(listing) >= 2 * len(registers):
        allowed |= SAVERS
    others = {
        name: instruction
        for name, instruction in users(listing, registers).items()
        if name not in allowed and not name.startswith(DATA)
    }
    for name, instruction in others.items():
        print(f"{program}: {name} uses a register of the step interrupts: {instruction}", file=sys.stderr)
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main())
