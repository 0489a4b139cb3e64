"""What tower_driver says of its board and of the link to it, for diagnostics."""

from __future__ import annotations

from collections.abc import Callable

from bee_robot.configuration import RobotConfiguration
from bee_robot.devices.serial_tower import SerialTower
from bee_robot.devices.tower import BoardState, Input, TowerState
from bee_robot.mcu.link_report import Figure, Snapshot, link_figures
from bee_robot.nodes.asyncio_bridge import AsyncioBridge
from bee_robot.nodes.diagnostics import Status

SILENT_S = 0.5  # telemetry comes at 100 Hz


class TowerHealth:
    """`tower`: the one that is connected now, or None. `lost`: why the last one was lost, empty where it was not."""

    def __init__(
        self,
        bridge: AsyncioBridge,
        robot: Callable[[], RobotConfiguration],
        tower: Callable[[], SerialTower | None],
        lost: Callable[[], str],
    ) -> None:
        self._bridge = bridge
        self._robot = robot
        self._tower = tower
        self._lost = lost
        self._before: Snapshot | None = None
        self._figures: dict[str, Figure] = {}

    def look_at_board(self, status: Status) -> None:
        tower = self._tower()
        if tower is None:
            if self._lost():
                status.error(self._lost(), "link_lost")
            else:
                status.stale("not connected")
            return
        state = tower.state
        age_s = self._bridge.clock.now_s() - state.stamp_s
        status.values |= {
            "state": state.board.value,
            "stop_reason": state.stop_reason,
            "telemetry_age_s": age_s,
            "lease_holder": state.lease_holder,
            "lease_is_lost": tower.is_lease_lost,
            "referenced": " ".join(axis.value for axis, seen in state.axes.items() if seen.is_referenced),
            "configuration_checksum": f"{self._robot().checksum():08x}",
            **{f"load_{side.value}_kg": kg for side, kg in state.loads_kg.items()},
            **{given.value: is_on for given, is_on in state.inputs.items()},
            **{output.value: value for output, value in state.outputs.items()},
        }
        self._judge(status, tower, state, age_s)

    def _judge(self, status: Status, tower: SerialTower, state: TowerState, age_s: float) -> None:
        says = state.board.value + (f": {state.stop_reason}" if state.stop_reason else "")
        if state.board is BoardState.LOST:
            status.error(says, "link_lost")
        elif age_s > SILENT_S:
            status.stale(f"{says}; its last word is {age_s:.1f} s old")
        elif state.board is BoardState.ESTOP:
            status.error(says, "estop" if not state.inputs[Input.ESTOP_OK] else "door_open")
        elif state.board is BoardState.STOPPED:
            status.error(says, (tower.last_stop.alert if tower.last_stop else "") or "stopped")
        elif state.board is BoardState.HOLDING:
            status.warn(says, "holding")
        elif state.board is BoardState.UNCONFIGURED:
            status.error(says, "board_configuration")
        else:
            status.ok(says)

    def look_at_link(self, status: Status) -> None:
        """What `bee link` prints, of the link as it is used, with the rates since the call before."""
        tower = self._tower()
        if tower is None:
            self._before, self._figures = None, {}
            status.stale("not connected")
            return
        # On the link's own loop: what it counts changes there; the next diagnostics carry it.
        self._bridge.call_soon(self._take_figures, tower)
        status.values |= self._figures
        statistics = tower.statistics
        status.values |= {
            "link_errors": statistics.errors,
            "link_round_trip_ms": 1000 * statistics.round_trip_s,
        }
        status.ok(
            f"{statistics.errors} errors, heartbeat answered in {1000 * statistics.round_trip_s:.1f} ms"
        )

    def _take_figures(self, tower: SerialTower) -> None:
        now = Snapshot.take(tower.statistics, self._bridge.clock.now_s())
        before, self._before = self._before or now, now
        to_board, from_board = before.rates(now)
        self._figures = {
            **link_figures(tower.client),
            "bytes_per_s_to_board": to_board,
            "bytes_per_s_from_board": from_board,
            "baud": self._robot().serial.baud,
        }
