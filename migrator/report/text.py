"""Values as words on one line: nothing that a platform sent may move the cursor, break a line or fill the screen."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Final, Literal

from attrs import frozen
from rich.cells import cell_len
from rich.text import Text

from migrator.cron.zones import load_zone
from migrator.mapping.codecs import write_time
from migrator.soundness import contrast

Tone = Literal["good", "note", "warn", "bad", "move", "quiet"]
"""good: in order. note: needs a decision. warn: something changes or is lost. bad: refused or deleted.
move: resumed or adopted. quiet: no change."""

SHOWN: Final = 60
"""Characters of a text that are shown."""

_COMPARED: Final = 8_000
"""Characters of a text that is compared word by word."""
_KEPT: Final = 120
"""Characters at each end of a stretch that stays."""
_BREAKS: Final = str.maketrans({"\n": "⏎", "\r": None, "\t": " ", "\u2028": "⏎", "\u2029": "⏎"})


@frozen
class Line:
    """One line of output.

    Attributes:
        text: what stands there.
        indent: columns before it.
        hang: further columns before what does not fit on the first line of a terminal.
    """

    text: Text
    indent: int = 0
    hang: int = 2


def line(*parts: str | tuple[str, str], indent: int = 0, hang: int = 2) -> Line:
    """Return a line of parts, each a text or a text with its style."""
    return Line(Text.assemble(*parts), indent, hang)


def clean(text: str, *, edges: bool = False) -> str:
    """Return a text on one line, with control characters spelt out; blanks at its edges only on request."""
    broken = (text if edges else text.strip()).translate(_BREAKS)
    if broken.isprintable():  # the usual case, a hundred times as fast
        return broken
    return "".join(char if unicodedata.category(char) not in {"Cc", "Cf", "Cs"} else _spelt(char) for char in broken)


def _spelt(char: str) -> str:
    joiners = "\u200c\u200d"  # they shape letters and emoji, and do nothing else
    return char if char in joiners else f"\\u{ord(char):04x}"


def shorten(text: str, width: int = SHOWN) -> str:
    """Return a text in quotes; the beginning of a longer one, and its length."""
    said = clean(text)
    if len(said) <= width:
        return f'"{said}"'
    return f'"{said[:width].rstrip()}…" ({len(text):,} characters)'


def shorten_both(old: str, new: str, width: int = SHOWN) -> tuple[str, str]:
    """Return two texts in quotes, from shortly before the place where they part, so that what differs is to be seen."""
    if look_alike(old, new):
        return contrast(old, new)
    shortest = min(len(old), len(new))
    common = next((n for n in range(shortest) if old[n] != new[n]), shortest)
    if common < width // 2 or max(len(old), len(new)) <= width:
        return shorten(old, width), shorten(new, width)
    start = max(old.find(" ", common - width // 3, common) + 1, common - width // 3)
    return _from(old, start, width), _from(new, start, width)


def look_alike(one: str, other: str) -> bool:
    """Return whether two different texts look the same: they differ only in invisible or composed characters."""
    return one != other and _shown(one) == _shown(other)


def _shown(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n").strip())
    return "".join(
        char for char in folded if unicodedata.category(char) not in {"Cf", "Cc", "Zl", "Zp"} or char == "\n"
    )


def _from(text: str, start: int, width: int) -> str:
    said = clean(text[start : start + width])
    more = "…" if len(text) > start + width else ""
    return f'"…{said}{more}" ({len(text):,} characters)'


def text_parts(old: Any, new: Any) -> tuple[tuple[str, str], ...]:
    """Return what goes ("old"), comes ("new") and stays ("") between two texts, word by word; () for other values.

    Of a long stretch that stays, its ends are kept.
    """
    if not (isinstance(old, str) and isinstance(new, str)) or max(len(old), len(new)) > _COMPARED:
        return ()
    one, other = re.findall(r"\s+|\S+", old), re.findall(r"\s+|\S+", new)
    parts: list[tuple[str, str]] = []
    for kind, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("", _ends("".join(one[i:j]))))
        else:
            parts += [(name, "".join(words)) for name, words in (("old", one[i:j]), ("new", other[k:m])) if words]
    return tuple((name, clean(text, edges=True)) for name, text in parts)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _KEPT else f"{text[:_KEPT]} … {text[-_KEPT:]}"


def pad(text: str, width: int) -> str:
    """Return a text with blanks up to `width` columns; wide characters take two."""
    return text + " " * max(width - cell_len(text), 0)


def columns(rows: Sequence[tuple[str, ...]], *, gap: int = 2) -> list[str]:
    """Return rows as aligned columns."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    padded = ([pad(cell, width + gap) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return ["".join(row).rstrip() for row in padded]


def value_words(value: Any, width: int = SHOWN) -> str:
    """Return a canonical value, as its JSON says it, in a few words; of a text, as many characters as `width`."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case str():
            return shorten(value, width)
        case list() | tuple():
            return ", ".join(clean(str(item)) if isinstance(item, str) else _compact(item) for item in value) or "none"
        case Mapping():
            return _parts(value, width)
        case _:
            return clean(str(value))


def _parts(value: Mapping[str, Any], width: int) -> str:
    """Return the parts that say something; a larger object as JSON."""
    said = {name: part for name, part in value.items() if part not in (None, [], (), "")}
    if all(isinstance(part, str | list | tuple) for part in said.values()) and len(said) <= len(("team", "channel")):
        return "; ".join(f"{name} {_bare(part)}" for name, part in said.items()) or "nothing"
    text = _compact(value)
    return text if len(text) <= width else f"{text[:width]}… ({len(text):,} characters)"


def _bare(part: Any) -> str:
    if isinstance(part, str):
        said = clean(part)
        return said if len(said) <= SHOWN else f"{said[:SHOWN]}… ({len(part):,} characters)"
    return value_words(part)


def _compact(value: Any) -> str:
    return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 job", "2 jobs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def instant(at: datetime, timezone: str = "UTC") -> str:
    """Return an instant as a wall clock shows it: "Mon 2026-11-23 09:00"; with seconds only where there are some."""
    local = at.astimezone(load_zone(timezone))
    return f"{local:%a %Y-%m-%d %H:%M:%S}".removesuffix(":00")


def stamp(at: datetime) -> str:
    """Return an instant in UTC, for people: "2026-11-29 00:00 UTC"."""
    return write_time(at).replace("T", " ").replace(":00Z", "Z").replace("Z", " UTC")


def to_the_minute(at: datetime) -> datetime:
    """Return the minute that an instant is in."""
    return at.replace(second=0, microsecond=0)
