"""JSON Schemas of plans, their results and sync runs."""

from __future__ import annotations

from typing import Final, get_args

from migrator.plan.changes import ACTIONS
from migrator.report.cutover_schemas import DARK
from migrator.report.duplicates import DUPLICATE
from migrator.report.json_schema import (
    ANY,
    COUNT,
    EVIDENCE,
    FLAG,
    LOSS_PATH,
    PATH,
    PIECE,
    PLACES,
    REF,
    REQUESTS,
    TEXT,
    TEXTS,
    TIME,
    VERDICT,
    Schema,
    document,
    listed,
    maybe,
    one_of,
    shape,
)
from migrator.report.state_moves import ORPHANS
from migrator.store.records import Live

_RESYNC: Final = {
    **maybe(TIME),
    "description": "When the first schedule stops being exact unless a sync renews it; null when none does.",
}


def plan_schema() -> Schema:
    """`migrator/plan@1`."""
    field = shape(
        {
            "path": PATH,
            "old": {"description": "What was last applied."},
            "new": {"description": "The wanted value; null empties it."},
            "remote": {"description": "What the target has now."},
            "reason": TEXT,
        }
    )
    loss = shape({"path": LOSS_PATH, "had": ANY, "becomes": ANY, "reason": TEXT})
    schedule = shape(
        {
            "verdict": VERDICT,
            "pieces": listed(PIECE),
            "evidence": EVIDENCE,
            "until": maybe(TIME),
            "flags": TEXTS,
        }
    )
    change = shape(
        {
            "action": one_of(*ACTIONS),
            "source": maybe(REF),
            "target": maybe(REF),
            "name": TEXT,
            "fields": listed(field),
            "losses": listed(loss),
            "schedule": maybe(schedule),
            "reason": TEXT,
        },
        {
            "piece": COUNT,
            "pieces": COUNT,
            "back": shape(
                {"paths": listed(PATH), "fields": listed(field)},
                says="What is written back to the source job, where a sync is two-way.",
            ),
            "renews": {**FLAG, "description": "Whether it only renews its window, which limits do not count."},
            "right": {
                **one_of(*get_args(Live)),
                "description": "The active side: at source, the target job is staged.",
            },
        },
    )
    return document(
        "plan",
        "What a sync would change",
        {
            "sync": TEXT,
            "source": TEXT,
            "target": TEXT,
            "target_provider": TEXT,
            "target_scope": TEXT,
            "dialect": TEXT,
            "contract": TEXT,
            "lineage": TEXT,
            "serial": COUNT,
            "created_at": TIME,
            "observed": shape({"source": TEXT, "target": TEXT}, says="Digests of what both sides held."),
            "summary": shape(dict.fromkeys(ACTIONS, COUNT), says="How many changes of each action."),
            "needs_resync_by": _RESYNC,
            "young_zone_rules": {
                "type": "object",
                "additionalProperties": {"type": "string", "format": "date"},
                "description": "Time zones whose rule for clock changes is new, and the day from which it holds: "
                "another platform's time zone data may be older.",
            },
            "changes": listed(change),
            "refusal": {"type": "string", "description": 'Why the plan is unsafe as a whole; "" when it is not.'},
            "digest": {
                "type": "string",
                "description": "Of everything else; keyed in a saved plan.",
            },
        },
    )


_OUTCOME: Final = shape(
    {
        "action": one_of(*ACTIONS),
        "source": maybe(REF),
        "target": maybe(REF),
        "name": TEXT,
        "status": one_of("done", "failed", "skipped"),
        "error": TEXT,
    }
)
_OUTCOMES: Final = shape({"done": COUNT, "failed": COUNT, "skipped": COUNT})


def dedupe_schema() -> Schema:
    """`migrator/dedupe@1`."""
    return document(
        "dedupe",
        "Target jobs that claim one source job and part, and those that were removed",
        {
            "sync": TEXT,
            "run": {**maybe(TEXT), "description": "Null when nothing was removed."},
            "duplicates": listed(DUPLICATE, "As they were found."),
            "summary": _OUTCOMES,
            "outcomes": listed(_OUTCOME),
            "requests": REQUESTS,
        },
    )


def apply_schema() -> Schema:
    """`migrator/apply@1`."""
    blocked = shape({"source": maybe(REF), "target": maybe(REF), "name": TEXT, "reason": TEXT})
    return document(
        "apply",
        "The result of a plan",
        {
            "run": {**maybe(TEXT), "description": "Null when nothing was started."},
            "sync": TEXT,
            "summary": _OUTCOMES,
            "needs_resync_by": _RESYNC,
            "outcomes": listed(_OUTCOME),
            "blocked": listed(blocked, "What the plan refuses, and why."),
            "active_nowhere": listed(DARK, "Jobs that fire nowhere, and what repairs them."),
            "requests": REQUESTS,
        },
    )


def error_schema() -> Schema:
    """`migrator/error@1`."""
    places = shape(PLACES)
    return document(
        "error",
        "Why a command failed",
        {**PLACES, "problems": listed(places, "The single errors of a file."), "exit_code": {"type": "integer"}},
    )


def run_schema() -> Schema:
    """`migrator/run@1`."""
    place = {"source": maybe(REF), "target": maybe(REF), "name": TEXT}
    hand = shape({**place, "paths": listed(PATH), "since": TIME, "new": FLAG})
    lapse = shape({**place, "until": TIME, "reason": TEXT})
    sync = shape(
        {
            "sync": TEXT,
            "source": TEXT,
            "target": TEXT,
            "started_at": TIME,
            "ended_at": TIME,
            "exit_code": COUNT,
            "error": {**maybe(_inner(error_schema())), "description": "What ended it early."},
            "needs_resync_by": _RESYNC,
            "plan": {**maybe(_inner(plan_schema())), "description": "Null when the sync failed before."},
            "apply": maybe(_inner(apply_schema())),
            "conflicts": listed(hand, "Jobs that both sides have changed."),
            "drift": listed(hand, "Jobs that were edited at the target alone."),
            "active_nowhere": listed(DARK, "Jobs that fire nowhere, and what repairs them."),
            "lapses": listed(lapse, "Jobs whose schedule expires before the next run."),
            "warnings": listed(TEXT, "Problems that did not stop the sync, such as clocks that differ."),
        }
    )
    return document(
        "run",
        "The result of a sync run",
        {
            "version": {**TEXT, "description": "Of the migrator that made it."},
            "started_at": TIME,
            "ended_at": TIME,
            "exit_code": COUNT,
            "stopped": {**FLAG, "description": "Whether it was interrupted."},
            "dry_run": {**FLAG, "description": "Whether the syncs were only planned."},
            "needs_resync_by": _RESYNC,
            "requests": REQUESTS,
            "syncs": listed(sync),
            "orphans": ORPHANS,
        },
    )


def _inner(schema: Schema) -> Schema:
    """The schema of a document that stands in another one."""
    return {key: value for key, value in schema.items() if key not in {"$schema", "title"}}
