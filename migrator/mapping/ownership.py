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

from migrator.canonical import JobRef, OwnershipTag

TagKey = tuple[str, str, str]
"""Provider, digest of the scope, and id of the source job that a mark names."""

_TEXT: Final = re.compile(
    r"migrator:(?P<provider>[a-z]+):(?P<scope>[0-9a-f]{8}):(?P<id>[^\s\]:]+):(?P<piece>\d+)/(?P<pieces>\d+)"
)
_TRAILER: Final = re.compile(rf"(?:\A|(?:\r\n|\r|\n){{2}})\[{_TEXT.pattern}\]\s*\Z")


def ownership_tag_for(ref: JobRef, piece: int = 1, pieces: int = 1) -> OwnershipTag:
    """The mark of the target job that stands for the source job `ref`."""
    return OwnershipTag(provider=ref.provider, scope=scope_digest(ref.scope), id=ref.id, piece=piece, pieces=pieces)


def scope_digest(scope: str) -> str:
    """Eight hexadecimal digits that stand for a scope, which may be long or private."""
    return hashlib.sha256(scope.encode()).hexdigest()[:8]


def key_of(source: JobRef) -> TagKey:
    """Return how the ownership tag names a source job."""
    return source.provider, scope_digest(source.scope), source.id


def key_of_tag(ownership_tag: OwnershipTag) -> TagKey:
    """The source job that a mark names."""
    return ownership_tag.provider, ownership_tag.scope, ownership_tag.id


def tag_text(tag: OwnershipTag) -> str:
    """The mark as it is written."""
    return f"migrator:{tag.provider}:{tag.scope}:{quote(tag.id, safe='')}:{tag.piece}/{tag.pieces}"


def add_trailer(text: str | None, ownership_tag: OwnershipTag) -> str:
    """A description with the mark at its end."""
    trailer = f"[{tag_text(ownership_tag)}]"
    return f"{text}\n\n{trailer}" if text else trailer


def split_trailer(text: str | None) -> tuple[str | None, OwnershipTag | None]:
    """Return a description without the ownership tag, and the tag."""
    found = _TRAILER.search(text or "")
    if not text or not found:
        return text, None
    return text[: found.start()] or None, _mark(found)


def split_items(items: Sequence[Any] | None) -> tuple[Sequence[Any] | None, OwnershipTag | None]:
    """Return a list of tags without the ownership tag, and the tag."""
    if not items:
        return items, None
    found = [match for item in items if isinstance(item, str) and (match := _TEXT.fullmatch(item))]
    texts = {match.string for match in found}
    return [item for item in items if item not in texts], _mark(found[0]) if found else None


def read_tag(text: Any) -> OwnershipTag | None:
    """The mark that a field of its own holds."""
    found = _TEXT.fullmatch(text) if isinstance(text, str) else None
    return _mark(found) if found else None


def _mark(found: re.Match[str]) -> OwnershipTag:
    part = found.groupdict()
    return OwnershipTag(
        provider=sys.intern(part["provider"]),
        scope=sys.intern(part["scope"]),
        id=sys.intern(unquote(part["id"])),
        piece=int(part["piece"]),
        pieces=int(part["pieces"]),
    )
