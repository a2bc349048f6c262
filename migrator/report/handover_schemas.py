"""The JSON Schema of the documents that tell of the right to fire."""

from __future__ import annotations

from typing import Final, get_args

from migrator.cutover import STATUSES, Does, Found, Goal
from migrator.report.shapes import (
    COUNT,
    FLAG,
    REF,
    REQUESTS,
    TEXT,
    TIME,
    Schema,
    document,
    listed,
    mapped,
    maybe,
    one_of,
    shape,
)
from migrator.state.values import Live, MissKind
from migrator.verify import STATUSES as PROOFS

_SIDE: Final = one_of(*get_args(Goal))
_LIVE: Final[Schema] = {**one_of(*get_args(Found)), "description": "Which side fires, as read."}

MISSED: Final = shape(
    {
        "source": REF,
        "name": TEXT,
        "at": TIME,
        "kind": {**one_of(*get_args(MissKind)), "description": "Which sides were live then, as far as anybody knows."},
        "cause": TEXT,
        "sync": TEXT,
        "run": TEXT,
    },
    says="An instant at which not exactly one side was surely live.",
)
DARK: Final = shape(
    {
        "source": REF,
        "name": TEXT,
        "live": {**one_of("neither", "part", "unknown"), "description": "What was found instead of one active side."},
        "since": TIME,
        "repair": {**TEXT, "description": "The command that repairs it."},
    },
    says="A job that is not known to be active on one side in full.",
)
_NIGHTLY: Final = shape(
    {
        "source": REF,
        "name": TEXT,
        "until": TIME,
        "modes": mapped(TEXT, "By schedule.mode, what that would make of it."),
    },
    says="A job whose target stays exact only while syncs renew it.",
)
STANDING: Final = shape(
    {
        "name": TEXT,
        "source": REF,
        "targets": listed(REF),
        "live": _LIVE,
        "meant": {**one_of(*get_args(Live)), "description": "Which side has the right to fire, as remembered."},
        "since": maybe(TIME),
        "is_unfinished": {**FLAG, "description": "Whether a cut-over of it was begun and not ended."},
    },
    says="Which side of a job fires.",
)


def cutover_schema() -> Schema:
    """Of `migrator/cutover@1`."""
    return _handover("cutover", "Which side of each job fires now, and how that came about")


def retire_schema() -> Schema:
    """Of `migrator/retire@1`."""
    return _handover("retire", "Which source jobs were stopped or deleted")


def _handover(name: str, title: str) -> Schema:
    gap = shape(
        {
            "start": TIME,
            "end": {**maybe(TIME), "description": "When something fires again; null for long after."},
            "asked_seconds": {"type": "number", "minimum": 0},
            "is_narrow": {**FLAG, "description": "Whether the fires are closer together than the guard asked for."},
        },
        says="The time between fires that it was done in.",
    )
    write = shape(
        {"side": _SIDE, "job": REF, "does": one_of(*get_args(Does)), "at": TIME, "confirmed": maybe(TIME)},
        says="One write; `confirmed` when its effect was read back.",
    )
    job = shape(
        {
            "status": one_of(*STATUSES),
            "name": TEXT,
            "source": REF,
            "targets": listed(REF),
            "live": _LIVE,
            "takes": listed(one_of(*get_args(Does)), "What it takes, in order."),
            "gap": maybe(gap),
            "writes": listed(write),
            "proof": {**maybe(one_of(*PROOFS)), "description": "What verifying it afterwards came to."},
            "reason": TEXT,
        }
    )
    return document(
        name,
        title,
        {
            "sync": TEXT,
            "source": TEXT,
            "target": TEXT,
            "goal": {**_SIDE, "description": "Which side shall fire."},
            "run": {**maybe(TEXT), "description": "Null when nothing was begun."},
            "dry_run": FLAG,
            "summary": shape(dict.fromkeys(STATUSES, COUNT)),
            "jobs": listed(job),
            "ledger": listed(MISSED),
            "active_nowhere": listed(DARK, "The jobs of the sync that are active nowhere now."),
            "needs_nightly_sync": listed(_NIGHTLY, "Of a retirement: the jobs that depend on syncs from now on."),
            "requests": REQUESTS,
        },
    )
