"""The referee: checks every simulated motion against the rulebook, and remembers who got hurt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bee_robot.rulebook import MotionSample, Situation, Violation, check
from bee_robot.sim.plant import PlantEvent

MERGE_S = 0.05  # the same rule broken at the same place within this time is one violation
IDLE_CHECK_S = 0.5  # how often a machine at rest is looked at (open time, strobe)
STANDING_MM_S = 1e-6


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
        self._checked_s = float("-inf")

    def observe(self, sample: MotionSample, situation: Situation) -> None:
        """A sample of every 10 ms of robot time."""
        is_idle = not situation.swinging and all(
            abs(axis.speed_mm_s) < STANDING_MM_S for axis in sample.axes.values()
        )
        if is_idle and sample.t_s - self._checked_s < IDLE_CHECK_S and not situation.strobe_for_s:
            return
        self._checked_s = sample.t_s
        for violation in check(sample, situation):
            self._note(violation)

    def happened(self, event: PlantEvent, sample: MotionSample) -> None:
        """Something happened in the plant; `sample` is the machine at that instant."""
        if event.is_harm:
            self.harm.append(event)

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
