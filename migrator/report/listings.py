"""The jobs of a connection, as a table and as a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs

from migrator.listing import ListedJob, Listing
from migrator.mapping.codecs import write_time
from migrator.report.json_schema import REF, REQUESTS, TEXT, TIME, Schema, document, listed, maybe, one_of, shape
from migrator.report.text import Line, clean, columns, count, instant, line

SCHEMA: Final = "migrator/list@1"

_STYLES: Final = {"enabled": "green", "paused": "yellow", "stopped": "bold red", "unreadable": "bold red"}
_HEAD: Final = ("NAME", "STATE", "NEXT FIRE", "MANAGED", "SCHEDULE")
_NAME: Final = 40
"""Characters of a name in the table."""


def list_document(found: Listing) -> dict[str, Any]:
    """Return the listing as `migrator/list@1`."""
    return {
        "schema": SCHEMA,
        "connection": found.connection,
        "provider": found.provider,
        "at": write_time(found.at),
        "jobs": [_job(row) for row in found.rows],
        "requests": dict(found.requests),
    }


def _job(row: ListedJob) -> dict[str, Any]:
    return {
        "ref": attrs.asdict(row.ref),
        "name": row.name,
        "state": row.state,
        "reason": row.reason,
        "failing": row.failing,
        "schedule": {"text": row.text, "timezone": row.timezone, "words": row.schedule},
        "next_fires": [write_time(at) for at in row.fires],
        "managed": row.manages is not None,
        "source": row.manages,
    }


def list_lines(found: Listing) -> Iterator[Line]:
    """Yield the listing as text: one line for each job, and the reason below where one does not fire."""
    told = f": {count(len(found.rows), 'job')} on {found.title}, {found.managed} managed by migrator"
    yield line((found.connection, "bold"), told)
    if not found.rows:
        return
    yield line("")
    table = columns([_HEAD, *map(_cells, found.rows)])
    yield line((table[0], "bold"))
    for text, row in zip(table[1:], found.rows, strict=True):
        yield line((text, "" if row.state == "enabled" else _STYLES[row.state]))
        if row.reason:
            by = f"disabled by {found.title}" if row.state == "stopped" else row.state
            yield line(f"{by}: {clean(row.reason)}", indent=2)
        if row.failing:
            yield line(f"failing: {clean(row.failing)}", indent=2)


def _cells(row: ListedJob) -> tuple[str, ...]:
    fires = instant(row.fires[0], row.timezone) if row.fires else "-"
    managed = "yes" if row.manages is not None else "-"
    name = clean(row.name)
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…", row.state, fires, managed, clean(row.schedule)


def list_schema() -> Schema:
    """`migrator/list@1`."""
    job = shape(
        {
            "ref": REF,
            "name": TEXT,
            "state": one_of(*_STYLES),
            "reason": {**TEXT, "description": "Why it does not fire, where it does not."},
            "failing": {**TEXT, "description": "What its platform reports about failing runs."},
            "schedule": shape({"text": TEXT, "timezone": TEXT, "words": TEXT}),
            "next_fires": listed(TIME, "None of a job that does not fire."),
            "managed": {"type": "boolean", "description": "Whether migrator made or adopted it."},
            "source": {**maybe(TEXT), "description": "The source job of a managed copy."},
        }
    )
    fields = {"connection": TEXT, "provider": TEXT, "at": TIME, "jobs": listed(job), "requests": REQUESTS}
    return document("list", "The jobs of a connection", fields)
