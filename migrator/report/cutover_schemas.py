"""JSON Schemas of `cutover`, `retire`, and the parts that `status` shares with them."""

from __future__ import annotations

from typing import Final, get_args

from migrator.active_side import Found
from migrator.cutover.switches import STATUSES, Does, Goal
from migrator.report.json_schema import (
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
from migrator.store.records import Live, MissKind
from migrator.verify import STATUSES as PROOFS

_SIDE: Final = one_of(*get_args(Goal))
_LIVE: Final[Schema] = {**one_of(*get_args(Found)), "description": "The active side, as read."}

MISSED: Final = shape(
    {
        "source": REF,
        "name": TEXT,
        "at": TIME,
        "kind": {**one_of(*get_args(MissKind)), "description": "Which sides were active then, as far as known."},
        "cause": TEXT,
        "sync": TEXT,
        "run": TEXT,
    },
    says="An instant at which it is not certain that exactly one side was active.",
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
        "modes": mapped(TEXT, "By schedule.mode, the result that it would have."),
    },
    says="A job whose target stays exact only while syncs renew it.",
)
STANDING: Final = shape(
    {
        "name": TEXT,
        "source": REF,
        "targets": listed(REF),
        "live": _LIVE,
        "meant": {**one_of(*get_args(Live)), "description": "The active side, as recorded in the state."},
        "since": maybe(TIME),
        "is_unfinished": {**FLAG, "description": "Whether a cutover of it was started and did not end."},
    },
    says="The active side of a job.",
)


def cutover_schema() -> Schema:
    """Return the schema of `migrator/cutover@1`."""
    return _handover("cutover", "The active side of each job, and how it was switched")


def retire_schema() -> Schema:
    """Return the schema of `migrator/retire@1`."""
    return _handover("retire", "Which source jobs were stopped or deleted")


def _handover(name: str, title: str) -> Schema:
    gap = shape(
        {
            "start": TIME,
            "end": {**maybe(TIME), "description": "When something fires again; null for long after."},
            "asked_seconds": {"type": "number", "minimum": 0},
            "is_narrow": {**FLAG, "description": "Whether the fires are closer together than the guard asked for."},
        },
        says="The gap between fires in which the job was switched.",
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
            "takes": listed(one_of(*get_args(Does)), "The steps, in order."),
            "gap": maybe(gap),
            "writes": listed(write),
            "proof": {**maybe(one_of(*PROOFS)), "description": "Result of the verification afterwards."},
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
            "goal": {**_SIDE, "description": "The side to switch to."},
            "run": {**maybe(TEXT), "description": "Null when nothing was started."},
            "dry_run": FLAG,
            "summary": shape(dict.fromkeys(STATUSES, COUNT)),
            "jobs": listed(job),
            "ledger": listed(MISSED),
            "active_nowhere": listed(DARK, "The jobs of the sync that are active nowhere now."),
            "needs_nightly_sync": listed(_NIGHTLY, "Of a retirement: the jobs that depend on syncs from now on."),
            "requests": REQUESTS,
        },
    )
