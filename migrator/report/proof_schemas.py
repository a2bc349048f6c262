"""The JSON Schemas of what `verify` and `audit` print."""

from __future__ import annotations

from typing import get_args

from migrator.audit import OUTCOMES
from migrator.report.duplicates import DUPLICATE
from migrator.report.json_schema import (
    ANY,
    COUNT,
    EVIDENCE,
    FLAG,
    LOSS_PATH,
    PATH,
    PIECE,
    REF,
    REQUESTS,
    TEXT,
    TEXTS,
    TIME,
    VERDICT,
    Schema,
    document,
    listed,
    mapped,
    maybe,
    one_of,
    shape,
)
from migrator.store.records import Live
from migrator.verify import STATUSES


def verify_schema() -> Schema:
    """Of `migrator/verify@1`."""
    difference = shape({"count": COUNT, "first": listed(TIME, "The first ten of them.")})
    fires = shape(
        {"until": TIME, "wanted": COUNT, "got": COUNT, "missing": difference, "extra": difference, "twice": difference},
        says="Instants of the source's job, and of the jobs that stand for it, from `start` on.",
    )
    opinion = shape(
        {"engine": TEXT},
        {
            "instants": COUNT,
            "agrees": FLAG,
            "differing": TEXTS,
            "unasked": {**TEXT, "description": "What this engine cannot judge."},
        },
    )
    job = shape(
        {
            "status": one_of(*STATUSES),
            "source": REF,
            "name": TEXT,
            "targets": listed(REF),
            "reason": TEXT,
            "fields": listed(shape({"path": PATH, "wanted": ANY, "found": ANY}), "The fields that differ."),
            "verdict": maybe(VERDICT),
            "flags": TEXTS,
            "fires": maybe(fires),
            "agree_until": {**maybe(TIME), "description": "First instant after `end` that differs, within a year."},
            "second_opinion": maybe(opinion),
            "live": {**one_of(*get_args(Live)), "description": "At source, the target job is staged."},
        }
    )
    left = shape({"source": REF, "name": TEXT, "reason": TEXT})
    return document(
        "verify",
        "Whether the target does what the source says",
        {
            "sync": TEXT,
            "source": TEXT,
            "target": TEXT,
            "start": TIME,
            "end": {**TIME, "description": "Until when the instants have to agree."},
            "summary": shape(dict.fromkeys((*STATUSES, "not_carried"), COUNT)),
            "jobs": listed(job, "Every job that was carried over, the worst first."),
            "not_carried": listed(left, "The jobs that have no job of ours at the target."),
            "duplicates": listed(DUPLICATE),
            "requests": REQUESTS,
        },
    )


def audit_schema() -> Schema:
    """Of `migrator/audit@1`."""
    loss = shape({"path": LOSS_PATH, "had": ANY, "becomes": ANY, "reason": TEXT})
    schedule = shape(
        {"verdict": VERDICT, "pieces": listed(PIECE), "evidence": EVIDENCE, "until": maybe(TIME), "flags": TEXTS}
    )
    job = shape(
        {
            "outcome": one_of(*OUTCOMES),
            "source": REF,
            "name": TEXT,
            "enabled": FLAG,
            "reason": TEXT,
            "trouble": {**TEXT, "description": "Disabled by its platform, or failing runs."},
            "needs": TEXTS,
            "losses": listed(loss),
            "schedule": maybe(schedule),
        }
    )
    decision = shape(
        {"what": TEXT, "table": TEXT, "line": {**TEXT, "description": "For migrator.toml."}, "jobs": COUNT}
    )
    return document(
        "audit",
        "What would become of a connection's jobs at another provider",
        {
            "connection": TEXT,
            "provider": TEXT,
            "at": TIME,
            "mode": one_of("window", "year", "single", "exact"),
            "days": COUNT,
            "summary": shape(dict.fromkeys(("jobs", *OUTCOMES), COUNT)),
            "verdicts": mapped(COUNT, "How many schedules of each verdict."),
            "losses": listed(shape({"path": LOSS_PATH, "reason": TEXT, "jobs": COUNT}), "The most frequent first."),
            "decisions": listed(decision, "What a sync has to say."),
            "jobs": listed(job, "The worst first."),
            "duplicates": listed(DUPLICATE),
            "requests": REQUESTS,
        },
    )
