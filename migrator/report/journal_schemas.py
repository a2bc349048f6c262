"""The JSON Schema of the documents that tell of the journal."""

from __future__ import annotations

from typing import Final, get_args

from migrator.report.handover_schemas import MISSED, STANDING
from migrator.report.shapes import (
    COUNT,
    FLAG,
    REF,
    TEXT,
    TEXTS,
    TIME,
    Schema,
    document,
    listed,
    mapped,
    maybe,
    one_of,
    shape,
)
from migrator.state.document import Column
from migrator.state.document import columns as state_columns
from migrator.state.values import LeaseState, RunKind

_PLACE: Final = shape({"provider": TEXT, "scope": TEXT})
_RUN: Final[dict[str, Schema]] = {
    "run": TEXT,
    "kind": one_of(*get_args(RunKind)),
    "of": {**maybe(TEXT), "description": "The run that it took up or rolled back."},
    "sync": TEXT,
    "target": _PLACE,
    "started_at": TIME,
    "ended_at": {**maybe(TIME), "description": "Null when it died or is under way."},
    "summary": mapped(COUNT, "How many changes ended how."),
}
_WRITE: Final[dict[str, Schema]] = {
    "seq": COUNT,
    "action": TEXT,
    "name": TEXT,
    "source": maybe(REF),
    "target_id": maybe(TEXT),
    "piece": COUNT,
    "pieces": COUNT,
    "at": TIME,
    "state": one_of("claimed", "dispatched", "done", "failed", "uncertain"),
    "error": TEXT,
}
_BACKUP: Final = {**maybe(TEXT), "description": "The copy of the file as it was before; null where none was made."}


_OWNER: Final[dict[str, Schema]] = {
    "host": TEXT,
    "boot": {**TEXT, "description": "The boot id of its machine; empty where the system tells none."},
    "namespace": {**TEXT, "description": "The namespaces of its process; empty where the system tells none."},
    "pid": COUNT,
    "started": TEXT,
    "run": TEXT,
}


def status_schema() -> Schema:
    """`migrator/status@1`."""
    writing = shape({"target": TEXT, **_OWNER})
    uncertain = shape({**_WRITE, "run": TEXT, "sync": TEXT, "settle": {**TEXTS, "description": "What a person types."}})
    how = one_of("done", "unfinished", "died", "under way", "settled")
    more = {
        "how": how,
        "next": {**TEXT, "description": "What to type to go on, if anything."},
        "needs_resync_by": {**maybe(TIME), "description": "When its first schedule stops being exact unless renewed."},
    }
    sync = shape({**_RUN, **more})
    return document(
        "status",
        "How things stand, as far as the state knows",
        {
            "state": TEXT,
            "writing": listed(writing, "Who holds which lock."),
            "uncertain": listed(uncertain, "Writes whose outcome nobody knows."),
            "syncs": listed(sync, "The latest run of each."),
            "ledger": listed(MISSED, "Instants of cut-overs at which not exactly one side was surely live."),
            "trouble": listed(
                shape({"sync": TEXT, "end": one_of("source", "target"), "job": TEXT, "name": TEXT, "trouble": TEXT}),
                "Jobs that their platform has stopped, or whose runs fail, as the latest run of their sync saw it.",
            ),
            "jobs": {**maybe(listed(STANDING)), "description": "Of the sync that was asked for; null for none."},
        },
    )


def history_schema() -> Schema:
    """`migrator/history@1`."""
    runs = listed(shape(_RUN), "Latest first.")
    schema = document("history", "The runs so far", {"runs": runs})
    schema["properties"]["writes"] = listed(shape(_WRITE), "Of the one run that was asked for.")
    schema["properties"]["ledger"] = listed(MISSED, "What that run entered into the ledger.")
    return schema


def settle_schema() -> Schema:
    """`migrator/settle@1`."""
    return document("settle", "What a person decided", {"run": TEXT, "sync": TEXT, "write": shape(_WRITE)})


def unlock_schema() -> Schema:
    """`migrator/unlock@1`."""
    lease = shape(
        {
            "target": TEXT,
            **_OWNER,
            "renewed_at": {**TIME, "description": "By the database's clock."},
            "expires_at": {**TIME, "description": "By the database's clock."},
            "lease": one_of(*get_args(LeaseState)),
            "seen": {**FLAG, "description": "Whether its process can be seen from here."},
        }
    )
    return document(
        "unlock", "A lock that was freed", {"state": TEXT, "freed": listed(lease, "None was held if empty.")}
    )


def state_schema() -> Schema:
    """`migrator/state@1`."""
    tables = {
        name: listed(
            shape(
                {key: _held(column) for key, column in columns.items() if not column.later},
                {key: _held(column) for key, column in columns.items() if column.later},
            )
        )
        for name, columns in state_columns().items()
    }
    return document(
        "state",
        "Everything that a state holds but locks, as migrator state export writes it",
        {
            "layout": {**COUNT, "description": "The version of the tables; an older one may lack columns."},
            "exported_at": TIME,
            "tables": shape({}, tables, says="Rows as the database holds them; texts that hold JSON stay texts."),
        },
    )


def _held(column: Column) -> Schema:
    kind: Schema = {"type": "integer"} if column.type is int else TEXT
    return maybe(kind) if column.optional else kind


def import_schema() -> Schema:
    """`migrator/import@1`."""
    required = {"state": TEXT, "layout": COUNT, "moved": mapped(COUNT, "Rows by table."), "backup": _BACKUP}
    return document("import", "What was put into a state", required)


def prune_schema() -> Schema:
    """`migrator/prune@1`."""
    counts = dict.fromkeys(("runs", "writes", "records"), COUNT)
    left = {**COUNT, "description": "Runs that are still known."}
    return document("prune", "What a state forgot", {"state": TEXT, "before": TIME, **counts, "left": left})


def upgrade_schema() -> Schema:
    """`migrator/upgrade@1`."""
    found = {**maybe(COUNT), "description": "The layout it had; null when there was none."}
    return document(
        "upgrade", "The layout of a state", {"state": TEXT, "found": found, "now": COUNT, "backup": _BACKUP}
    )
