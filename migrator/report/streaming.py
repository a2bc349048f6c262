"""Documents with one long list, made and written item by item, so that thousands take no more room than one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from attrs import field, frozen

from migrator.soundness import json_text


@frozen(kw_only=True)
class Long:
    """A JSON document with one long list.

    Attributes:
        head: what stands before the list.
        name: the list's key.
        items: makes what it holds.
        rest: makes what stands behind it.
    """

    head: Mapping[str, Any]
    name: str
    items: Callable[[], Iterable[Any]] = field(repr=False)
    rest: Callable[[], Mapping[str, Any]] = field(repr=False)

    def whole(self) -> dict[str, Any]:
        """The document as one object."""
        return {**self.head, self.name: list(self.items()), **self.rest()}

    def text(self, *, ascii_only: bool = False) -> Iterator[str]:
        """The document as it is printed and saved, part by part."""
        yield opening(self.head, self.name, ascii_only=ascii_only)
        number = 0
        for number, value in enumerate(self.items(), 1):
            yield item(value, first=number == 1, ascii_only=ascii_only)
        yield closing(self.rest(), empty=number == 0, ascii_only=ascii_only)


def opening(head: Mapping[str, Any], name: str, *, ascii_only: bool = False) -> str:
    """The text of a document up to its long list."""
    return "{" + "".join(f"{_member(key, value, ascii_only)}," for key, value in head.items()) + f'\n  "{name}": ['


def item(value: Any, *, first: bool, ascii_only: bool = False) -> str:
    """The text of one item of the list."""
    return ("" if first else ",") + "\n    " + _text(value, 2, ascii_only)


def closing(rest: Mapping[str, Any], *, empty: bool, ascii_only: bool = False) -> str:
    """The text of a document from the end of its list on."""
    return ("]" if empty else "\n  ]") + "".join(f",{_member(*one, ascii_only)}" for one in rest.items()) + "\n}\n"


def _member(name: str, value: Any, ascii_only: bool) -> str:  # noqa: FBT001 (passed on)
    return f"\n  {_text(name, 0, ascii_only)}: {_text(value, 1, ascii_only)}"


def _text(value: Any, depth: int, ascii_only: bool) -> str:  # noqa: FBT001 (passed on)
    return json_text(value, ascii_only=ascii_only).replace("\n", "\n" + "  " * depth)
