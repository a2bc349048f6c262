"""Prompts as events: how a job for an AI agent lives on a platform that only emits events.

The event carries the prompt, with everything that belongs to it, under one key of its payload. Reading it back restores
the job exactly, under any name of the event. What listens for the event runs the prompt and delivers its result; the
emitting platform does neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
import cattrs

from migrator.canonical import Event, Fields, Job, covers, flatten, unflatten
from migrator.document import fields_from_json, fields_to_json
from migrator.errors import MigratorError
from migrator.mapping.codecs import freeze

KEY: Final = "migrator"
"""The payload key that is ours."""

_CARRIED: Final = ("action", "delivery", "run_as", "labels")


def wrap(fields: Fields, event_name: str) -> dict[str, Any]:
    """The fields of an event that carries the prompt in `fields`."""
    inside = {path: value for path, value in fields.items() if any(covers(root, path) for root in _CARRIED)}
    outside = {path: value for path, value in fields.items() if path not in inside}
    return outside | {
        "action.event": event_name,
        "action.payload": freeze({KEY: fields_to_json(inside, "")}),
        "action.scope": "program",
    }


def carried_by(payload: Any) -> Mapping[str, Any]:
    """Return the fields of the prompt that a payload carries, in JSON form; empty for any other payload."""
    carried = payload.get(KEY) if isinstance(payload, Mapping) and set(payload) == {KEY} else None
    return carried if isinstance(carried, Mapping) and "action.text" in carried else {}


def restore(job: Job) -> Job:
    """The job that an event of ours carries; any other job as it is.

    An event whose payload merely looks like ours, because somebody edited it, stays an event.
    """
    carried = carried_by(job.action.payload) if isinstance(job.action, Event) else {}
    if not carried:
        return job
    outside = {path: value for path, value in flatten(job).items() if not any(covers(root, path) for root in _CARRIED)}
    kept = {a.name: getattr(job, a.name) for a in attrs.fields(Job) if a.name in _REST}
    try:
        return unflatten(outside | fields_from_json(carried, ""), trigger=job.trigger, **kept)
    except (cattrs.BaseValidationError, MigratorError, TypeError, ValueError):
        return job


_REST: Final = {
    "ref",
    "suspended",
    "failing",
    "provider_fields",
    "residue",
    "ownership_tag",
    "created_at",
    "updated_at",
}
