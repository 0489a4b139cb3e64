#!/usr/bin/env python3
"""Flash and RAM that the firmware of a controller takes: text + data of its flash, data + bss of its RAM.

Reads the ELF file itself, so it needs no avr-size. Standard library only.

  tools/firmware_size.py build/firmware/mega2560/bee_mega2560.elf
"""

from __future__ import annotations

import argparse
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

FLASH_BYTES, RAM_BYTES = 262144, 8192
"""Of an ATmega2560."""
_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SECTION = struct.Struct("<10I")
_PROGBITS, _NOBITS = 1, 8
_WRITE, _ALLOC = 1, 2
_EEPROM_AT = 0x810000  # addresses from here on are no flash and no RAM: EEPROM, fuses, lock bits, signature


class NotFirmwareError(Exception):
    """The file is no program of an 8-bit AVR."""


@dataclass(frozen=True)
class Sizes:
    """Bytes."""

    flash: int
    ram: int

    @property
    def flash_pct(self) -> float:
        return 100 * self.flash / FLASH_BYTES

    @property
    def ram_pct(self) -> float:
        return 100 * self.ram / RAM_BYTES

    def __str__(self) -> str:
        return (
            f"flash {self.flash:6} of {FLASH_BYTES} bytes ({self.flash_pct:.1f} %)\n"
            f"RAM   {self.ram:6} of {RAM_BYTES} bytes ({self.ram_pct:.1f} %), without the stack"
        )


def sizes(path: Path) -> Sizes:
    """Of an ELF file. Raises NotFirmwareError, OSError."""
    data = path.read_bytes()
    try:
        header = _HEADER.unpack_from(data)
        sections_at, size, count = header[6], header[11], header[12]
        found = [_SECTION.unpack_from(data, sections_at + index * size) for index in range(count)]
    except struct.error:
        raise NotFirmwareError(f"{path} is no whole ELF file") from None
    is_avr = header[0][:6] == b"\x7fELF\x01\x01" and header[2] == 83
    if not is_avr:
        raise NotFirmwareError(f"{path} is no ELF file for an 8-bit AVR")
    flash = ram = 0
    for _, kind, flags, address, _, length, *_ in found:
        if not flags & _ALLOC or address >= _EEPROM_AT:
            continue
        if kind == _PROGBITS:
            flash += length
        if flags & _WRITE and kind in (_PROGBITS, _NOBITS):
            ram += length
    return Sizes(flash, ram)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("elf", type=Path)
    try:
        print(sizes(parser.parse_args().elf))
    except (NotFirmwareError, OSError) as error:
        sys.stderr.write(f"firmware_size: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
