"""Every numbered alert: severity, what happened, what to do about it. One table; numbers are never reused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(str, Enum):
    INFO = "info"
    WARNING = "warning"
    STOP = "stop"
    HELD = "held"


@dataclass(frozen=True)
class Alert:
    number: int
    severity: Severity
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"A{self.number:03d}: {self.what}. {self.remedy}"


# fmt: off
ALERTS: dict[str, Alert] = {
    # board and link
    "board_missing": Alert(101, Severity.STOP, "No board answers on the serial port", "Check cable, power and 'serial.port' in the robot file"),
    "board_protocol": Alert(102, Severity.STOP, "The board speaks another protocol version", "Flash the firmware that belongs to this software"),
    "board_configuration": Alert(103, Severity.STOP, "The board refused the configuration", "Compare the robot file with the limits that the message names"),
    "link_lost": Alert(104, Severity.STOP, "The board stopped answering", "Check the cable; then run 'bee recover'"),
    "heartbeat_lost": Alert(105, Severity.STOP, "The board missed the host's heartbeat and stopped", "Look for what held the host up; then arm and recover"),
    "lease_lost": Alert(106, Severity.STOP, "Whoever was moving the tower stopped renewing its lease", "Look at that process; then run 'bee recover'"),
    "board_overrun": Alert(107, Severity.STOP, "The host did not fetch the board's reports in time", "Look for what held the host up; then arm and recover"),
    "planner_late": Alert(108, Severity.STOP, "The board could not plan its motion in time", "Report it with the programme and 'bee link'; lower speeds until it is understood"),
    "board_restarted": Alert(109, Severity.STOP, "The board restarted and has forgotten where its axes are", "Look at its supply; then run 'bee recover'"),
    # machine
    "estop": Alert(201, Severity.STOP, "The e-stop is pressed", "Make the hive safe, release the button, then recover"),
    "door_open": Alert(202, Severity.STOP, "The cabinet door is open", "Close the door, then recover"),
    "not_referenced": Alert(203, Severity.STOP, "An axis does not know where it is", "Home it, if nothing hangs on it"),
    "limit_refused": Alert(204, Severity.STOP, "The board refused a motion beyond its limits", "See the message for axis and limit"),
    "end_stop_missing": Alert(205, Severity.STOP, "An axis did not find its end stop", "Check the end stop's cable and that the axis moves freely"),
    "load_limit": Alert(206, Severity.STOP, "The load on a fork is above its limit", "Take boxes off by hand or free what is stuck"),
    "contact_early": Alert(207, Severity.HELD, "The stack met something above the rim while lowering", "Look between the boxes, remove what lies there, then recover"),
    "steps_lost": Alert(208, Severity.STOP, "An axis lost steps", "Look for what blocks it, then home it"),
    "not_armed": Alert(209, Severity.STOP, "The tower is not armed", "Arm it once the cause of the last stop is gone"),
    "fork_loaded": Alert(210, Severity.STOP, "A fork was to swing under load", "Lower the stack until it rests, then swing the fork"),
    "pin_unexpected": Alert(211, Severity.STOP, "A pin sensor changed where it should not", "Look at hook and pin, then recover"),
    "load_silent": Alert(212, Severity.STOP, "A load cell gives no readings", "Check the cables of load cell and amplifier on that side; then arm and recover"),
    "load_rate": Alert(213, Severity.STOP, "The load on a fork rose too fast", "Look for what is caught, free it, then recover"),
    "end_stop_late": Alert(214, Severity.STOP, "An end stop is open where it should be pressed", "Check its cable and what blocks the axis, then home it"),
    "end_stop_reached": Alert(215, Severity.STOP, "An axis ran onto its end stop", "Look for what put it there, then home it"),
    "holding": Alert(216, Severity.WARNING, "A motion is held", "Resume it, or stop it and recover"),
    "stopped": Alert(217, Severity.STOP, "The tower was stopped because somebody asked for it", "See the reason; then run 'bee recover'"),
    "motor_alarm": Alert(218, Severity.STOP, "A motor has stalled or lost steps, or its supply sagged", "Look for what holds it back and free it; then recover"),
    # hive
    "frame_not_found": Alert(301, Severity.WARNING, "A frame was not found where it should hang", "Check that its pins are in place"),
    "frame_stuck": Alert(302, Severity.WARNING, "A frame does not come free", "Loosen it by hand at the next visit"),
    "stack_stuck": Alert(303, Severity.HELD, "The box above does not come free within the load limit", "Loosen it with a hive tool"),
    "bees_on_rim": Alert(304, Severity.WARNING, "Bees stayed on the rim", "Smoke or brush them and watch the closing"),
    "conditions": Alert(305, Severity.WARNING, "Conditions do not allow opening the hive", "See the readings; try again later or override with name and reason"),
    "rule_broken": Alert(306, Severity.STOP, "A rule of the rulebook would be or was broken", "See rule and value; report it with the trace"),
    "camera_failed": Alert(307, Severity.WARNING, "A camera gave no picture", "Check its cable; the face is missing in the report"),
    "left_open": Alert(309, Severity.HELD, "A visit broke off and left a hive open", "Look at the hive, then run 'bee recover'"),
    "paused_long": Alert(308, Severity.WARNING, "A person keeps a box open for longer than it should be", "Finish at the hive, then resume, answer or stop; nothing moves by itself"),
    # data
    "store_full": Alert(401, Severity.WARNING, "The local store cannot be written", "Free space on its disk"),
}
# fmt: on
