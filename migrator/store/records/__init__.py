"""What the state remembers, as plain values."""

from migrator.store.records.active_sides import ActiveSide, Definition, InactiveJob, Live, Missed, MissKind, Takeover
from migrator.store.records.bindings import Binding, Bound, ExpiringSchedule, Home
from migrator.store.records.journal import CUTOVER_KINDS, ORIGIN, IntentState, Run, RunKind, SavedRecord, Write
from migrator.store.records.leases import Lease, LeaseState, Owner

__all__ = [
    "CUTOVER_KINDS",
    "ORIGIN",
    "ActiveSide",
    "Binding",
    "Bound",
    "Definition",
    "ExpiringSchedule",
    "Home",
    "InactiveJob",
    "IntentState",
    "Lease",
    "LeaseState",
    "Live",
    "MissKind",
    "Missed",
    "Owner",
    "Run",
    "RunKind",
    "SavedRecord",
    "Takeover",
    "Write",
]
