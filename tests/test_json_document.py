"""JSON documents: their text and their schemas come from one type."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NotRequired, TypedDict

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from migrator.json_document import OPTIONAL, Document, Each, filled
from migrator.json_schema import document_schema, schema_of
from migrator.soundness import json_text
from tests.strategies import json_values


class Plain(TypedDict):
    """Something that is a dictionary already."""

    text: str | None
    more: NotRequired[int]


@frozen(kw_only=True)
class Item:
    """One of many.

    Attributes:
        from_: where it begins, or None
            where nobody knows.
    """

    from_: datetime | None
    held: Any = ""
    plain: tuple[Plain, ...] = ()
    rare: str | None = field(default=None, metadata=OPTIONAL)


@frozen(kw_only=True)
class Inner(Document):
    """A document that stands in another one."""

    NAME: ClassVar[str] = "inner"
    items: Iterable[Item]


@frozen(kw_only=True)
class Whole(Document):
    """A document of every kind of value."""

    NAME: ClassVar[str] = "whole"
    first: Any
    summary: Mapping[Literal["a", "b"], int]
    inner: Inner | None
    items: Iterable[Item]
    rest: tuple[Any, ...] | None = field(default=None, metadata=OPTIONAL)


@frozen(kw_only=True)
class Awaited(Document):
    """A document whose items are awaited."""

    NAME: ClassVar[str] = "awaited"
    items: AsyncIterable[int]
    problems: list[str]


ITEMS = st.lists(
    st.builds(
        Item,
        from_=st.none() | st.datetimes(timezones=st.just(UTC)),
        held=json_values,
        plain=st.just(({"text": None}, {"text": "t", "more": 1})),
        rare=st.none() | st.text(),
    ),
    max_size=3,
)
WHOLES = st.builds(
    Whole,
    first=json_values,
    summary=st.just({"a": 0, "b": 1}),
    inner=st.none() | st.builds(Inner, items=ITEMS),
    items=ITEMS,
    rest=st.none() | st.lists(json_values, max_size=2).map(tuple),
)


@pytest.mark.parametrize("ascii_only", [False, True])
@given(document=WHOLES)
def test_parts_are_the_whole(document: Whole, *, ascii_only: bool) -> None:
    """Its parts make the very text that the whole document is written as."""
    whole = json_text(document.to_json(), ascii_only=ascii_only) + "\n"

    assert whole == "".join(document.text_parts(ascii_only=ascii_only))


@given(document=WHOLES)
def test_a_document_is_what_its_schema_says(document: Whole) -> None:
    """Every document passes, and fails with a key more or a key less."""
    schema = document_schema(Whole)
    Draft202012Validator.check_schema(schema)
    validator, written = Draft202012Validator(schema, format_checker=FormatChecker()), document.to_json()

    assert list(validator.iter_errors(written)) == []
    assert not validator.is_valid(written | {"surplus": 1})
    assert not validator.is_valid({key: value for key, value in written.items() if key != "summary"})


def test_what_is_not_json_is_written_as_json() -> None:
    """Times, frozen values, and names that are words of Python; a key that is optional is left out where it is None."""
    item = Item(from_=datetime(2026, 1, 2, tzinfo=UTC), held=("a", MappingProxyType({"b": (1,)})))

    assert Inner(items=Each([1], lambda _number: item)).to_json() == {
        "schema": "migrator/inner@1",
        "items": [{"from": "2026-01-02T00:00:00Z", "held": ["a", {"b": [1]}], "plain": []}],
    }


def test_awaited_items_are_written_as_they_come() -> None:
    """What is gathered on the way stands behind the items."""
    problems: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            problems.append(str(number))
            yield number

    async def written() -> str:
        return "".join([part async for part in Awaited(items=numbers(), problems=problems).streamed()])

    said = {"schema": "migrator/awaited@1", "items": [0, 1, 2], "problems": ["0", "1", "2"]}
    assert asyncio.run(written()) == json_text(said) + "\n"


def test_schemas_say_what_docstrings_say() -> None:
    """The title of a document, and the meaning of each part and key."""
    schema = document_schema(Whole)
    item = schema["properties"]["items"]["items"]

    assert schema["title"] == "A document of every kind of value"
    assert item["description"] == "One of many."
    assert item["properties"]["from"]["description"] == "Where it begins, or null where nobody knows."
    assert item["required"] == ["from", "held", "plain"]
    assert item["properties"]["rare"] == {"type": "string"}
    assert item["properties"]["plain"]["items"]["required"] == ["text"]
    assert json.dumps(schema["properties"]["summary"]["required"]) == '["a", "b"]'


def test_a_type_that_is_not_json_has_no_schema() -> None:
    """It is refused by name."""
    with pytest.raises(TypeError, match="complex"):
        schema_of(complex)


def test_attributes_are_taken_from_what_has_them() -> None:
    """Those that are given win; an optional one is never taken."""
    source = Item(from_=None, held="theirs", rare="theirs")

    assert filled(Item, source, held="ours") == Item(from_=None, held="ours")
