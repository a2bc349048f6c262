"""Leases: what is known of who holds them, and which were freed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from migrator.report.text import Line, clean, line, stamp
from migrator.store.records import Lease

_SECOND = timedelta(seconds=1)


def unlock_lines(freed: Sequence[Lease]) -> Iterator[Line]:
    """Yield the same for people."""
    if not freed:
        yield line("No active lock.")
    for lease in freed:
        yield line(f"Freed: {clean(lease.scope)}. The next run first reconciles the writes of run {lease.owner.run}.")


def lease_lines(lease: Lease) -> Iterator[Line]:
    """Yield what is known of a lease and its owner."""
    owner = lease.owner
    yield line((f"{clean(lease.scope)}: ", "bold"), f"locked by {clean(str(owner))}")
    lasts = f"{(lease.expires - lease.beat) / _SECOND:g} s"
    yield line(f"  renewed at {stamp(lease.beat)} by the database's clock; it lasts {lasts} after each renewal")
    yield line(f"  {_known(lease)}")


def _known(lease: Lease) -> str:
    match lease.state:
        case "dead":
            return "that process ran on this machine and has ended: the next run takes the lock by itself"
        case "expired":
            return "it has expired: the next run takes the lock by itself"
        case "future":
            return "renewed later than it is now by the database's clock, which was set back: it will not expire soon"
    if lease.is_seen:
        return "that process is running on this machine: end it first, or it may send one more request"
    return "that process cannot be seen from here (another machine or container): see there that it has ended"
