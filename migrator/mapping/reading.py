"""From a provider's record to a `Job`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from migrator.canonical import Job, JobRef, Loss, OwnershipTag, Unportable, covers, is_absent, unflatten
from migrator.cron.answers import Decided
from migrator.errors import RecordError, ScheduleError
from migrator.ids import wrong_with
from migrator.mapping.codecs import CODECS, known_cron, read_time
from migrator.mapping.ownership import read_tag, split_items, split_trailer
from migrator.mapping.paths import Raw, gather, get, with_value, without
from migrator.mapping.rules import Rule, Rules
from migrator.mapping.sections import FailureFields
from migrator.mapping.unknown import unknown_fields

_SHOWN: Final = 80
_ORIGIN: Final = ("provider", "scope", "id")
_KINDS: Final[Mapping[type, str]] = {int: "a whole number", str: "a text", bool: "true or false"}


def read(rules: Rules, raw: Raw, *, scope: str, decided: Decided = ()) -> Job:
    """The job that a record holds; `decided` says how its cron text is read where engines disagree.

    A schedule that cannot be read does not make the record unreadable: the job then has an `Unportable` trigger.

    Raises:
        RecordError: a required field is missing, or a value is of the wrong kind; names the job and the field.
    """
    job_id = get(raw, rules.identity.id)
    if not isinstance(job_id, str) or not job_id:
        raise RecordError("a record without an id", job=_label(raw), path=rules.identity.id)
    if wrong := wrong_with(job_id):
        raise RecordError(f"its id {wrong}", job=_label(raw), path=rules.identity.id, actual=repr(job_id[:_SHOWN]))
    raw, ownership_tag = _split_tag(rules, raw)
    values, used, unreadable = _fields(rules, raw, job_id, decided)
    unknown, untimed = unknown_fields(rules, raw, used)
    if unknown or "provider_fields" in values:
        values["provider_fields"] = _with_carried(values.get("provider_fields"), unknown)
    trigger = _unportable(rules, raw, job_id) or unreadable or untimed
    if trigger is None and "trigger.cron" not in values and "trigger.at" not in values:
        trigger = Unportable(kind="none", reason="it has no schedule")
    if trigger:
        values = {path: value for path, value in values.items() if not covers("trigger", path)}
    try:
        return unflatten(
            values,
            ref=JobRef(provider=rules.provider, scope=scope, id=sys.intern(job_id)),
            trigger=trigger,
            suspended=_suspended(rules, raw, job_id),
            running=_running(rules, raw),
            failing=_failing(rules.failure, raw) if rules.failure else None,
            unanswered=_unanswered(rules, raw),
            ownership_tag=ownership_tag,
            provider_fields=without(raw, used),
            residue=tuple(_residue(rules, raw)),
            created_at=_time(raw, rules.identity.created, job_id),
            updated_at=_time(raw, rules.identity.updated, job_id),
            fired_at=_time(raw, rules.identity.fired, job_id),
            origin=_origin(rules, raw, job_id),
            next_at=_time(raw, rules.identity.next, job_id),
        )
    except KeyError as missing:
        path = str(missing.args[0])
        home = rules.fields[path].read_path if path in rules.fields else path
        what = "a job must have it, and the record does not"
        raise RecordError(what, job=_label(raw, job_id), path=home) from None


def _fields(
    rules: Rules, raw: Raw, job_id: str, decided: Decided
) -> tuple[dict[str, Any], set[str], Unportable | None]:
    """Every canonical value that the record has, the provider fields that were read, and a schedule that cannot be."""
    values: dict[str, Any] = {}
    unreadable: Unportable | None = None
    used = {rules.identity.id, rules.identity.created, rules.identity.updated, rules.identity.fired}
    used.add(rules.identity.origin)
    for leaf, rule in rules.fields.items():
        if rule.tags:
            if any(get(raw, tag, rules.tag(tag).assume) != constant for tag, constant in rule.tags.items()):
                continue
            used.update(rule.tags)
        used.add(rule.read_path)
        try:
            value = _decode(rules, rule, raw, decided)
        except ScheduleError as error:
            reason = f"its schedule cannot be read: {error}"
            unreadable = Unportable(kind="unreadable", raw=error.text, reason=reason)
        except ValueError as error:
            raise _wrong(raw, job_id, rule.read_path, str(error)) from None
        else:
            if not is_absent(value):
                values[leaf] = value
    return gather(values), used, unreadable


def _with_carried(carried: Any, unknown: Mapping[str, Any]) -> Mapping[str, Any]:
    """The unknown fields that a file of jobs carries for another platform, and those of the record itself."""
    kept = carried if isinstance(carried, Mapping) else {} if carried is None else {"unknown_fields": carried}
    return {**kept, **unknown}


def _unanswered(rules: Rules, raw: Raw) -> frozenset[str]:
    """The fields that some servers leave out of their answers, where this one has."""
    missing = object()
    return _shared(frozenset(leaf for leaf, path in rules.optional if get(raw, path, missing) is missing))


@lru_cache(maxsize=256)
def _shared(paths: frozenset[str]) -> frozenset[str]:
    """The same paths, in one object for all jobs."""
    return paths


def _decode(rules: Rules, rule: Rule, raw: Raw, decided: Decided) -> Any:
    if rule.constant is not None:
        return rule.constant
    value = get(raw, rule.read_path) if rule.read_path else None
    value = get(raw, rule.otherwise) if value is None and rule.otherwise else value
    if value is None and rule.required:
        raise ValueError("a value: the documentation promises it")
    value = rule.default if value is None else value
    if value is None:
        return None
    if isinstance(value, str):
        value = sys.intern(value)  # jobs share zones, models and agents, and both sides the text of a prompt
    if rule.values:
        table = {**rule.values, **rule.reads}
        if not isinstance(value, str) or value not in table:
            raise ValueError(", ".join(table))
        return table[value]
    dialect = rules.dialect
    if rule.codec == "cron" and rules.dialect_path:
        dialect = str(get(raw, rules.dialect_path, ""))
    if rule.codec == "cron" and decided and isinstance(value, str):
        return known_cron(value, dialect, decided)
    return CODECS[rule.codec].read(value, dialect)


def _unportable(rules: Rules, raw: Raw, job_id: str) -> Unportable | None:
    for rule in rules.unportable:
        value = get(raw, rule.path)
        if value is None:
            continue
        if type(value) not in {type(known) for known in (*rule.only, *rule.exclude)}:
            allowed = " or ".join(dict.fromkeys(_KINDS[type(known)] for known in (*rule.only, *rule.exclude)))
            raise _wrong(raw, job_id, rule.path, allowed)
        if value not in rule.only and (not rule.exclude or value in rule.exclude):
            continue
        kept = get(raw, rule.raw_path) if rule.raw_path else {rule.path: value}
        return Unportable(kind=rule.kind, raw=kept, reason=str(get(raw, rule.reason_path, rule.reason)))
    return None


def _origin(rules: Rules, raw: Raw, job_id: str) -> JobRef | None:
    """Where the job was read before it came into this file."""
    value = get(raw, rules.identity.origin) if rules.identity.origin else None
    if value is None:
        return None
    named = value if isinstance(value, Mapping) else {}
    parts = [sys.intern(part) for key in _ORIGIN if isinstance(part := named.get(key), str) and part]
    if len(parts) < len(_ORIGIN):
        raise _wrong(raw, job_id, rules.identity.origin, f"an object with the texts {', '.join(_ORIGIN)}")
    return JobRef(provider=parts[0], scope=parts[1], id=parts[2])


def _suspended(rules: Rules, raw: Raw, job_id: str) -> str | None:
    rule = rules.suspended
    value = get(raw, rule.path) if rule else None
    if rule is None or value is None:
        return None
    try:
        value = CODECS[rule.codec].read(value, rules.dialect)
    except ValueError as error:
        raise _wrong(raw, job_id, rule.path, str(error)) from None
    if rule.values and value not in rule.values:
        return None
    reasons = (get(raw, path) for path in rule.reason)
    return next((str(reason) for reason in reasons if reason), f"{rule.path} is {value}")


def _failing(rule: FailureFields, raw: Raw) -> str | None:
    """What a record tells of runs that fail; it decides nothing, so it is told as it stands."""
    count = get(raw, rule.count) if rule.count else None
    if rule.count and not count:
        return None
    state = get(raw, rule.state) if rule.state else None
    message = next((str(said) for path in rule.message if (said := get(raw, path))), "")
    if not (rule.count or state in rule.failed or (message and state not in rule.well)):
        return None
    at = get(raw, rule.at) if rule.at else None
    told = f"{count} failures in a row" if rule.count else f"its last run: {state}" if state else "its last run failed"
    told = told.replace("1 failures in a row", "1 failure") if str(count) == "1" else told
    return "".join((told, f", at {at}" if at else "", f": {message}" if message else ""))


def _running(rules: Rules, raw: Raw) -> str | None:
    rule = rules.running
    value = get(raw, rule.path) if rule else None
    return f"{rule.path} is {value}" if rule and value in rule.values else None


def _residue(rules: Rules, raw: Raw) -> Iterator[Loss]:
    for path, declined in rules.declined.items():
        value = get(raw, path)
        if declined.loses and not is_absent(value) and value != declined.default:
            yield Loss(path=declined.loses, had=f"{path} = {value!r}", reason=declined.reason)


def tag_of(rules: Rules, raw: Raw) -> OwnershipTag | None:
    """Return the ownership tag on a record."""
    return _split_tag(rules, raw)[1]


def _split_tag(rules: Rules, raw: Raw) -> tuple[Raw, OwnershipTag | None]:
    """Return the record without the ownership tag, and the tag."""
    marker = rules.marker
    value = get(raw, marker.path) if marker else None
    if marker is None or value is None:
        return raw, None
    rest: Any = value
    ownership_tag = None
    if marker.form == "trailer" and isinstance(value, str):
        rest, ownership_tag = split_trailer(value)
    elif marker.form == "item" and isinstance(value, list):
        rest, ownership_tag = split_items(value)
    elif marker.form == "field":
        rest, ownership_tag = None, read_tag(value)
    return with_value(raw, marker.path, rest), ownership_tag


def _time(raw: Mapping[str, Any], path: str, job_id: str) -> datetime | None:
    value = get(raw, path) if path else None
    try:
        return None if value is None else read_time(value)
    except ValueError as error:
        raise _wrong(raw, job_id, path, str(error)) from None


def _wrong(raw: Mapping[str, Any], job_id: str, path: str, allowed: str) -> RecordError:
    found = repr(get(raw, path))
    actual = found if len(found) < _SHOWN else f"{found[: _SHOWN - 3]}..."
    return RecordError("cannot be read", job=_label(raw, job_id), path=path, actual=actual, allowed=allowed)


def _label(raw: Mapping[str, Any], job_id: str = "") -> str:
    name = raw.get("name")
    parts = (job_id, repr(name) if isinstance(name, str) else "")
    return " ".join(part for part in parts if part) or "without id or name"
