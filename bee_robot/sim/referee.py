"""The referee: checks every simulated motion against the rulebook, and remembers who got hurt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bee_robot.rulebook import Block, Violation, check
from bee_robot.sim.plant import PlantEvent

MERGE_S = 0.05  # the same rule broken at the same place within this time is one violation


@dataclass(frozen=True)
class Offence:
    """A violation from its first sample to its last; `worst` is the sample furthest beyond the limit."""

    worst: Violation
    from_s: float
    to_s: float

    def __str__(self) -> str:
        lasted = f" (for {self.to_s - self.from_s:.2f} s)" if self.to_s > self.from_s else ""
        return f"{self.worst}{lasted}"


class Referee:
    """Collects `violations` of the rulebook and `harm` (crushed, dropped, collided) in order of time."""

    def __init__(self) -> None:
        self.violations: list[Offence] = []
        self.harm: list[PlantEvent] = []
        self._latest: dict[tuple[str, str], int] = {}

    def see(self, block: Block, events: Mapping[int, PlantEvent]) -> None:
        """Judges every sample; each is looked at once."""
        for violation in check(block):
            self._note(violation)
        self.harm += [event for event in events.values() if event.is_harm]

    @property
    def is_clean(self) -> bool:
        return not self.violations and not self.harm

    def summary(self) -> str:
        """Every offence and harm on a line of its own; "nothing to object" when there is none."""
        lines = [str(offence) for offence in self.violations] + [str(event) for event in self.harm]
        return "\n".join(lines) or "nothing to object"

    def _note(self, violation: Violation) -> None:
        key = (violation.rule, violation.where)
        index = self._latest.get(key)
        if index is not None and violation.t_s - self.violations[index].to_s <= MERGE_S:
            known = self.violations[index]
            is_worse = abs(violation.value - violation.limit) > abs(known.worst.value - known.worst.limit)
            worst = violation if is_worse else known.worst
            self.violations[index] = replace(known, worst=worst, to_s=violation.t_s)
            return
        self._latest[key] = len(self.violations)
        self.violations.append(Offence(violation, violation.t_s, violation.t_s))
