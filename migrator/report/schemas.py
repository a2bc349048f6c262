"""The JSON Schema of every document that a command prints or reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migrator.canonical import LEAVES, PROMPT_PATHS
from migrator.config import config_schema
from migrator.report.cutover_schemas import cutover_schema, retire_schema
from migrator.report.doctor import checkup_schema
from migrator.report.journal_schemas import (
    history_schema,
    import_schema,
    move_schema,
    prune_schema,
    settle_schema,
    state_schema,
    status_schema,
    unlock_schema,
    upgrade_schema,
)
from migrator.report.json_schema import (
    ANY,
    COUNT,
    EVIDENCE,
    FLAG,
    OBJECT,
    PIECE,
    REF,
    REQUESTS,
    TEXT,
    TEXTS,
    TIME,
    VERDICT,
    Schema,
)
from migrator.report.json_schema import document as _document
from migrator.report.json_schema import listed as _list
from migrator.report.json_schema import mapped as _map
from migrator.report.json_schema import maybe as _maybe
from migrator.report.json_schema import one_of as _one_of
from migrator.report.json_schema import shape as _object
from migrator.report.listings import list_schema
from migrator.report.proof_schemas import audit_schema, verify_schema
from migrator.report.work_schemas import apply_schema, dedupe_schema, error_schema, plan_schema, run_schema


def _jobs() -> Schema:
    trigger = _object(
        {"kind": _one_of("recurring", "once", "unportable")},
        {"cron": TEXT, "dialect": TEXT, "timezone": TEXT, "at": TIME, "raw": ANY, "reason": TEXT},
    )
    prompt = {path.removeprefix("action."): TEXT for path in PROMPT_PATHS}
    event = {"event": TEXT, "payload": OBJECT, "scope": TEXT, "filter": TEXT, "guard": TEXT, "hints": _list(ANY)}
    delivery = _object(
        {},
        {
            "email": _object({}, {"recipients": TEXTS, "groups": TEXTS}),
            "slack": _object({}, {"team": TEXT, "channel": TEXT, "user": TEXT}),
            "notify": _one_of("always", "failure", "never"),
        },
    )
    job = _object(
        {
            "id": TEXT,
            "name": TEXT,
            "enabled": FLAG,
            "trigger": trigger,
            "action": _object({"kind": _one_of("prompt", "event")}, {**prompt, **event}),
        },
        {
            "description": TEXT,
            "delivery": delivery,
            "run_as": TEXT,
            "labels": TEXTS,
            "origin": REF,
            "suspended": TEXT,
            "provider_fields": OBJECT,
            "unknown_fields": OBJECT,
            "mark": TEXT,
            "created_at": TIME,
            "updated_at": TIME,
        },
    )
    problem = _object({"id": TEXT, "name": TEXT, "error": TEXT, "record": OBJECT})
    head = {"connection": TEXT, "provider": TEXT, "exported_at": TIME}
    return _document(
        "jobs",
        "Every job of a connection, in the canonical form",
        {**head, "jobs": _list(job), "problems": _list(problem, "Records that cannot be read.")},
    )


def _providers() -> Schema:
    field = _object(
        {
            "path": _one_of(*LEAVES),
            "held": _one_of("held", "translated", "lost"),
            "reason": TEXT,
            "max": {**_maybe(COUNT), "description": "Longest text, or most entries."},
            "change": _maybe(_map(_one_of("update", "replace", "fixed"), "How it can change, by update contract.")),
        }
    )
    provider = _object(
        {
            "name": TEXT,
            "title": TEXT,
            "docs": TEXTS,
            "checked": {"type": "string", "format": "date"},
            "actions": _list(_one_of("prompt", "event")),
            "dialect": {**_maybe(TEXT), "description": "Of its cron expressions; null for any."},
            "timezone": {**_maybe(TEXT), "description": "The only one that it evaluates; null for any."},
            "min_interval_minutes": COUNT,
            "needs": _list(TEXTS, "What every job must have: one path of each list."),
            "unique": TEXTS,
            "contracts": TEXTS,
            "fields": _list(field),
            "declined": _map(TEXT, "Its own fields that are dropped, and why."),
            "read_only": _map(TEXT, "Its own fields that cannot be written, and why."),
        }
    )
    return _document("providers", "What each provider supports", {"providers": _list(provider)})


def _explain() -> Schema:
    fire = _object({"local": TIME, "utc": TIME})
    weekly = {"type": "number", "minimum": 0}
    reading = _object({"cron": _map(TEXT), "meaning": TEXT, "fires_a_week": weekly, "next": _maybe(TIME)})
    translation = _object(
        {
            "target": TEXT,
            "target_timezone": {**_maybe(TEXT), "description": "The only one that the target evaluates; null for any."},
            "verdict": VERDICT,
            "reason": TEXT,
            "until": _maybe(TIME),
            "flags": TEXTS,
            "pieces": _list(PIECE),
            "evidence": EVIDENCE,
        }
    )
    return _document(
        "explain",
        "What a cron expression means",
        {
            "text": TEXT,
            "dialect": TEXT,
            "timezone": TEXT,
            "meaning": TEXT,
            "flags": TEXTS,
            "fires": _list(fire, "The next ones."),
            "readings": _list(reading, "Its readings, where engines disagree."),
            "translation": _maybe(translation),
        },
    )


def _sandbox() -> Schema:
    required = {"port": COUNT, "connections": _map(OBJECT), "config": {**TEXT, "description": "A migrator.toml."}}
    return _document("sandbox", "How to reach the simulators", required)


def _demo() -> Schema:
    steps = ("audit", "plan", "apply", "verify", "cutover", "fires", "again")
    counts = {**{step: _map(COUNT) for step in steps}, "requests": REQUESTS}
    names = {"before": _map(TEXTS, "The names of the jobs, by connection."), "after": TEXTS}
    return _document("demo", "The demonstration in numbers", {**names, **counts})


SCHEMAS: Final[Mapping[str, Callable[[], Schema]]] = {
    "apply": apply_schema,
    "audit": audit_schema,
    "completion": lambda: _document("completion", "A shell's script", {"shell": TEXT, "script": TEXT}),
    "config": config_schema,
    "cutover": cutover_schema,
    "dedupe": dedupe_schema,
    "demo": _demo,
    "doctor": checkup_schema,
    "error": error_schema,
    "explain": _explain,
    "history": history_schema,
    "import": import_schema,
    "init": lambda: _document("init", "The config file that was written", {"path": TEXT}),
    "jobs": _jobs,
    "list": list_schema,
    "move": move_schema,
    "plan": plan_schema,
    "providers": _providers,
    "prune": prune_schema,
    "retire": retire_schema,
    "run": run_schema,
    "sandbox": _sandbox,
    "settle": settle_schema,
    "state": state_schema,
    "status": status_schema,
    "unlock": unlock_schema,
    "upgrade": upgrade_schema,
    "verify": verify_schema,
}
"""By the document's name; `config` is that of migrator.toml."""
