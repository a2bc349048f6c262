"""Drift: which managed jobs somebody has edited at the target, and since when a sync knows.

What waits for a person waits until that person comes. So the state keeps a digest of each such job as it was last seen:
what was there in the same form is still open, and is not announced a second time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import attrs

from migrator.document import digest, value_to_json
from migrator.mapping.codecs import read_time, write_time
from migrator.plan.changes import Change, Plan
from migrator.plan.compare import BOTH, TARGET
from migrator.store import State
from migrator.sync.results import Drift

_OPEN: Final = "hands seen"


def drift_at(plan: Plan, state: State, *, now: datetime) -> tuple[Drift, ...]:
    """Return the jobs of a plan that somebody has edited at the target, and record that they were seen."""
    scope = f"sync {plan.sync}"
    known: dict[str, str] = json.loads(state.recall(scope, _OPEN) or "{}")
    edited = [change for change in plan.changes if _reasons(change) & {TARGET, BOTH}]
    keys = [_digest(change, plan.dialect) for change in edited]
    open_now = {key: known.get(key) or write_time(now) for key in keys}
    if open_now != known:
        state.remember(scope, _OPEN, json.dumps(open_now))
    return tuple(
        Drift(
            change=change,
            is_conflict=BOTH in _reasons(change),
            since=read_time(open_now[key]),
            is_new=key not in known,
        )
        for change, key in zip(edited, keys, strict=True)
    )


def _reasons(change: Change) -> set[str]:
    return {field.reason for field in change.fields} | ({TARGET} if change.back else set())


def _digest(change: Change, dialect: str) -> str:
    return digest([change.source and attrs.astuple(change.source), change.piece, *_values(change, dialect)])[:32]


def _values(change: Change, dialect: str) -> Iterator[list[object]]:
    for field in change.fields:
        if field.reason in {TARGET, BOTH}:
            new = value_to_json(field.new, dialect) if field.reason == BOTH else None
            yield [field.path, new, value_to_json(field.remote, dialect)]
    for field in change.back.fields if change.back else ():
        yield [field.path, None, value_to_json(field.new, "")]
