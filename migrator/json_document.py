"""JSON documents: what commands print with --json and write to files.

The attrs class of a document is its one definition: its attributes are the document's keys, `json_schema` draws the
JSON Schema from it, and the values of the program stand in it as they are until they are written.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import attrs
import cattrs
from attrs import frozen
from cattrs.gen import make_dict_unstructure_fn, override

from migrator.document import make_document_converter
from migrator.mapping.codecs import PLAIN
from migrator.soundness import json_text

_T = TypeVar("_T")


OPTIONAL: Final = {"optional": True}
"""The metadata of an attribute whose key is left out where it is None."""


def is_optional(attribute: attrs.Attribute[Any]) -> bool:
    """Return whether the attribute's key is left out where it is None."""
    return "optional" in attribute.metadata


def key_of(attribute: attrs.Attribute[Any]) -> str:
    """Return the attribute's key; a name that is a word of Python ends with an underscore."""
    return attribute.name.rstrip("_")


def filled(kind: type[_T], source: object, /, **given: Any) -> _T:
    """Return an instance with the attributes given; the others are those of the same name of `source`."""
    return kind(**{name: getattr(source, name) for name in _required(kind) if name not in given}, **given)  # type: ignore[arg-type]  # mypy: no type is hashable


@cache
def _required(kind: type) -> tuple[str, ...]:
    return tuple(a.name for a in attrs.fields(kind) if not is_optional(a))


@frozen
class Each(Iterable[_T]):
    """A list whose items are made one after another, each time that it is read."""

    sources: Iterable[Any]
    make: Callable[[Any], _T]

    def __iter__(self) -> Iterator[_T]:
        return map(self.make, self.sources)


class Document:
    """A document that says in its first key what it is: `{"schema": "migrator/NAME@1", …}`."""

    __slots__ = ()
    NAME: ClassVar[str]

    @classmethod
    def schema_name(cls) -> str:
        """Return the value of the key `schema`."""
        return f"migrator/{cls.NAME}@1"

    def members(self) -> Iterator[tuple[str, Any]]:
        """Yield the keys in order, each with its value as the program holds it."""
        yield "schema", self.schema_name()
        for attribute in attrs.fields(type(self)):  # type: ignore[arg-type]  # every document is an attrs class
            value = getattr(self, attribute.name)
            if value is not None or not is_optional(attribute):
                yield key_of(attribute), value

    def to_json(self) -> dict[str, Any]:
        """Return the document as one object."""
        return {key: [*map(json_of, value)] if _is_list(value) else json_of(value) for key, value in self.members()}

    def text_parts(self, *, ascii_only: bool = False) -> Iterator[str]:
        """Yield the document as it is printed and saved; lists item by item, so that long ones take little room."""
        for before, value in self._begun(ascii_only):
            yield before
            yield from _value_text(value, ascii_only)
        yield _END

    async def streamed(self, *, ascii_only: bool = False) -> AsyncIterator[str]:
        """Yield the same of a document with a list whose items are awaited."""
        for before, value in self._begun(ascii_only):
            yield before
            if isinstance(value, AsyncIterable):
                number = 0
                async for item in value:
                    number += 1
                    yield _item_text(item, number, ascii_only)
                yield _close(number)
            else:
                for part in _value_text(value, ascii_only):
                    yield part
        yield _END

    def _begun(self, ascii_only: bool) -> Iterator[tuple[str, Any]]:  # noqa: FBT001 (passed on)
        """Yield the values, each with the text that stands before it."""
        for number, (key, value) in enumerate(self.members()):
            yield f"{',' if number else '{'}\n  {_text(key, 0, ascii_only)}: ", value


_END: Final = "\n}\n"


def _value_text(value: Any, ascii_only: bool) -> Iterator[str]:  # noqa: FBT001 (passed on)
    if not _is_list(value):
        yield _text(json_of(value), 1, ascii_only)
        return
    number = 0
    for number, item in enumerate(value, 1):
        yield _item_text(item, number, ascii_only)
    yield _close(number)


def _item_text(item: Any, number: int, ascii_only: bool) -> str:  # noqa: FBT001 (passed on)
    return f"{'[' if number == 1 else ','}\n    {_text(json_of(item), 2, ascii_only)}"


def _close(number: int) -> str:
    """Return what ends a list of so many items."""
    return "\n  ]" if number else "[]"


def _text(value: Any, depth: int, ascii_only: bool) -> str:  # noqa: FBT001 (passed on)
    return json_text(value, ascii_only=ascii_only).replace("\n", "\n" + "  " * depth)


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | Mapping)


def json_of(value: Any) -> Any:
    """Return a value of a document as JSON."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is dict:
        return {key: json_of(inner) for key, inner in value.items()}
    if kind is tuple or kind is list:
        return [json_of(inner) for inner in value]
    return _converter().unstructure(value)


@cache
def _converter() -> cattrs.Converter:
    converter = make_document_converter("").copy(unstruct_collection_overrides={Sequence: list, tuple: list})
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(Path, str)
    converter.register_unstructure_hook_factory(attrs.has, lambda kind: _writer(kind, converter))
    converter.register_unstructure_hook_func(_is_document, lambda document: document.to_json())
    converter.register_unstructure_hook_func(lambda kind: kind is Any, json_of)
    return converter


def _is_document(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Document)


def _writer(kind: type, converter: cattrs.Converter) -> Any:
    """Return the function that writes an attrs class; optional keys are left out where they are None."""
    attributes = attrs.fields(attrs.resolve_types(kind))
    names = {a.name: override(rename=key_of(a), omit_if_default=is_optional(a)) for a in attributes}
    return make_dict_unstructure_fn(kind, converter, **names)  # type: ignore[arg-type]  # the names are attributes of the class
