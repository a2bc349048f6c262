"""A job as {canonical path: value}, the form that conversion, planning and bindings work on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs

from migrator.canonical.model import NOTHING, Action, Delivery, Event, Job, Prompt, Trigger
from migrator.canonical.paths import PATHS
from migrator.cron import Once, Recurring

Fields = Mapping[str, Any]
"""A job seen flat: canonical path to value; a path without a value is absent, never None."""


def flatten(job: Job) -> dict[str, Any]:
    """A job as {canonical path: value}, in the order of `PATHS`; absent values are left out.

    An `Unportable` trigger has no canonical path and so leaves nothing.
    """
    values: dict[str, Any] = {"name": job.name, "description": job.description, "enabled": job.enabled}
    match job.trigger:
        case Recurring(cron=cron, timezone=timezone):
            values |= {"trigger.cron": cron, "trigger.timezone": timezone}
        case Once(at=at):
            values["trigger.at"] = at
    match job.action:
        case Event():
            values |= {f"action.{'event' if n == 'name' else n}": v for n, v in _items(job.action)}
        case Prompt():
            values |= {f"action.{n}": v for n, v in _items(job.action)}
    values |= {f"delivery.{n}": v for n, v in _items(job.delivery)}
    values |= {"run_as": job.run_as, "labels": job.labels, "provider_fields": job.unknown}
    return {path: values[path] for path in PATHS if not is_absent(values.get(path))}


def answered(job: Job, known: Fields) -> dict[str, Any]:
    """A job seen flat; where its platform has left a field out of its answer, with what is known of that field."""
    if not job.unanswered:
        return flatten(job)
    rest = {path: value for path, value in flatten(job).items() if path not in job.unanswered or path not in known}
    told = rest | {path: known[path] for path in job.unanswered if path in known}
    return {path: told[path] for path in PATHS if path in told}


def unflatten(fields: Fields, **rest: Any) -> Job:
    """The job that `fields` describe; `rest` gives what has no path (`ref`, `suspended`, `provider_fields`, …).

    Raises:
        KeyError: a job must have a name, an action and a trigger, and the path named is missing.
    """
    trigger: Trigger = rest.pop("trigger", None) or (
        Once(at=fields["trigger.at"])
        if "trigger.at" in fields
        else Recurring(cron=fields["trigger.cron"], timezone=fields["trigger.timezone"])
    )
    below = {path.removeprefix("action."): value for path, value in fields.items() if path.startswith("action.")}
    action: Action
    if "event" in below:
        action = Event(name=below.pop("event"), **below)
    else:
        action = Prompt(text=below.pop("text", None) or fields["action.text"], **below)
    delivery = {path.removeprefix("delivery."): value for path, value in fields.items() if path.startswith("delivery.")}
    return Job(
        name=fields["name"],
        description=fields.get("description"),
        enabled=fields.get("enabled", True),
        trigger=trigger,
        action=action,
        delivery=_delivery(**delivery),
        run_as=fields.get("run_as"),
        labels=fields.get("labels", ()),
        unknown=fields.get("provider_fields", NOTHING),
        **rest,
    )


@lru_cache(maxsize=1024)
def _delivery(**parts: Any) -> Delivery:
    """A delivery; jobs whose results go to the same place share one."""
    return Delivery(**parts)


_COLLECTIONS: Final = (str, tuple, list, Mapping)


def is_absent(value: Any) -> bool:
    """Whether a value says nothing: None, an empty text or an empty collection."""
    return not value and (value is None or isinstance(value, _COLLECTIONS))


def _items(value: Any) -> list[tuple[str, Any]]:
    return [(a.name, getattr(value, a.name)) for a in attrs.fields(type(value))]
