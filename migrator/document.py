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
from typing import Any, Final, Literal, NotRequired, TypedDict

import cattrs

from migrator.canonical import Email, Fields, Job, JobRef, Notify, Slack, Unportable, flatten
from migrator.cron import Cron
from migrator.json_types import Timestamp
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


class TriggerRecord(TypedDict):
    """A trigger in a file of jobs."""

    kind: Literal["recurring", "once", "unportable"]
    cron: NotRequired[str]
    dialect: NotRequired[str]
    timezone: NotRequired[str]
    at: NotRequired[Timestamp]
    raw: NotRequired[Any]
    reason: NotRequired[str]


class ActionRecord(TypedDict):
    """An action in a file of jobs."""

    kind: Literal["prompt", "event"]
    text: NotRequired[str]
    model: NotRequired[str]
    branch: NotRequired[str]
    topic: NotRequired[str]
    agent: NotRequired[str]
    playbook: NotRequired[str]
    llm: NotRequired[str]
    thread: NotRequired[str]
    event: NotRequired[str]
    payload: NotRequired[Mapping[str, Any]]
    scope: NotRequired[str]
    filter: NotRequired[str]
    guard: NotRequired[str]
    hints: NotRequired[list[Any]]


class DeliveryRecord(TypedDict, total=False):
    """Where the result goes, in a file of jobs."""

    email: EmailRecord
    slack: SlackRecord
    notify: Notify


class EmailRecord(TypedDict, total=False):
    """E-mail to addresses and to groups of the platform's own directory."""

    recipients: list[str]
    groups: list[str]


class SlackRecord(TypedDict, total=False):
    """A Slack channel or a person, by Slack's ids."""

    team: str
    channel: str
    user: str


class JobRecord(TypedDict):
    """A job in a file of jobs, which the mapping of the json provider reads and writes.

    Attributes:
        suspended: why its platform has disabled it.
        provider_fields: the fields of its platform that the canonical model lacks.
        unknown_fields: the fields that the mapping of its platform does not know.
        mark: the ownership tag.
    """

    id: str
    name: str
    enabled: bool
    trigger: TriggerRecord
    action: ActionRecord
    description: NotRequired[str]
    delivery: NotRequired[DeliveryRecord]
    run_as: NotRequired[str]
    labels: NotRequired[list[str]]
    origin: NotRequired[JobRef]
    suspended: NotRequired[str]
    provider_fields: NotRequired[Mapping[str, Any]]
    unknown_fields: NotRequired[Mapping[str, Any]]
    mark: NotRequired[str]
    created_at: NotRequired[Timestamp]
    updated_at: NotRequired[Timestamp]


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


def job_document(job: Job, mapping: ProviderMapping) -> JobRecord:
    """A job as it stands in a file of jobs: everything that was read.

    Args:
        job: any job.
        mapping: the mapping of the json provider.
    """
    document = {"id": job.ref.id, **mapping.create_payload(flatten(job))}
    if isinstance(job.trigger, Unportable):
        document["trigger"] = {"kind": "unportable", "raw": thaw(job.trigger.raw), "reason": job.trigger.reason}
    document["enabled"] = job.enabled
    document["origin"] = job.ref
    extras = {
        "suspended": job.suspended,
        "provider_fields": thaw(job.provider_fields),
        "created_at": job.created_at and write_time(job.created_at),
        "updated_at": job.updated_at and write_time(job.updated_at),
    }
    document |= {key: value for key, value in extras.items() if value}
    return document  # type: ignore[return-value]  # the mapping of the json provider makes it so


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
