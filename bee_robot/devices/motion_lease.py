"""The motion lease: who may move the tower, and whether that one still lives."""

from __future__ import annotations

LEASE_FRESH_S = 0.2  # older: the board is not fed, and stops by itself 0.3 s later
# Later than that stop, and later than simulated time can come without a heartbeat (0.2 s, a packet on its way, 0.24 s): in a
# simulation a holder that is slow keeps time waiting; only one that is gone loses its lease.
LEASE_LAPSES_S = 0.7


class Lease:
    """Times are the clock's."""

    def __init__(self) -> None:
        self.holder = ""
        self.is_lost = False
        self._renewed_s = 0.0

    def take(self, holder: str, now_s: float) -> None:
        self.holder, self.is_lost, self._renewed_s = holder, False, now_s

    def renew(self, now_s: float) -> None:
        self._renewed_s = now_s

    def free(self) -> None:
        self.holder, self.is_lost = "", False

    def age_s(self, now_s: float) -> float:
        return now_s - self._renewed_s

    def permits(self, now_s: float) -> bool:
        return bool(self.holder) and not self.is_lost and self.age_s(now_s) <= LEASE_FRESH_S
