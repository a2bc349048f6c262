"""Where each key of a TOML text stands.

`tomllib` gives values without positions. `locate` reads a text that `tomllib` has accepted a second time, skips the
values and notes line and column of every key and array element. It judges nothing: the text is known to be valid.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import Final

KeyPath = tuple[str | int, ...]
"""The keys that lead to a value, from the top; an element of an array is its index."""

_BLANK: Final = re.compile(r"(?:[ \t\n]+|#[^\n]*)*+")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}'  # a multi-line text may end with two quotes of its own
    r"|'''(?:[^']|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\]|\\.)*+"'
    r"|'[^']*+'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")  # a date and its time may be parted by a space


def locate(text: str) -> dict[KeyPath, tuple[int, int]]:
    """Line and column, both from 1, of every key and array element in a valid TOML text (lines end with LF)."""
    scanner = _Scanner(text)
    scanner.document()
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    lines = {path: bisect_right(starts, offset) for path, offset in scanner.offsets.items()}
    return {path: (line, scanner.offsets[path] - starts[line - 1] + 1) for path, line in lines.items()}


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.offsets: dict[KeyPath, int] = {}
        self.last: dict[KeyPath, int] = {}  # index of the last element so far of each array of tables

    def document(self) -> None:
        table: KeyPath = ()
        while sign := self.peek():
            table = self.header() if sign == "[" else self.pair(table)

    def header(self) -> KeyPath:
        """`[a.b]` or `[[a.b]]`: the table that the pairs below belong to."""
        element = self.text.startswith("[[", self.at)
        self.at += 1 + element
        *outer, (offset, name) = self.key()
        self.at += 1 + element
        table = (*self.walk((), outer), name)
        self.offsets[table] = offset
        if element:
            self.last[table] = self.last.get(table, -1) + 1
            table = (*table, self.last[table])
            self.offsets[table] = offset
        return table

    def pair(self, table: KeyPath) -> KeyPath:
        """`key = value`: the key's parts, and what is inside the value; returns the table that it stands in."""
        path = self.walk(table, self.key())
        self.at += 1
        self.value(path)
        return table

    def key(self) -> list[tuple[int, str]]:
        """The parts of a dotted key, each with its offset; stops at the sign behind it."""
        parts: list[tuple[int, str]] = []
        while not parts or self.peek() == ".":
            self.at += bool(parts)
            quoted = self.peek() in "\"'"
            offset = self.at
            raw = self.match(_STRING if quoted else _BARE)
            parts.append((offset, tomllib.loads(f"key = {raw}")["key"] if quoted else raw))
        return parts

    def walk(self, path: KeyPath, parts: list[tuple[int, str]]) -> KeyPath:
        """Go down from `path` by a key's parts, noting each; an array of tables is entered at its last element."""
        for offset, part in parts:
            path = (*path, part)
            self.offsets.setdefault(path, offset)
            if path in self.last:
                path = (*path, self.last[path])
        return path

    def value(self, path: KeyPath) -> None:
        sign = self.peek()
        if sign == "{":
            while self.inside("}"):
                self.pair(path)
        elif sign == "[":
            index = 0
            while self.inside("]"):
                self.offsets[*path, index] = self.at
                self.value((*path, index))
                index += 1
        else:
            self.match(_STRING if sign in "\"'" else _SCALAR)

    def inside(self, end: str) -> bool:
        """Step over the opening sign or a comma; False, and past the end, when no element follows."""
        if self.peek() != end:
            self.at += 1
        more = self.peek() != end
        self.at += not more
        return more

    def peek(self) -> str:
        """The next sign that is neither blank nor comment; "" at the end."""
        self.match(_BLANK)
        return self.text[self.at : self.at + 1]

    def match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found, f"no valid TOML at offset {self.at}"
        self.at = found.end()
        return found.group()
