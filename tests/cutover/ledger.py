"""A switch of one job that fires every minute, its writes, and the instants that the ledger enters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import attrs

from migrator.canonical import JobRef
from migrator.cron import parse
from migrator.cutover.missed_runs import missed
from migrator.cutover.switches import Calendar, Switch
from migrator.store.records import ORIGIN, Write

SOURCE: Final = JobRef(provider="omni", scope="acme.example/api", id="1")
TARGET: Final = JobRef(provider="devin", scope="org-1", id="2")
EVERY_MINUTE: Final = {"enabled": True, "trigger.cron": parse("* * * * *", "vixie"), "trigger.timezone": "UTC"}
MOVE: Final = Switch(
    source=SOURCE,
    name="Job",
    goal="target",
    live="source",
    targets=(TARGET,),
    calendars=tuple(Calendar(job=job, fields=EVERY_MINUTE, dialect="vixie") for job in (SOURCE, TARGET)),
)


def at(text: str) -> datetime:
    """Return a time of that morning."""
    return datetime.fromisoformat(f"2026-11-23T{text}").replace(tzinfo=UTC)


def write(job: JobRef, fires: str, sent: str, ended: str | None, **changes: Any) -> Write:
    """Return a write after which a job is "live" or stands "still"."""
    known = Write(
        run="one",
        seq=1,
        sync="it",
        action="update",
        source=SOURCE,
        target_scope=job.scope,
        target_id=job.id,
        piece=ORIGIN if job == SOURCE else 1,
        fields={"enabled": fires == "live"},
        at=at(sent),
        state="done" if ended else "dispatched",
        ended_at=at(ended) if ended else None,
    )
    return attrs.evolve(known, **changes)


def found(*writes: Write, until: str = "09:05:30", switch: Switch = MOVE) -> list[tuple[str, str]]:
    """Return what the ledger says: minute and kind."""
    return [(f"{one.at:%H:%M}", one.kind) for one in missed(switch, writes, until=at(until), run="one")]
