"""When two values of a field are the same although a platform writes them in a form of its own.

A mapping names for each field which of a closed list of equivalences hold for it; a value that was read back is also
the one that was written when the platform only added entries to a list.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfoNotFoundError

from migrator.canonical import is_absent
from migrator.cron.zones import EPOCH, same_zone, to_minutes

_SINCE: Final = to_minutes(EPOCH.replace(year=2026))
"""From when on two time zones must show the same time: the past of a schedule is over."""


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


_TEXTS: Final[Mapping[str, Callable[[str], str]]] = {
    "newlines": _newlines,
    "trimmed": str.strip,
    "nfc": _nfc,
    "case": str.casefold,
}
"""Equivalences of texts, also of those inside a list or an object, in the order in which they are applied."""

EQUIVALENCES: Final = frozenset({*_TEXTS, "order", "zone"})
"""trimmed: without blanks and line breaks at its ends. nfc: in Unicode's composed form. newlines: with any end of its
lines. case: in capitals or not. order: a list in any order. zone: any name of a time zone."""


def equivalent(one: Any, other: Any, equal: tuple[str, ...]) -> bool:
    """Whether two values are the same under these equivalences; what says nothing is the same as nothing."""
    if one == other:
        return True
    if "zone" in equal and isinstance(one, str) and isinstance(other, str):
        return is_same_zone(one, other)
    one, other = form(one, equal), form(other, equal)
    return bool(one == other) or (is_absent(one) and is_absent(other))


def form(value: Any, equal: tuple[str, ...]) -> Any:
    """The one value that stands for all that are the same under these equivalences."""
    if not equal:
        return value
    if isinstance(value, str):
        for name, change in _TEXTS.items():
            if name in equal:
                value = change(value)
        return value
    if isinstance(value, tuple):
        items = [form(item, equal) for item in value]
        return tuple(sorted(items, key=str)) if "order" in equal else tuple(items)
    if isinstance(value, Mapping):
        return {key: form(item, equal) for key, item in value.items()}
    return value


def added(sent: Any, seen: Any, had: Any, equal: tuple[str, ...]) -> tuple[Any, ...]:
    """The entries of a list that its platform added to what was sent; none where it is not that list with more.

    Args:
        sent: what was written.
        seen: what was read back.
        had: what was written before: what a write was to remove and did not is no addition.
        equal: the equivalences of the field.
    """
    if not isinstance(seen, tuple):
        return ()
    ours = form(sent if isinstance(sent, tuple) else (), equal)
    before = form(had if isinstance(had, tuple) else (), equal)
    forms = [form(item, equal) for item in seen]
    more = tuple(item for item, known in zip(seen, forms, strict=True) if known not in ours)
    if not all(item in forms for item in ours) or any(form(item, equal) in before for item in more):
        return ()
    return more


@lru_cache(maxsize=1024)
def is_same_zone(one: str, other: str) -> bool:
    """Whether two names of time zones show the same time from now on, in the release of the database in use."""
    try:
        return same_zone(one, other, _SINCE)
    except (ZoneInfoNotFoundError, ValueError):
        return False
