"""Results of the commands on the state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from migrator.report.text import Line, clean, count, line, stamp
from migrator.store.pruning import Pruned
from migrator.store.records import Owner
from migrator.store.schema_version import SchemaVersion


def upgrade_lines(version: SchemaVersion, place: str) -> Iterator[Line]:
    """Yield the same as text."""
    if version.found is None:
        yield line(f"{place} is new, with schema version {version.now}.")
    elif version.found < version.now:
        yield line(f"{place} was upgraded from schema version {version.found} to {version.now}.")
    else:
        yield line(f"{place} has schema version {version.now}, the one of this version of migrator: no changes.")
    yield from _backup_lines(version.backup)


def import_lines(rows: Mapping[str, int], backup: Path | None, place: str) -> Iterator[Line]:
    """Yield the same as text."""
    yield line(f"{place} holds {row_words(rows)} now.")
    yield from _backup_lines(backup)
    yield line("Do not use the old state any more: two states of one target do not know each other's bindings.")


def prune_lines(pruned: Pruned, before: datetime) -> Iterator[Line]:
    """Yield the same as text."""
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
