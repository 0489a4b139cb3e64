"""The wiring in docs/hardware.md is that of firmware/boards/mega2560/pins.h, and the Arduino's numbers belong to those pins."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINS = (ROOT / "firmware" / "boards" / "mega2560" / "pins.h").read_text(encoding="utf-8")
DOC = (ROOT / "docs" / "hardware.md").read_text(encoding="utf-8")

AXES = (
    *(f"{kind} {side}" for kind in ("lift", "scan", "shuttle") for side in ("left", "right")),
    "spare 6",
    "spare 7",
)
SIDES = ("left", "right")
SERVOS = ("fork left", "fork right", "hook left", "hook right")
OUTPUTS = ("strobe", "red light", "fan", "heater")

# Digital pins 0 to 69 of the Arduino Mega 2560, as its core lists them; 54 to 69 are also A0 to A15.
MEGA = (
    "E0 E1 E4 E5 G5 E3 H3 H4 H5 H6 B4 B5 B6 B7 J1 J0 H1 H0 D3 D2 D1 D0 "
    "A0 A1 A2 A3 A4 A5 A6 A7 C7 C6 C5 C4 C3 C2 C1 C0 D7 G2 G1 G0 L7 L6 L5 L4 L3 L2 L1 L0 B3 B2 B1 B0 "
    "F0 F1 F2 F3 F4 F5 F6 F7 K0 K1 K2 K3 K4 K5 K6 K7"
).split()  # fmt: skip
Wires = dict[tuple[str, str], str]


def rows(macro: str, entry: str) -> list[list[str]]:
    """Arguments of each entry of a macro of pins.h, in their order."""
    block = re.search(rf"#define {macro}\(\w+\)(.*?)\n\n", PINS + "\n\n", re.DOTALL)
    assert block is not None, f"pins.h has no {macro}"
    return [
        [word.strip() for word in found.split(",")] for found in re.findall(rf"{entry}\(([^)]*)\)", block[1])
    ]


def single(name: str) -> str:
    port, bit = (re.search(rf"#define {name}_{part} (\w+)", PINS) for part in ("PORT", "BIT"))
    assert port is not None and bit is not None
    return f"P{port[1]}{bit[1]}"


def wires_of_the_firmware() -> Wires:
    wires: Wires = {}
    for axis, step, step_bit, direction, direction_bit, _, _ in rows("STEP_PINS", "AXIS"):
        wires[AXES[int(axis)], "step"] = f"P{step}{step_bit}"
        wires[AXES[int(axis)], "direction"] = f"P{direction}{direction_bit}"
    for axis, port, bit in rows("END_STOP_PINS", "INPUT"):
        wires[AXES[int(axis)], "end stop"] = f"P{port}{bit}"
    for side, port, bit in rows("PIN_SENSOR_PINS", "INPUT"):
        wires[f"pin sensor {SIDES[int(side)]}", "signal"] = f"P{port}{bit}"
    for side, data, data_bit, clock, clock_bit in rows("LOAD_CELL_PINS", "CELL"):
        wires[f"load cell {SIDES[int(side)]}", "data"] = f"P{data}{data_bit}"
        wires[f"load cell {SIDES[int(side)]}", "clock"] = f"P{clock}{clock_bit}"
    for servo, _, _, port, bit in rows("SERVO_PINS", "SERVO"):
        wires[f"servo {SERVOS[int(servo)]}", "pulse"] = f"P{port}{bit}"
    for output, port, bit in rows("OUTPUT_PINS", "OUTPUT"):
        wires[OUTPUTS[int(output)], "switch"] = f"P{port}{bit}"
    wires["door", "sense"], wires["e-stop", "sense"] = single("DOOR"), single("ESTOP")
    wires["motor drivers", "alarm"] = single("MOTORS_READY")
    wires["motor relay", "coil"], wires["lamp on the board", "on"] = single("RELAY"), single("LED")
    return wires


def table() -> list[list[str]]:
    """Cells of the wiring table: function, signal, Arduino pin, controller pin, where on RAMPS."""
    begin = DOC.index("| function | signal | Arduino | controller |")
    lines = DOC[begin:].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_is_what_the_firmware_does() -> None:
    shown = {(cells[0], cells[1]): cells[3] for cells in table()}
    assert shown == wires_of_the_firmware()


def test_no_pin_has_two_wires() -> None:
    pins = [cells[3] for cells in table()]
    assert len(pins) == len(set(pins))
    assert not {"PE0", "PE1"} & set(pins), "the serial line's"


def test_the_numbers_of_the_arduino_belong_to_the_pins() -> None:
    for function, signal, arduino, pin, _ in table():
        number = int(re.match(r"D(\d+)", arduino)[1])  # type: ignore[index]
        assert f"P{MEGA[number]}" == pin, (function, signal)
        analog = re.search(r"A(\d+)", arduino)
        assert (int(analog[1]) if analog else None) == (number - 54 if number >= 54 else None), arduino
