"""The pieces that JSON Schemas of our documents are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from migrator.canonical import LEAVES, PATHS

Schema = dict[str, Any]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
ANY: Final[Schema] = {}
OBJECT: Final[Schema] = {"type": "object"}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}


def shape(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, *, says: str = "", rest: Any = False
) -> Schema:
    """An object with these keys; `rest` says what other keys may hold."""
    schema: Schema = {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": rest,
    }
    return {"description": says, **schema} if says else schema


def listed(items: Schema, says: str = "") -> Schema:
    """An array of these."""
    return {"description": says, "type": "array", "items": items} if says else {"type": "array", "items": items}


def mapped(values: Schema, says: str = "") -> Schema:
    """An object with any keys and these values."""
    schema: Schema = {"type": "object", "additionalProperties": values}
    return {"description": says, **schema} if says else schema


def one_of(*values: str | int) -> Schema:
    """One of these values."""
    return {"enum": list(values)}


def maybe(schema: Schema) -> Schema:
    """This, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def document(name: str, title: str, required: Mapping[str, Schema], *, rest: Any = False) -> Schema:
    """A document that says in its first key what it is."""
    body = shape({"schema": {"const": f"migrator/{name}@1"}, **required}, rest=rest)
    return {"$schema": _DRAFT, "title": title, **body}


REF: Final = shape({"provider": TEXT, "scope": TEXT, "id": TEXT}, says="Where a job lives.")
PATH: Final = one_of(*PATHS)
LOSS_PATH: Final[Schema] = {
    "anyOf": [one_of(*dict.fromkeys([*PATHS, *LEAVES])), {"type": "string", "pattern": "^provider_fields\\..+$"}]
}
REQUESTS: Final = mapped(COUNT, "Requests sent, by provider.")
VERDICT: Final = one_of(
    "exact", "exact_split", "exact_until", "one_time", "dead", "approximate", "impossible", "carried", "none"
)
PIECE: Final = shape(
    {"text": maybe(TEXT), "dialect": TEXT, "timezone": TEXT}, {"at": TIME}, says="The schedule of one target job."
)
EVIDENCE: Final = {"type": "object", "description": "Numbers that prove the verdict."}
PLACES: Final = {
    "code": {**TEXT, "description": "The kind of error in one word that does not change."},
    "error": TEXT,
    "where": TEXT,
    "actual": TEXT,
    "allowed": {**TEXTS, "description": "The allowed values, or one entry that describes them."},
    "hint": TEXT,
    "excerpt": TEXT,
}
