"""Many JSON objects that are seldom looked at, held in a tenth of the room."""

from __future__ import annotations

import json
import zlib
from collections.abc import Hashable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final, TypeVar

from attrs import define, field

Key = TypeVar("Key", bound=Hashable)

_PAGE: Final = 64
"""Objects that are packed together: alike as they are, they need little more room than one."""


@define(eq=False)
class CompressedMap(Mapping[Key, dict[str, Any]]):
    """JSON objects by key, in the order in which they came; what is read is a copy."""

    _keys: list[Key] = field(factory=list, init=False, repr=False)
    _found: dict[Key, int] = field(factory=dict, init=False, repr=False)
    _known: int = field(default=0, init=False, repr=False)
    _pages: list[bytes] = field(factory=list, init=False, repr=False)
    _last: list[Any] = field(factory=list, init=False, repr=False)
    _open: tuple[int, list[Any]] = field(default=(-1, []), init=False, repr=False)

    def add(self, key: Key, value: Mapping[str, Any]) -> None:
        """One more; of a key that is there already, the later one counts."""
        self._keys.append(key)
        self._last.append(value)
        if len(self._last) == _PAGE:
            self._pages.append(_pack(self._last))
            self._last = []

    def __getitem__(self, key: Key) -> dict[str, Any]:
        page, number = divmod(self._places()[key], _PAGE)
        found: dict[str, Any] = deepcopy(self._page(page)[number])
        return found

    def __iter__(self) -> Iterator[Key]:
        return iter(self._places())

    def __len__(self) -> int:
        return len(self._places())

    def _page(self, number: int) -> list[Any]:
        """The objects of a page, which stays unpacked until another one is asked for: most readers read them all."""
        if number == len(self._pages):
            return self._last
        if number != self._open[0]:
            self._open = number, json.loads(zlib.decompress(self._pages[number]))
        return self._open[1]

    def _places(self) -> Mapping[Key, int]:
        """Where each object is; made when one is asked for, which seldom happens."""
        if self._known < len(self._keys):
            self._found, self._known = {key: number for number, key in enumerate(self._keys)}, len(self._keys)
        return self._found


def _pack(values: list[Any]) -> bytes:
    return zlib.compress(json.dumps(values, separators=(",", ":")).encode(), 1)
