"""Rounds of syncs, made by hand: every way in which one can end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from migrator.canonical import JobRef
from migrator.errors import AuthError
from migrator.execute.outcomes import Applied, Outcome
from migrator.plan.changes import Change, FieldChange, Plan
from migrator.plan.compare import BOTH, TARGET
from migrator.sync.results import Drift, Expiry, SyncResult, SyncRun
from tests.report import plans

BEGAN = datetime(2026, 11, 21, 2, 17, tzinfo=UTC)
SOURCE = JobRef(provider="omni", scope="acme.example/api", id="source-1")
MADE = JobRef(provider="devin", scope="org-1", id="target-1")


def plan(*changes: Change, refusal: str = "") -> Plan:
    """Return a plan of the sync "nightly"."""
    return plans.plan(*changes, created_at=BEGAN, refusal=refusal)


def synced(**changes: Any) -> SyncResult:
    """What came of the sync "nightly"; in order unless something else is said."""
    known = {"name": "nightly", "source": "omni", "target": "devin", "plan": plan()}
    return SyncResult(**{**known, "started_at": BEGAN, "ended_at": BEGAN + timedelta(seconds=4), **changes})


def sync_run_of(*results: SyncResult) -> SyncRun:
    """A round."""
    return SyncRun(results=results, started_at=BEGAN, ended_at=BEGAN + timedelta(seconds=5))


def edited(name: str, *, is_new: bool = True, is_conflict: bool = False) -> Drift:
    """A job whose prompt somebody has edited at the target."""
    reason, action = (BOTH, "blocked") if is_conflict else (TARGET, "none")
    field = FieldChange(path="action.text", old="Old prompt.", new="New prompt.", remote="Their prompt.", reason=reason)
    change = Change(action=action, source=SOURCE, target=MADE, name=name, fields=(field,), reason="both sides changed")  # type: ignore[arg-type]  # one of the literals
    return Drift(change=change, is_conflict=is_conflict, since=BEGAN - timedelta(days=2), is_new=is_new)


def outcome(name: str, status: Any = "done", error: str = "") -> Outcome:
    """What became of a job that was to be made."""
    return Outcome(action="create", source=SOURCE, target=MADE, name=name, status=status, error=error)


def bad_night(name: str = "Weekly note", error: str = "the token is refused") -> SyncRun:
    """A round in which everything happened that can; the name and the error stand wherever a platform's text does."""
    blocked = Change(action="blocked", source=SOURCE, name=name, reason="it would lose action.branch")
    conflict = edited(name, is_conflict=True)
    busy = synced(
        plan=plan(blocked, conflict.change),
        applied=Applied(
            run="r1",
            outcomes=(outcome(name), outcome(name, "failed", error), outcome(name, "skipped")),
            requests={"omni": 2, "devin": 7},
        ),
        drifted=(conflict, edited(name, is_new=False)),
        expiring=(Expiry(source=SOURCE, target=MADE, name=name, until=BEGAN + timedelta(hours=9), reason=error),),
    )
    down = synced(name="other", plan=None, error=AuthError(error, status=401, body="no", hint="check the token"))
    return sync_run_of(busy, down, synced(name="quiet"))
