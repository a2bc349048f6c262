"""Canonical values as JSON, and back: in plans, in the state, and in files of jobs.

A schedule is its text in the dialect of the platform that holds it; where it has none (a file holds jobs
of every platform) the text is preceded by the dialect's name and a colon.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, Final

import attrs
import cattrs

from migrator.canonical import Email, Fields, Job, Slack, Unportable, flatten
from migrator.cron import Cron
from migrator.mapping import ProviderMapping
from migrator.mapping.codecs import PLAIN, freeze, known_cron, read_time, thaw, write_cron, write_time

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
"""The one text of a value, by which it is known again."""
_TYPES: Final[Mapping[str, Any]] = {
    "enabled": bool,
    "trigger.cron": Cron,
    "trigger.at": datetime,
    "delivery.email": Email,
    "delivery.slack": Slack,
    "labels": tuple[str, ...],
}


@cache  # making one takes longer than converting a job with it
def make_document_converter(dialect: str) -> cattrs.Converter:
    """The converter for canonical values whose schedules are held in `dialect` ("" for any)."""
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(datetime, write_time)
    converter.register_structure_hook(datetime, lambda value, _type: read_time(value))
    converter.register_unstructure_hook(Cron, lambda value: _cron_text(value, dialect))
    converter.register_structure_hook(Cron, lambda value, _type: _cron_value(value, dialect))
    return converter


def value_to_json(value: Any, dialect: str) -> Any:
    """One canonical value as JSON."""
    return value if type(value) in PLAIN else thaw(make_document_converter(dialect).unstructure(value))


def fields_to_json(fields: Fields, dialect: str) -> dict[str, Any]:
    """Flat fields as a JSON object."""
    return {path: value_to_json(value, dialect) for path, value in fields.items()}


def fields_from_json(data: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """The reverse of `fields_to_json`.

    Raises:
        cattrs.BaseValidationError: a value is not of its path's type.
        ScheduleError: a schedule cannot be read.
    """
    converter = make_document_converter(dialect)
    return {
        sys.intern(path): converter.structure(value, _TYPES[path])
        if path in _TYPES and value is not None
        else sys.intern(value)
        if type(value) is str
        else freeze(value)
        for path, value in data.items()
    }


def job_document(job: Job, mapping: ProviderMapping) -> dict[str, Any]:
    """A job as it stands in a file of jobs: everything that was read.

    Args:
        job: any job.
        mapping: the mapping of the json provider.
    """
    document = {"id": job.ref.id, **mapping.create_payload(flatten(job))}
    if isinstance(job.trigger, Unportable):
        document["trigger"] = {"kind": "unportable", "raw": thaw(job.trigger.raw), "reason": job.trigger.reason}
    document["enabled"] = job.enabled
    document["origin"] = attrs.asdict(job.ref)
    extras = {
        "suspended": job.suspended,
        "provider_fields": thaw(job.provider_fields),
        "created_at": job.created_at and write_time(job.created_at),
        "updated_at": job.updated_at and write_time(job.updated_at),
    }
    return document | {key: value for key, value in extras.items() if value}


def digest_of_list(items: Iterable[Any], rest: Any) -> str:
    """The digest of `[[*items], rest]`, whose items are never there all at once."""
    found = hashlib.sha256()
    for part in chain([b"["], _parts(items), [b"," + _in_order(rest) + b"]"]):
        found.update(part)
    return str(found.hexdigest())


def digest(data: Any, *, key: bytes = b"") -> str:
    """Return the SHA-256 of JSON data, the same for the same data however it is ordered; with a key, its HMAC."""
    return str(_hashing(key, _in_order(data)).hexdigest())


def digest_with(
    name: str,
    items: Iterable[Any],
    rest: Mapping[str, Any],
    *,
    key: bytes = b"",
    each: Callable[[bytes], None] = lambda _text: None,
) -> str:
    """The digest of an object of which one member is a long list, whose items are never there all at once.

    Args:
        name: the list's key; it comes before all others in the order of the alphabet.
        items: what it holds.
        rest: the other members.
        key: makes it an HMAC.
        each: told the object's text part by part, all of it but the last brace.
    """
    assert rest
    assert name < min(rest)
    found = _hashing(key)
    for part in chain([b"{" + _in_order(name) + b":"], _parts(items), [b"," + _in_order(rest)[1:-1]]):
        found.update(part)
        each(part)
    found.update(b"}")
    return str(found.hexdigest())


def _hashing(key: bytes, text: bytes = b"") -> Any:
    """A hash that takes more text, keyed where there is a key."""
    return hmac.new(key, text, hashlib.sha256) if key else hashlib.sha256(text)


def _parts(items: Iterable[Any]) -> Iterator[bytes]:
    """The text of a list, part by part."""
    yield b"["
    for number, item in enumerate(items):
        yield b"," * (number > 0) + _in_order(item)
    yield b"]"


def _in_order(data: Any) -> bytes:
    return _CANONICAL(data).encode("utf-8", "surrogatepass")


def _cron_text(cron: Cron, dialect: str) -> str:
    return write_cron(cron, dialect) if dialect else f"{cron.dialect}: {write_cron(cron, cron.dialect)}"


def _cron_value(text: str, dialect: str) -> Cron:
    named, _, bare = text.partition(": ")
    return known_cron(text, dialect) if dialect else known_cron(bare, named)
