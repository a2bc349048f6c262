"""Cutover: at every fire instant exactly one side is live.

    read both sides ─▶ moves ─▶ wait for a gap ─▶ stop the one side ─▶ release the other ─▶ ledger

Everything here is pure: which writes a move takes, when they may be sent, and what the journal says of the instants
that passed meanwhile.
"""

from migrator.cutover.gaps import next_gap
from migrator.cutover.ledger import missed
from migrator.cutover.moves import Mover, back_command, found_live, is_spent
from migrator.cutover.values import (
    STATUSES,
    Calendar,
    Cutover,
    Does,
    Found,
    Gap,
    Goal,
    Move,
    Moved,
    Nightly,
    Order,
    Scene,
    Sent,
    Standing,
    Status,
    Turn,
)

__all__ = [
    "STATUSES",
    "Calendar",
    "Cutover",
    "Does",
    "Found",
    "Gap",
    "Goal",
    "Move",
    "Moved",
    "Mover",
    "Nightly",
    "Order",
    "Scene",
    "Sent",
    "Standing",
    "Status",
    "Turn",
    "back_command",
    "found_live",
    "is_spent",
    "missed",
    "next_gap",
]
