"""One reading of a block is one quantity that a rule limits: where it applies, its value, its limit, sample by sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bee_robot.rulebook.block import Block, Bools, Floats
from bee_robot.rulebook.table import RULES, TOLERANCE

RELATIVE = TOLERANCE["relative"]
MM = TOLERANCE["length_mm"]
STANDS_MM_S = TOLERANCE["speed_mm_s"]


@dataclass(frozen=True)
class Reading:
    """`applies` (N): samples that the rule speaks about. `value` (N), `limit` (N or one for all).

    `is_least`: the value must not be below the limit; otherwise not above it. `relative` (share of the limit) and
    `slack` (the value's unit) are what a fair referee allows beyond it. `where`: axis, side or part; a function of the
    sample's index where it changes along the block. `has_margin`: False for what is only right or wrong.
    """

    rule: str
    where: str | Callable[[int], str]
    applies: Bools
    value: Floats
    limit: Floats | float
    slack: float = 0.0
    relative: float = 0.0
    is_least: bool = False
    has_margin: bool = True

    @property
    def is_broken(self) -> Bools:
        if self.is_least:
            return self.applies & (self.value < self.limit - self.slack)
        return self.applies & (self.value > np.multiply(self.limit, 1 + self.relative) + self.slack)

    @property
    def room(self) -> Floats:
        """How far the value stays inside the limit, as a share of the limit; below 0 outside, inf where nothing applies."""
        inside = self.value - self.limit if self.is_least else self.limit - self.value
        return np.where(self.applies, inside / self.limit, np.inf)

    def place(self, index: int) -> str:
        return self.where if isinstance(self.where, str) else self.where(index)

    def limit_at(self, index: int) -> float:
        return float(np.broadcast_to(self.limit, self.value.shape)[index])


Predicate = Callable[[Block], Iterator[Reading]]


@dataclass(frozen=True)
class Violation:
    """A rule that was broken: where (axis, side or part), the value and the limit."""

    rule: str
    t_s: float
    where: str
    value: float
    limit: float
    says: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.t_s:.2f} s: {self.where} {self.value:.4g}, limit {self.limit:.4g} ({self.says})"


@dataclass(frozen=True)
class Margin:
    """Where a block comes closest to the limit of a rule. `margin_share`: what is left, of the limit; below 0 beyond it."""

    value: float
    limit: float
    margin_share: float
    t_s: float
    where: str


def violation(reading: Reading, block: Block, index: int) -> Violation:
    """The violation of one sample that is broken."""
    return Violation(
        reading.rule,
        float(block.motions.t_s[index]),
        reading.place(index),
        float(reading.value[index]),
        reading.limit_at(index),
        RULES[reading.rule].says,
    )


def margin(reading: Reading, block: Block) -> Margin | None:
    """None where the rule says nothing about this block, or only right or wrong."""
    if not reading.has_margin or not reading.applies.any():
        return None
    room = reading.room
    index = int(np.argmin(room))
    return Margin(
        float(reading.value[index]),
        reading.limit_at(index),
        float(room[index]),
        float(block.motions.t_s[index]),
        reading.place(index),
    )
