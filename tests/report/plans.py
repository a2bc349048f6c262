"""Plans to be shown, and what they consist of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from migrator.canonical import JobRef
from migrator.convert.schedule import ConvertedSchedule
from migrator.plan.changes import Change, FieldChange, Observed, Plan

SOURCE = JobRef(provider="omni", scope="acme", id="a1")
NEW_YORK = {"text": "0 9 ? * MON *", "dialect": "eventbridge", "timezone": "America/New_York"}
WINDOW = ConvertedSchedule(
    verdict="exact_until",
    pieces=({"text": "0 14 * * 1", "dialect": "vixie", "timezone": "UTC"},),
    evidence={"source": NEW_YORK},
    until=datetime(2027, 3, 14, 7, tzinfo=UTC),
    flags=("needs_resync_by",),
)


def plan(*changes: Change, created_at: datetime = datetime(2026, 11, 21, tzinfo=UTC), **rest: Any) -> Plan:
    """Return a plan with these changes."""
    return Plan(
        sync="nightly",
        source="omni",
        target="devin",
        target_provider="devin",
        target_scope="org-1",
        dialect="vixie",
        contract="patch",
        lineage="l",
        serial=0,
        created_at=created_at,
        observed=Observed(source="s", target="t"),
        changes=changes,
        **rest,
    )


def change(action: Any, name: str = "Alpha", **rest: Any) -> Change:
    """Return a change of one job."""
    return Change(action=action, source=SOURCE, name=name, **rest)


def field(path: str, old: Any, new: Any, **rest: Any) -> FieldChange:
    """Return a field that the source changed."""
    return FieldChange(path=path, old=old, new=new, **({"remote": old, "reason": "the source changed"} | rest))
