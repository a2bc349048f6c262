"""A platform that keeps what it is given in a form of its own, and one whose records have an unknown field."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Collection, Mapping
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


def normalised(record: Json, texts: Collection[str], drops: str = "") -> Json:
    """A record with its texts trimmed, in NFC and with LF, and a canonical time zone.

    Args:
        record: as it was written.
        texts: the fields that hold texts.
        drops: characters that no text keeps.
    """
    dropped = dict.fromkeys(map(ord, drops))
    kept = {name: _text(value, dropped) if name in texts else value for name, value in record.items()}
    if isinstance(zone := kept.get("timezone"), str):
        kept["timezone"] = ZONES.get(zone, zone)
    return kept


def with_field(record: Json, *, name: str, value: Any) -> Json:
    """A record with one more field."""
    return {**record, name: value}


def each_record(body: bytes, records_key: str, change: Callable[[Json], Json]) -> bytes:
    """An answer whose records, of a list under its key or alone, are changed; any other answer as it is."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return body
    if not isinstance(document, dict):
        return body
    if isinstance(records := document.get(records_key), list):
        document[records_key] = [change(record) for record in records]
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
