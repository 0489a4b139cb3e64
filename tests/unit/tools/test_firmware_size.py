"""Flash and RAM of a controller's program, read from its ELF file."""

from __future__ import annotations

import importlib.util
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "tools" / "firmware_size.py"
PROGBITS, NOBITS = 1, 8
WRITE, ALLOC, EXECUTE = 1, 2, 4


@pytest.fixture(scope="module")
def firmware_size() -> ModuleType:
    spec = importlib.util.spec_from_file_location("firmware_size", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = sys.modules["firmware_size"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def elf(path: Path, *sections: tuple[int, int, int, int], machine: int = 83) -> Path:
    """An ELF file with nothing but section headers: (kind, flags, address, size)."""
    head = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01",
        2,
        machine,
        1,
        0,
        0,
        52,
        0,
        52,
        0,
        0,
        40,
        len(sections),
        0,
    )
    rows = b"".join(struct.pack("<10I", 0, *section[:3], 0, section[3], 0, 0, 1, 0) for section in sections)
    path.write_bytes(head + rows)
    return path


def test_flash_is_text_and_data_and_ram_is_data_and_bss(firmware_size: ModuleType, tmp_path: Path) -> None:
    path = elf(
        tmp_path / "a.elf",
        (PROGBITS, ALLOC | EXECUTE, 0, 26214),
        (PROGBITS, ALLOC | WRITE, 0x800200, 100),
        (NOBITS, ALLOC | WRITE, 0x800264, 700),
        (NOBITS, ALLOC | WRITE, 0x800520, 20),  # kept over a reset
        (PROGBITS, ALLOC | WRITE, 0x810000, 4000),  # EEPROM
        (PROGBITS, 0, 0, 9999),  # of the debugger
    )
    sizes = firmware_size.sizes(path)
    assert (sizes.flash, sizes.ram) == (26314, 820)
    assert sizes.flash_pct == pytest.approx(10.038, abs=1e-3) and sizes.ram_pct == pytest.approx(
        10.01, abs=1e-2
    )
    shown = subprocess.run(
        [sys.executable, str(SCRIPT), str(path)], capture_output=True, text=True, check=True
    )
    assert "flash  26314 of 262144 bytes (10.0 %)" in shown.stdout
    assert "RAM      820 of 8192 bytes (10.0 %)" in shown.stdout


def test_something_else_is_no_firmware(tmp_path: Path) -> None:
    no_elf, other = tmp_path / "text", elf(tmp_path / "other", machine=62)
    no_elf.write_text("text")
    for path, complaint in (
        (no_elf, "no whole ELF file"),
        (other, "8-bit AVR"),
        (tmp_path / "none", "No such file"),
    ):
        done = subprocess.run([sys.executable, str(SCRIPT), str(path)], capture_output=True, text=True)
        assert done.returncode == 1 and complaint in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.skipif(
    not shutil.which("avr-gcc"), reason="needs gcc-avr and avr-libc: apt-get install gcc-avr avr-libc"
)
def test_it_agrees_with_the_tool_of_the_compiler(firmware_size: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("int d[9] = {1}; int b[99]; int main(void) { return d[3] + b[2]; }\n")
    path = tmp_path / "a.elf"
    subprocess.run(
        ["avr-gcc", "-mmcu=atmega2560", "-O1", "-o", str(path), str(source)], check=True, timeout=60
    )
    text, data, bss = (
        int(word)
        for word in subprocess.run(
            ["avr-size", str(path)], capture_output=True, text=True, check=True, timeout=60
        )
        .stdout.splitlines()[1]
        .split()[:3]
    )
    sizes = firmware_size.sizes(path)
    assert (sizes.flash, sizes.ram) == (text + data, data + bss)
