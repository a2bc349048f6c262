"""A platform that keeps what it is given in a form of its own, and one whose records have an unknown field."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

from migrator.sandbox.store import Json

ADDED: Final = "added-by-platform"
"""The label that a new schedule gets."""
ZONES: Final = {
    "US/Eastern": "America/New_York",
    "US/Central": "America/Chicago",
    "US/Mountain": "America/Denver",
    "US/Pacific": "America/Los_Angeles",
    "Asia/Calcutta": "Asia/Kolkata",
    "Etc/UTC": "UTC",
}
"""Old names of time zones and the ones that are kept."""
_TEXTS: Final = frozenset(
    {
        "name",
        "description",
        "prompt",
        "topicName",
        "event_name",
        "payload",
        "participant_filter",
        "guard_condition",
        "tags",
    }
)
_ITEMS: Final = ("records", "items", "data")
"""Under which key a list has its records."""


def normalised(record: Json, *, is_new: bool, drops: str = "") -> Json:
    """A record with its texts trimmed, in NFC and with LF, addresses in lower case, lists sorted, zones canonical.

    Args:
        record: as it was written.
        is_new: whether it was just made, and gets a label.
        drops: characters that no text keeps.
    """
    dropped = dict.fromkeys(map(ord, drops))
    kept = {name: _text(value, dropped) if name in _TEXTS else value for name, value in record.items()}
    if isinstance(zone := kept.get("timezone"), str):
        kept["timezone"] = ZONES.get(zone, zone)
    if isinstance(destination := kept.get("destination"), dict):
        kept["destination"] = {name: _sorted(value) for name, value in destination.items()}
    if "tags" in kept:
        tags = [*(kept["tags"] or ()), *([ADDED] if is_new else ())]
        kept["tags"] = sorted(set(tags)) if tags else kept["tags"]
    return kept


def with_field(record: Json, *, name: str, value: Any) -> Json:
    """A record with one more field."""
    return {**record, name: value}


def each_record(body: bytes, change: Callable[[Json], Json]) -> bytes:
    """An answer whose records, of a list or alone, are changed; any other answer as it is."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return body
    if not isinstance(document, dict):
        return body
    key = next((key for key in _ITEMS if isinstance(document.get(key), list)), None)
    if key:
        document[key] = [change(record) for record in document[key]]
    elif "name" in document:
        document = change(document)
    return json.dumps(document).encode()


def _text(value: Any, dropped: Mapping[int, None]) -> Any:
    if isinstance(value, str):
        lines = value.replace("\r\n", "\n").replace("\r", "\n")
        return unicodedata.normalize("NFC", lines).translate(dropped).strip()
    if isinstance(value, list):
        return [_text(item, dropped) for item in value]
    if isinstance(value, dict):
        return {key: _text(item, dropped) for key, item in value.items()}
    return value


def _sorted(value: Any) -> Any:
    return sorted({item.lower() for item in value}) if isinstance(value, list) else value
