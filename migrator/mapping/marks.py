"""The ownership tag on a managed job: a short text that survives a lost state file.

It stands at the end of a description, among the tags, or in a field of its own: wherever the mapping says that it does
no harm. It is never put into the prompt or the visible name.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, unquote

from migrator.canonical import JobRef, Mark

MarkKey = tuple[str, str, str]
"""Provider, digest of the scope, and id of the source job that a mark names."""

_TEXT: Final = re.compile(
    r"migrator:(?P<provider>[a-z]+):(?P<scope>[0-9a-f]{8}):(?P<id>[^\s\]:]+):(?P<piece>\d+)/(?P<pieces>\d+)"
)
_TRAILER: Final = re.compile(rf"(?:\A|(?:\r\n|\r|\n){{2}})\[{_TEXT.pattern}\]\s*\Z")


def mark_for(ref: JobRef, piece: int = 1, pieces: int = 1) -> Mark:
    """The mark of the target job that stands for the source job `ref`."""
    return Mark(provider=ref.provider, scope=scope_digest(ref.scope), id=ref.id, piece=piece, pieces=pieces)


def scope_digest(scope: str) -> str:
    """Eight hexadecimal digits that stand for a scope, which may be long or private."""
    return hashlib.sha256(scope.encode()).hexdigest()[:8]


def key_of(source: JobRef) -> MarkKey:
    """Return how the ownership tag names a source job."""
    return source.provider, scope_digest(source.scope), source.id


def key_of_mark(mark: Mark) -> MarkKey:
    """The source job that a mark names."""
    return mark.provider, mark.scope, mark.id


def mark_text(mark: Mark) -> str:
    """The mark as it is written."""
    return f"migrator:{mark.provider}:{mark.scope}:{quote(mark.id, safe='')}:{mark.piece}/{mark.pieces}"


def add_trailer(text: str | None, mark: Mark) -> str:
    """A description with the mark at its end."""
    trailer = f"[{mark_text(mark)}]"
    return f"{text}\n\n{trailer}" if text else trailer


def split_trailer(text: str | None) -> tuple[str | None, Mark | None]:
    """Return a description without the ownership tag, and the tag."""
    found = _TRAILER.search(text or "")
    if not text or not found:
        return text, None
    return text[: found.start()] or None, _mark(found)


def split_items(items: Sequence[Any] | None) -> tuple[Sequence[Any] | None, Mark | None]:
    """Return a list of tags without the ownership tag, and the tag."""
    if not items:
        return items, None
    found = [match for item in items if isinstance(item, str) and (match := _TEXT.fullmatch(item))]
    texts = {match.string for match in found}
    return [item for item in items if item not in texts], _mark(found[0]) if found else None


def read_mark(text: Any) -> Mark | None:
    """The mark that a field of its own holds."""
    found = _TEXT.fullmatch(text) if isinstance(text, str) else None
    return _mark(found) if found else None


def _mark(found: re.Match[str]) -> Mark:
    part = found.groupdict()
    return Mark(
        provider=sys.intern(part["provider"]),
        scope=sys.intern(part["scope"]),
        id=sys.intern(unquote(part["id"])),
        piece=int(part["piece"]),
        pieces=int(part["pieces"]),
    )
