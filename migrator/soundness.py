"""What a JSON value must be to be stored, sent and compared, and texts whose invisible characters are spelled out.

A lone surrogate has no UTF-8 form, PostgreSQL stores no NUL, and NaN is not JSON and never equal to itself. A record
that holds one of these cannot go through every stage, so it is found before the first one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_DEEPEST: Final = 100
"""Levels of objects and lists in one record."""
_BAD: Final = re.compile("[\x00\ud800-\udfff]")
_ALWAYS: Final = frozenset({bool, int, type(None)})
_WORDS: Final[Mapping[bool, str]] = {True: "a NUL character (U+0000)", False: "half a surrogate pair"}


def unsound(value: Any) -> tuple[str, str] | None:
    """Where a JSON value cannot be stored or sent, as a dotted path, and what stands there; None when it can."""
    return None if _is_sound(value, 0) else next(_faults(value, "", 0), None)


def storable(text: str) -> str:
    r"""A text with NUL and lone surrogates spelled as \u0000 and \ud800, which any database and UTF-8 can hold."""
    return text if text.isascii() and "\0" not in text else _BAD.sub(lambda bad: f"\\u{ord(bad[0]):04x}", text)


def _is_sound(value: Any, depth: int) -> bool:
    """The same question without the place; asked of every record, so the usual types come first."""
    kind = type(value)
    if kind is str:
        return (value.isascii() and "\0" not in value) or _BAD.search(value) is None
    if kind is dict:
        if depth >= _DEEPEST or not all(map(_is_plain, value)):
            return False
        return all(_is_sound(inner, depth + 1) for inner in value.values() if inner is not None)
    if kind is list:
        return depth < _DEEPEST and all(_is_sound(inner, depth + 1) for inner in value)
    return kind in _ALWAYS


def _is_plain(key: Any) -> bool:
    return type(key) is str and key.isascii() and "\0" not in key


def _faults(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        yield path, f"more than {_DEEPEST} levels of objects and lists"
    elif isinstance(value, str):
        if (not value.isascii() or "\0" in value) and (bad := _BAD.search(value)):
            yield path, f"{_WORDS[bad[0] == chr(0)]} at character {bad.start() + 1}"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            name = f"{path}.{key}" if path else str(key)
            yield from _faults(str(key), name, depth)
            yield from _faults(inner, name, depth + 1)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _faults(inner, f"{path}[{number}]", depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "a number that JSON does not have"
