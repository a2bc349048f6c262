"""The JSON Schema of the documents that tell of the journal."""

from __future__ import annotations

from typing import Final, get_args

from migrator.report.shapes import COUNT, REF, TEXT, TEXTS, TIME, Schema, document, listed, mapped, maybe, one_of, shape
from migrator.state.values import RunKind

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


def status_schema() -> Schema:
    """`migrator/status@1`."""
    writing = shape({"target": TEXT, "host": TEXT, "pid": COUNT, "started": TEXT, "run": TEXT})
    uncertain = shape({**_WRITE, "run": TEXT, "sync": TEXT, "settle": {**TEXTS, "description": "What a person types."}})
    how = one_of("done", "unfinished", "died", "under way")
    sync = shape({**_RUN, "how": how, "next": {**TEXT, "description": "What to type to go on, if anything."}})
    return document(
        "status",
        "How things stand, as far as the state knows",
        {
            "state": TEXT,
            "writing": listed(writing, "Who holds which lock."),
            "uncertain": listed(uncertain, "Writes whose outcome nobody knows."),
            "syncs": listed(sync, "The latest run of each."),
        },
    )


def history_schema() -> Schema:
    """`migrator/history@1`."""
    runs = listed(shape(_RUN), "Latest first.")
    schema = document("history", "The runs so far", {"runs": runs})
    schema["properties"]["writes"] = listed(shape(_WRITE), "Of the one run that was asked for.")
    return schema


def settle_schema() -> Schema:
    """`migrator/settle@1`."""
    return document("settle", "What a person decided", {"run": TEXT, "sync": TEXT, "write": shape(_WRITE)})
