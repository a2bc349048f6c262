"""JSON Schemas (draft 2020-12), drawn from the types of documents.

An attribute's type says what its key holds, its line in the class's docstring what that means. A mapping whose keys are
a `Literal` has all of them. `Keywords` in `Annotated` are added as they are. No number in a document is
negative.

msgspec draws schemas of attrs classes as well, but without the descriptions of attributes and formats of times, and
lets unknown keys pass; correcting that takes as much code as this.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import AsyncIterable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import attrs

from migrator.json_document import Document, is_optional, key_of

Schema = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: Final[Mapping[Any, Schema]] = {
    Any: {},
    str: {"type": "string"},
    Path: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": 0},
    float: {"type": "number", "minimum": 0},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
}
_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)
"""A line of the section "Attributes:" of a docstring, with its continuation lines."""


_NONE: Final = re.compile(r"\bNone\b")


def document_schema(kind: type[Document]) -> Schema:
    """Return the JSON Schema of a document."""
    schema = schema_of(kind)
    return {"$schema": DRAFT, "title": schema.pop("description", "").rstrip("."), **schema}


def schema_of(kind: Any) -> Schema:
    """Return the JSON Schema of the values of a type, as a document holds them.

    Raises:
        TypeError: a document cannot hold such values.
    """
    if get_origin(kind) is Annotated:
        base, *notes = get_args(kind)
        return {**schema_of(base), **{key: value for note in notes for key, value in note.values.items()}}
    if is_typeddict(kind):
        return _of_typed_dict(kind)
    if isinstance(kind, type) and attrs.has(kind):
        return _of_class(kind)
    return dict(_PLAIN[kind]) if kind in _PLAIN else _of_generic(kind, get_origin(kind), get_args(kind))


def _of_generic(kind: Any, origin: Any, arguments: tuple[Any, ...]) -> Schema:
    if origin is Literal:
        return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}
    if origin in {Union, types.UnionType}:
        choices = [{"type": "null"} if one is types.NoneType else schema_of(one) for one in arguments]
        return {"anyOf": choices}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _of_mapping(*arguments)
    if isinstance(origin, type) and issubclass(origin, Iterable | AsyncIterable):
        return list_schema(schema_of(arguments[0]))
    raise TypeError(f"no document holds values of {kind}")


def _of_mapping(names: Any, values: Any) -> Schema:
    held = schema_of(values)
    if get_origin(names) is Literal:
        return object_schema(dict.fromkeys(get_args(names), held))
    return {"type": "object", "additionalProperties": held} if held else {"type": "object"}


def _of_typed_dict(kind: Any) -> Schema:
    hints = get_type_hints(kind, include_extras=True)
    marked = {key: get_args(hint)[0] for key, hint in hints.items() if get_origin(hint) is NotRequired}
    values = {key: schema_of(hint) for key, hint in {**hints, **marked}.items()}
    return described_object(kind, values, marked if kind.__total__ else hints)


def _of_class(kind: type) -> Schema:
    hints = get_type_hints(kind, include_extras=True)
    attributes = {key_of(a): a for a in attrs.fields(kind)}
    kinds = {key: _required(hints[a.name]) if is_optional(a) else hints[a.name] for key, a in attributes.items()}
    values = {key: schema_of(one) for key, one in kinds.items()}
    if issubclass(kind, Document):
        values = {"schema": {"const": kind.schema_name()}, **values}
    return described_object(kind, values, {key for key, a in attributes.items() if is_optional(a)})


def _required(hint: Any) -> Any:
    """Return an optional attribute's type without the None for which its key is left out."""
    return Union[tuple(one for one in get_args(hint) if one is not types.NoneType)]  # noqa: UP007 (made of a tuple)


def described_object(kind: type, values: Mapping[str, Schema], optional: Iterable[str]) -> Schema:
    """Return the schema of an object with these keys, and what its type's docstring says of it and of them."""
    found: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        _, _, section = (inspect.cleandoc(parent.__doc__ or "")).partition("\nAttributes:\n")
        found |= {name.rstrip("_"): _sentence(text) for name, text in _ATTRIBUTE.findall(section)}
    described = {key: value | ({"description": found[key]} if key in found else {}) for key, value in values.items()}
    schema = object_schema(described, optional)
    said = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
    return {"description": " ".join(said.split()), **schema} if said else schema


def _sentence(text: str) -> str:
    words = _NONE.sub("null", " ".join(text.split()))
    return words[0].upper() + words[1:]


def list_schema(items: Schema) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "items": items}


def object_schema(values: Mapping[str, Schema], optional: Iterable[str] = ()) -> Schema:
    """Return the schema of an object with these keys and no others; those that are not optional are required."""
    return {
        "type": "object",
        "properties": dict(values),
        "required": [key for key in values if key not in optional],
        "additionalProperties": False,
    }
