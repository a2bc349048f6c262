"""A YAML text that is edited in place: a value is replaced where it stands, and every other byte stays as it is.

ruamel.yaml reads the text and says where each value stands; comments, quotes, blank lines, indentation and line ends
around a changed value are never written by an emitter, so that a diff shows what was changed and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from attrs import frozen

Path = tuple[str | int, ...]
"""Keys and positions that lead to a value."""

_MOST: Final = 20_000
"""Values of one file that are looked at: aliases can make a few lines mean millions of values."""
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_PLAIN: Final = re.compile(r"[^\W\d](?:[\w ./@-]*[\w./@])?")
"""Texts that need no quotes; `_WORDS` mean something else without them."""
_SHOWN: Final = re.compile(
    r"[\x20-\x7e\xa0-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
"""Characters that may stand in a file as they are. What turns the order of characters round, and so hides from a
reviewer what a text says, is written as an escape."""
_ESCAPES: Final[Mapping[str, str]] = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


class YamlError(ValueError):
    """A text that is no YAML, or not of the simple kind that can be edited; names the line."""


@frozen(kw_only=True)
class TextEdit:
    """Characters to replace: from `start` to `end`, by `text`."""

    start: int
    end: int
    text: str


@frozen(kw_only=True)
class Spot:
    """Where a value stands.

    Attributes:
        start: the index of its first character; of an empty value, that of what follows it.
        end: the index after its last character.
        style: its quotes, or `|` or `>`; "" for a plain one, a mapping and a sequence.
        key: the index of its key, which is `column` characters into its line; that of the value in a sequence.
        key_end: the index after the key.
        column: how many characters stand before the key in its line.
        inline: whether it stands inside brackets or braces.
        empty: whether nothing stands there.
    """

    start: int
    end: int
    style: str
    key: int
    key_end: int
    column: int
    inline: bool
    empty: bool


@frozen(kw_only=True)
class YamlText:
    """A text as read.

    Attributes:
        text: the text.
        data: what it says: mappings, lists, texts and None; numbers and truth values are texts.
        spots: where each value of it stands.
    """

    text: str
    data: Any
    spots: Mapping[Path, Spot]

    @property
    def newline(self) -> str:
        """What ends its lines."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def get(self, path: Path) -> Any:
        """Return the value at a path; None where there is none."""
        return at(self.data, path)

    def end_of(self, path: Path) -> int:
        """Return the index after the last character that the value at a path and those in it are written with."""
        inner = [spot for other, spot in self.spots.items() if other[: len(path)] == path and not self._opens(other)]
        return max(len(self.text[: spot.key_end if spot.empty else spot.end].rstrip()) for spot in inner)

    def _opens(self, path: Path) -> bool:
        return bool(self.get(path)) and not isinstance(self.get(path), str) and not self.spots[path].inline


def at(data: Any, path: Path) -> Any:
    """Return the value at a path of plain data; None where there is none."""
    for step in path:
        if isinstance(step, str) and isinstance(data, dict):
            data = data.get(step)
        elif isinstance(step, int) and isinstance(data, list) and step < len(data):
            data = data[step]
        else:
            return None
    return data


