"""Identifiers that platforms give: which ones can be used, and how they become part of an address."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from migrator.errors import RejectedError

MOST: Final = 255
"""Characters that an id may have; the state keeps no longer ones."""

_STEPS: Final = {".", ".."}
"""Segments of a path that lead elsewhere, because quoting leaves them as they are."""


def wrong_with(text: str) -> str:
    """Return why an id cannot be used, as the rest of a sentence about it; "" when it can."""
    if not text.strip():
        return "is empty"
    if len(text) > MOST:
        return f"is longer than {MOST} characters"
    if text in _STEPS:
        return 'is the path step "." or "..", which leads out of the collection'
    if not text.isprintable():
        return "holds a character that cannot be printed"
    return ""


def path_to(*segments: str) -> str:
    """Return the path of an address, each segment quoted.

    Raises:
        RejectedError: a segment would lead elsewhere.
    """
    return "".join(f"/{_segment(one)}" for one in segments)


def _segment(text: str) -> str:
    if wrong := wrong_with(text):
        what = f"an id that {wrong} is not sent to the platform"
        raise RejectedError(what, body=repr(text[:80]), hint="nothing was sent; check where that id comes from")
    return quote(text, safe="")
