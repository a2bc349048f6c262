"""The line of a TOML file that an error is about, with a caret under the very place, and without what may be secret.

A value is shown only where the message beside it shows it as well. Anything else that could be a secret is an ellipsis,
on lines that are no TOML, too: there a secret may have lost its quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from attrs import frozen

_HIDDEN: Final = "…"
_WIDE: Final = 80
"""Characters that are shown on each side of the place, of a line that is much longer."""
_PART: Final = re.compile(
    r"(?P<blank>\s+)|(?P<mark>[\[\]{},=])"
    r"|(?P<word>\"(?:[^\"\\]|\\.)*(?:\"|$)|'[^']*(?:'|$)|[^\s\[\]{},=#\"']+)"
)
_HEADER: Final = re.compile(r"\s*\[\[?[^\[\],=#]+\]\]?\s*(?:#.*)?")
_VALUE_FOLLOWS: Final = re.compile(r"\s*=\s*[\"'\[{\w+-]")
"""What stands behind a key. `c2VjcmV0=` is none."""


@frozen
class _Part:
    kind: str
    at: int
    end: int
    told: str


def excerpt(line: str, column: int, *, shown: str = "") -> str:
    """Two lines: the text, and a caret below each character of what stands at a column, a key with its value.

    Args:
        line: a line of the file.
        column: where the fault is, from 1.
        shown: the value that the message shows, as it shows it.
    """
    parts = list(_parts(line, shown.strip("\"'")))
    starts = [0, *accumulate(len(part.told) for part in parts)]
    told = "".join(part.told for part in parts).rstrip()
    nth = next((n for n, part in enumerate(parts) if part.end >= column and part.kind != "blank"), None)
    begin, end = len(told), len(told) + 1
    if nth is not None:
        part = parts[nth]
        skipped = column - 1 - part.at if part.told == line[part.at : part.end] else 0
        begin, end = starts[nth] + max(skipped, 0), starts[_last(parts, nth) + 1]
    end = min(end, begin + _WIDE)
    if len(told) > 2 * _WIDE:
        start = max(begin - _WIDE, 0)
        told, begin, end = told[start : start + 2 * _WIDE], begin - start, end - start
    margin = len(told) - len(told.lstrip())
    return f"{told[margin:]}\n{' ' * (begin - margin)}{'^' * (end - begin)}"


def _parts(line: str, shown: str) -> Iterator[_Part]:
    """The line up to its comment; keys and words of the language as they are, other values hidden."""
    is_header, may_be_key, at = bool(_HEADER.fullmatch(line)), True, 0
    while found := _PART.match(line, at):
        at, kind, text = found.end(), found.lastgroup or "", found.group()
        if kind == "word":
            is_key = is_header or (may_be_key and bool(_VALUE_FOLLOWS.match(line, at)))
            kind = "key" if is_key else "value"
            text = text if is_key or text in {"true", "false"} else _value(text, shown)
        yield _Part(kind, found.start(), at, text)
        may_be_key = may_be_key if kind == "blank" else text in {"{", ","}


def _value(text: str, shown: str) -> str:
    quote = text[0] if text[0] in "\"'" else ""
    return text if shown and text.strip("\"'") == shown else f"{quote}{_HIDDEN}{quote}"


def _last(parts: list[_Part], nth: int) -> int:
    """The last part to underline: of a key, its value where that is a plain one on the same line."""
    solid = [n for n in range(nth, len(parts)) if parts[n].kind != "blank"]
    is_pair = [parts[n].told if parts[n].kind == "mark" else parts[n].kind for n in solid[:3]] == ["key", "=", "value"]
    return solid[2] if is_pair else nth
