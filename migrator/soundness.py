"""What a JSON value must be to be stored, sent and compared, and texts whose invisible characters are spelled out.

A lone surrogate has no UTF-8 form, PostgreSQL stores no NUL, and NaN is not JSON and never equal to itself. A record
that holds one of these cannot go through every stage, so it is found before the first one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

_DEEPEST: Final = 100
"""Levels of objects and lists in one record."""
_BEFORE: Final = 20
"""Characters that are shown before two texts part."""
_AFTER: Final = 20
"""Characters that are shown from there on."""
_SPELT: Final = 4
"""How many of these are spelled out, however common they are."""
_BMP: Final = 0xFFFF
_BAD: Final = re.compile("[\x00\ud800-\udfff]")
_ACTS: Final = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f]"
)
"""What Unicode calls controls, formats, line separators and surrogates; JSON itself escapes those below the blank."""
_ALWAYS: Final = frozenset({bool, int, type(None)})
_WORDS: Final[Mapping[bool, str]] = {True: "a NUL character (U+0000)", False: "half a surrogate pair"}


def unsound(value: Any) -> tuple[str, str] | None:
    """Where a JSON value cannot be stored or sent, as a dotted path, and what stands there; None when it can."""
    return None if _is_sound(value, 0) else next(_faults(value, "", 0), None)


def json_text(value: Any, *, ascii_only: bool = False) -> str:
    """A value as indented JSON that does nothing to a terminal: controls, directions, half pairs are escaped.

    What is no JSON number becomes a text.
    """
    try:
        text = json.dumps(value, indent=2, ensure_ascii=ascii_only, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), indent=2, ensure_ascii=ascii_only)
    return _ACTS.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def storable(text: str) -> str:
    r"""A text with NUL and lone surrogates spelled as \u0000 and \ud800, which any database and UTF-8 can hold."""
    return text if text.isascii() and "\0" not in text else _BAD.sub(lambda bad: f"\\u{ord(bad[0]):04x}", text)


def _is_sound(value: Any, depth: int) -> bool:
    """The same question without the place; asked of every record, so the usual types come first."""
    kind = type(value)
    if kind is str:
        return (value.isascii() and "\0" not in value) or _BAD.search(value) is None
    if kind is not dict and kind is not list:
        return kind in _ALWAYS
    if depth >= _DEEPEST:
        return False
    if kind is dict:
        for key in value:
            if type(key) is not str or not key.isascii() or "\0" in key:
                return False
        value = value.values()
    for inner in value:  # a loop, because a generator costs more than the check
        if inner is None or (type(inner) is str and inner.isascii() and "\0" not in inner):
            continue
        if not _is_sound(inner, depth + 1):
            return False
    return True


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


def contrast(one: Any, other: Any) -> tuple[str, str]:
    """Return two values in quotes, from shortly before they part, with what cannot be seen spelled out.

    Blanks and everything outside ASCII are spelled from the first difference on, so that two values that look the same
    are told apart.
    """
    first, second = _as_text(one), _as_text(other)
    shortest = min(len(first), len(second))
    parting = next((n for n in range(shortest) if first[n] != second[n]), shortest)
    return _from(first, parting), _from(second, parting)


def _as_text(value: Any) -> str:
    return (
        value if isinstance(value, str) else "" if value is None else json.dumps(value, default=_parts, sort_keys=True)
    )


def _parts(value: Any) -> Any:
    return attrs.asdict(value) if attrs.has(type(value)) else str(value)


def _from(text: str, parting: int) -> str:
    start = max(parting - _BEFORE, 0)
    alike, rest = text[start:parting], text[parting : parting + _AFTER]
    spelt = "".join(char if "!" <= char <= "~" else _spelt(char) for char in rest[:_SPELT]) + _spell(rest[_SPELT:])
    return f'"{"…" if start else ""}{_spell(alike)}{spelt}{"…" if len(text) > parting + _AFTER else ""}"'


def _spell(text: str) -> str:
    """A text with what no terminal shows spelled out."""
    return "".join(char if char.isprintable() else _spelt(char) for char in text)


def _spelt(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= _BMP else f"\\U{ord(char):08x}"
