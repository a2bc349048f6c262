"""Results of the commands on the state, its locks, and the jobs that no sync of the config owns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from migrator.plan.identity import scope_address
from migrator.report.text import Line, clean, count, line, stamp
from migrator.state_move.result import StateMove
from migrator.store.pruning import Pruned
from migrator.store.records import Bound, Lease, Owner
from migrator.store.schema_version import SchemaVersion
from migrator.sync.orphaned import Orphans


def upgrade_lines(version: SchemaVersion, place: str) -> Iterator[Line]:
    """Yield an upgrade of the state as text."""
    if version.found is None:
        yield line(f"{place} is new, with schema version {version.now}.")
    elif version.found < version.now:
        yield line(f"{place} was upgraded from schema version {version.found} to {version.now}.")
    else:
        yield line(f"{place} has schema version {version.now}, the one of this version of migrator: no changes.")
    yield from _backup_lines(version.backup)


def import_lines(rows: Mapping[str, int], backup: Path | None, place: str) -> Iterator[Line]:
    """Yield an import into the state as text."""
    yield line(f"{place} holds {row_words(rows)} now.")
    yield from _backup_lines(backup)
    yield line("Do not use the old state any more: two states of one target do not know each other's bindings.")


def prune_lines(pruned: Pruned, before: datetime) -> Iterator[Line]:
    """Yield what was pruned as text."""
    runs = f"{count(pruned.runs, 'run')} from before {stamp(before)[:10]}"
    content = f"{count(pruned.writes, 'write')} and {count(pruned.records, 'saved record')}"
    yield line(f"Removed: {runs}, with {content}. {count(pruned.left, 'run')} left.")


def row_words(rows: Mapping[str, int]) -> str:
    """Return the number of rows by table."""
    return ", ".join(f"{number:,} {table}" for table, number in rows.items() if number) or "nothing"


def writing_lines(owners: Mapping[str, Owner]) -> Iterator[Line]:
    """Yield the runs that were in progress when the state was read."""
    for scope, owner in owners.items():
        yield line(f"{clean(scope)} is locked by {owner}: its writes are exported as they are now.")


def _backup_lines(backup: Path | None) -> Iterator[Line]:
    if backup:
        yield line(f"Backup of the previous state: {backup}")


_SHOWN: Final = 20


def orphans_lines(found: Sequence[Orphans]) -> Iterator[Line]:
    """Yield the jobs that no sync of the config owns as text."""
    for one in found[:_SHOWN]:
        jobs = count(len(one.bound), "job")
        names = ", ".join(clean(bound.name) for bound in one.bound[:_SHOWN])
        more = f" … and {len(one.bound) - _SHOWN:,} more" if len(one.bound) > _SHOWN else ""
        source, target = (clean(scope_address(*place)) for place in (one.home.source, one.home.target))
        command = clean(one.command) or "migrator state move FROM TO"
        yield line(("orphans ", "bold yellow"), f"{jobs} that no sync owns: {clean(one.reason)}")
        yield line(f"{names}{more}", indent=2)
        yield line(f"sync.{clean(one.home.sync)}, {source} → {target}", indent=2)
        yield line("to assign them to a sync: ", (command, "bold"), indent=2)
    if len(found) > _SHOWN:
        yield line(f"… and the jobs of {len(found) - _SHOWN:,} more syncs; migrator status --json has them all")


def state_move_lines(found: StateMove) -> Iterator[Line]:
    """Yield a move of bindings as text."""
    number = count(len(found.before), "binding")
    if found.failed:
        yield line(("Nothing was moved: ", "bold red"), "ownership tags could not be rewritten; run the command again")
        yield from (line(f"{clean(name)}: {clean(error)}", indent=2) for name, error in found.failed.items())
        return
    verb = {"move": ("Moved", "To move"), "forget": ("Forgotten", "To forget")}[found.kind][0 if found.runs else 1]
    to = f" → {clean(found.new)}" if found.new else ""
    yield line((f"{verb}: ", "bold"), f"{number}, {clean(found.old)}{to}")
    for before, after in [*zip(found.before, found.after, strict=True)][:_SHOWN]:
        yield line(f"{clean(before.name)}: {_change(before, after)}", indent=2)
    if len(found.before) > _SHOWN:
        yield line(f"… and {len(found.before) - _SHOWN:,} more", indent=2)
    if found.tags:
        changed = "rewritten at the target" if found.runs else "to rewrite at the target"
        yield line(f"{count(found.tags, 'ownership tag')} {changed}.")
    for place in found.unreached:
        yield line(f"The ownership tags in {clean(place)} stay as they are: no connection of the config reaches them.")
    if found.kind == "forget":
        yield line("The target jobs stay as they are.")
    yield line("To revert: ", (clean(found.undo), "bold"))


def _change(before: Bound, after: Bound) -> str:
    """Return the parts of a binding that change, in a few words."""
    pairs = (
        ("sync", before.sync, after.sync),
        ("source", before.source.scope, after.source.scope),
        ("source job", before.source.id, after.source.id),
        ("target", before.target.scope, after.target.scope),
    )
    changed = [f"{what} {clean(old)} → {clean(new)}" for what, old, new in pairs if old != new]
    return ", ".join(changed) or f"{before.source} → {before.target}"


_SECOND = timedelta(seconds=1)


def unlock_lines(freed: Sequence[Lease]) -> Iterator[Line]:
    """Yield the locks that were freed as text."""
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
