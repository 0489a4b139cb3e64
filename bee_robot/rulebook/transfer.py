"""R17 and R18: which frames may leave their hive."""

from __future__ import annotations

from dataclasses import dataclass

from bee_robot.rulebook.table import RULES


@dataclass(frozen=True)
class FrameTransfer:
    """A frame that somebody wants to take to another hive. `queen_seen` None: nobody has looked at both faces.

    `alerts`: what the hive is under at the moment; "disease" and "robbing" count here.
    """

    frame: int
    from_hive: str
    to_hive: str
    queen_seen: bool | None
    queen_free_proven: bool
    alerts: frozenset[str] = frozenset()


def keeps_queen(transfer: FrameTransfer) -> bool:
    """R17: the frame stays in its hive, or is proven free of the queen."""
    if transfer.from_hive == transfer.to_hive:
        return True
    return transfer.queen_seen is False and transfer.queen_free_proven


def spreads_no_disease(transfer: FrameTransfer) -> bool:
    """R18: the frame stays in its hive, or its hive has neither a disease nor a robbing alert."""
    return transfer.from_hive == transfer.to_hive or not transfer.alerts & {"disease", "robbing"}


def transfer_refusals(transfer: FrameTransfer) -> list[str]:
    """Rules that forbid a transfer, in words; empty: it may go."""
    refusals = []
    if not keeps_queen(transfer):
        refusals.append(f"R17: frame {transfer.frame} of {transfer.from_hive}: {RULES['R17'].says}")
    if not spreads_no_disease(transfer):
        refusals.append(f"R18: {transfer.from_hive}: {RULES['R18'].says}")
    return refusals