@lru_cache(maxsize=4096)  # listings, read-back and checks read the same texts, and reading takes milliseconds
def parse_yaml(text: str) -> YamlText:
    """Return a text as read.

    Raises:
        YamlError: it is not one YAML document with texts as its keys.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 (slow to import; most commands read no YAML)
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415 (as above)

    spots: dict[Path, Spot] = {}
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        data = _read(root, (), spots) if root is not None else None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise YamlError(f"{line}{error.problem or error.context or 'not YAML'}") from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise YamlError(str(error).partition("\n")[0]) from error
    return YamlText(text=text, data=data, spots=spots)


def _read(node: Any, path: Path, spots: dict[Path, Spot]) -> Any:
    """Return what a node says, and note where its values stand."""
    from ruamel.yaml.nodes import MappingNode, SequenceNode  # noqa: PLC0415 (as above)

    if isinstance(node, MappingNode):
        return dict(_pairs(node, path, spots))
    if isinstance(node, SequenceNode):
        items = []
        for number, item in enumerate(node.value):
            _note(spots, (*path, number), item, item, inline=bool(node.flow_style))
            items.append(_read(item, (*path, number), spots))
        return items
    return None if node.style is None and node.value in _NULLS else str(node.value)


def _pairs(node: Any, path: Path, spots: dict[Path, Spot]) -> Iterator[tuple[str, Any]]:
    for key, value in node.value:
        line = f"line {key.start_mark.line + 1}: "
        if not isinstance(key.value, str):
            raise YamlError(f"{line}a key that is no text")
        inner = (*path, key.value)
        if inner in spots:
            raise YamlError(f"{line}the key {key.value!r} stands twice")
        _note(spots, inner, key, value, inline=bool(node.flow_style))
        yield key.value, _read(value, inner, spots)


def _note(spots: dict[Path, Spot], path: Path, key: Any, value: Any, *, inline: bool) -> None:
    if len(spots) >= _MOST:
        raise YamlError(f"it has more than {_MOST:,} values")
    start, end = value.start_mark.index, value.end_mark.index
    above = spots.get(path[:-1])
    spots[path] = Spot(
        start=start,
        end=end,
        style=getattr(value, "style", None) or "",
        key=key.start_mark.index,
        key_end=key.end_mark.index,
        column=key.start_mark.column,
        inline=inline or bool(above and above.inline),
        empty=start == end,
    )


def edited(text: str, edits: Iterable[TextEdit]) -> str:
    """Return a text with edits, of which no two touch the same characters."""
    for edit in sorted(edits, key=lambda one: (one.start, one.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def replacing_value(document: YamlText, path: Path, value: str, *, one_line: bool = False) -> TextEdit:
    """Return the edit that puts another text in the place of the value at a path, on request in one line."""
    spot = document.spots[path]
    if spot.empty:
        after = document.text.index(":", spot.key_end) + 1
        return TextEdit(start=after, end=after, text=f" {scalar(value)}")
    old = document.text[spot.start : spot.end]
    rest = document.text[spot.end :].partition("\n")[0].strip()
    ended = spot.style in {"|", ">"} and old.endswith("\n")
    multiline = not one_line and not spot.inline and (spot.style in {"|", ">"} or not rest)
    new = scalar(value, indent=spot.column + 2 if multiline else None, newline=document.newline)
    ended = ended or (multiline and value.endswith("\n") and spot.end == len(document.text))
    return TextEdit(start=spot.start, end=spot.end, text=new + (document.newline if ended else ""))


def adding_value(document: YamlText, beside: Path, key: str, value: str) -> TextEdit:
    """Return the edit that adds a key and its value to the mapping of the key at `beside`.

    They stand after that key in a line of their own, or before it where its value takes more than one line.
    """
    spot = document.spots[beside]
    text = f"{key}: {scalar(value)}"
    if spot.inline:
        return TextEdit(start=spot.key, end=spot.key, text=f"{text}, ")
    line = document.newline + " " * spot.column
    if "\n" in document.text[spot.key : spot.end]:
        return TextEdit(start=spot.key, end=spot.key, text=text + line)
    end = document.text.find("\n", spot.end)
    end = len(document.text) if end < 0 else end - (document.newline == "\r\n")
    return TextEdit(start=end, end=end, text=line + text)


def removing_value(document: YamlText, path: Path) -> TextEdit:
    """Return the edit that removes a key and its value.

    Raises:
        YamlError: something else stands in the same lines.
    """
    spot, text = document.spots[path], document.text
    if spot.inline:
        after = re.compile(r"\s*,\s*").match(text, spot.end)
        before = re.search(r"\s*,\s*\Z", text[: spot.key])
        return TextEdit(
            start=before.start() if before and not after else spot.key, end=after.end() if after else spot.end, text=""
        )
    start = text.rfind("\n", 0, spot.key) + 1
    end = text.find("\n", document.end_of(path)) + 1
    if text[start : spot.key].strip():
        line = text.count("\n", 0, spot.key) + 1
        raise YamlError(f"line {line}: {path[-1]} cannot be removed, since other keys stand in its line")
    return TextEdit(start=start, end=end or len(text), text="")


def scalar(value: str, *, indent: int | None = None, newline: str = "\n") -> str:
    """Return a text as YAML writes it.

    Args:
        value: the text.
        indent: the column of further lines, where it may have them; None where it must stand in one line.
        newline: what ends a line.

    Raises:
        YamlError: it holds half of a surrogate pair, which no file of UTF-8 can.
    """
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise YamlError("the text holds half of a surrogate pair")
    lines = value.split("\n")
    shown = all(map(_SHOWN.fullmatch, lines))
    if len(lines) == 1:
        if _PLAIN.fullmatch(value) and value.casefold() not in _WORDS:
            return value
        if shown and "'" not in value and ('"' in value or "\\" in value):
            return f"'{value}'"
        return _quoted(value)
    if value.endswith("\n"):
        lines.pop()
    clear = bool(lines[0]) and bool(lines[-1]) and not lines[0][0].isspace() and all(map(_is_clear, lines))
    if indent is None or not clear or not all(_SHOWN.fullmatch(line.replace("\t", "")) for line in lines):
        return _quoted(value)
    body = newline.join(" " * indent + line if line else "" for line in lines)
    chomping = "|" if value.endswith("\n") else "|-"
    return f"{chomping}{newline}{body}"


def _is_clear(line: str) -> bool:
    """Whether readers of YAML agree on a line of a block: it is empty, or more than blanks."""
    return not line or not line.isspace()


def _quoted(value: str) -> str:
    return '"' + "".join(_ESCAPES.get(c) or (c if _SHOWN.fullmatch(c) else _code(c)) for c in value) + '"'


def _code(character: str) -> str:
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"  # noqa: PLR2004 (the widths of YAML's escapes)
