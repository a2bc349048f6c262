"""JSON Schemas of the documents about the journal and the state."""

from __future__ import annotations

from typing import Final, get_args

from migrator.report.cutover_schemas import DARK, MISSED, STANDING
from migrator.report.json_schema import (
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
from migrator.report.state_moves import ORPHANS
from migrator.store.dump_document import Column
from migrator.store.dump_document import columns as state_columns
from migrator.store.records import LeaseState, RunKind

_PLACE: Final = shape({"provider": TEXT, "scope": TEXT})
_RUN: Final[dict[str, Schema]] = {
    "run": TEXT,
    "kind": one_of(*get_args(RunKind)),
    "of": {**maybe(TEXT), "description": "The run that it resumed or rolled back."},
    "sync": TEXT,
    "goal": {**maybe(one_of("source", "target")), "description": "Of a cutover: the side that was to be active."},
    "target": _PLACE,
    "started_at": TIME,
    "ended_at": {**maybe(TIME), "description": "Null when it crashed or is running."},
    "summary": mapped(COUNT, "How many changes, by result."),
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
    uncertain = shape(
        {**_WRITE, "run": TEXT, "sync": TEXT, "settle": {**TEXTS, "description": "The commands that resolve it."}}
    )
    how = one_of("done", "unfinished", "died", "under way", "settled")
    more = {
        "how": how,
        "next": {**TEXT, "description": "The next command; empty where none is needed."},
        "needs_resync_by": {**maybe(TIME), "description": "When its first schedule stops being exact unless renewed."},
    }
    sync = shape({**_RUN, **more})
    named = {"sync": TEXT, "source": TEXT, "name": TEXT, "piece": COUNT, "pieces": COUNT}
    duplicate = shape({**named, "targets": TEXTS, "bound": TEXTS})
    return document(
        "status",
        "Unresolved writes, unfinished runs and locks, as the state records them",
        {
            "state": TEXT,
            "active_nowhere": listed(
                DARK, "Jobs that are active nowhere, as last read, and the command that repairs each."
            ),
            "writing": listed(writing, "Locks that are held, and by which process."),
            "orphans": ORPHANS,
            "uncertain": listed(uncertain, "Unresolved writes."),
            "syncs": listed(sync, "The latest run of each."),
            "ledger": listed(
                MISSED, "Instants of cutovers at which it is not certain that exactly one side was active."
            ),
            "duplicates": listed(duplicate, "Target jobs of one source job and part, when both sides were last read."),
            "trouble": listed(
                shape({"sync": TEXT, "end": one_of("source", "target"), "job": TEXT, "name": TEXT, "trouble": TEXT}),
                "Jobs that their platform has disabled, or whose runs fail, as the latest run of their sync read it.",
            ),
            "jobs": {**maybe(listed(STANDING)), "description": "Of the sync that was asked for; null for none."},
        },
    )


def history_schema() -> Schema:
    """`migrator/history@1`."""
    runs = listed(shape(_RUN), "Latest first.")
    schema = document("history", "The runs so far", {"runs": runs})
    schema["properties"]["writes"] = listed(shape(_WRITE), "Of the one run that was asked for.")
    schema["properties"]["ledger"] = listed(MISSED, "What that run added to the ledger.")
    return schema


def settle_schema() -> Schema:
    """`migrator/settle@1`."""
    return document("settle", "A write that was resolved by hand", {"run": TEXT, "sync": TEXT, "write": shape(_WRITE)})


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
        name: listed(shape({key: _held(column) for key, column in columns.items()}))
        for name, columns in state_columns().items()
    }
    return document(
        "state",
        "Everything that a state holds but locks, as migrator state export writes it",
        {
            "layout": {**COUNT, "description": "The schema version of the tables."},
            "exported_at": TIME,
            "tables": shape(tables, says="Rows as the database holds them; texts that hold JSON stay texts."),
        },
    )


def _held(column: Column) -> Schema:
    kind: Schema = {"type": "integer"} if column.type is int else TEXT
    return maybe(kind) if column.optional else kind


def import_schema() -> Schema:
    """`migrator/import@1`."""
    required = {"state": TEXT, "layout": COUNT, "moved": mapped(COUNT, "Rows by table."), "backup": _BACKUP}
    return document("import", "Rows that were imported into a state", required)


def prune_schema() -> Schema:
    """`migrator/prune@1`."""
    counts = dict.fromkeys(("runs", "writes", "records"), COUNT)
    left = {**COUNT, "description": "Runs that are still known."}
    return document(
        "prune", "Old runs that were removed from a state", {"state": TEXT, "before": TIME, **counts, "left": left}
    )


def move_schema() -> Schema:
    """`migrator/move@1`."""
    ends = shape({"sync": TEXT, "source": REF, "target": REF})
    binding = shape({"name": TEXT, "before": ends, "after": maybe(ends)})
    return document(
        "move",
        "Bindings that were moved to another address, or removed",
        {
            "action": one_of("move", "forget"),
            "from": TEXT,
            "to": maybe(TEXT),
            "bindings": listed(binding, "The bindings that were moved or removed."),
            "tags": {**COUNT, "description": "Ownership tags at the target that were, or are to be, rewritten."},
            "unreached": {**TEXTS, "description": "Targets whose ownership tags stay: no connection reaches them."},
            "runs": {**TEXTS, "description": "The runs that did it; none in a dry run."},
            "undo": {**TEXT, "description": "The command that reverts it."},
            "failed": listed(shape({"name": TEXT, "error": TEXT}), "Ownership tags that could not be rewritten."),
        },
    )


def upgrade_schema() -> Schema:
    """`migrator/upgrade@1`."""
    found = {**maybe(COUNT), "description": "The schema version it had; null when it was new."}
    return document(
        "upgrade", "The schema version of a state", {"state": TEXT, "found": found, "now": COUNT, "backup": _BACKUP}
    )
