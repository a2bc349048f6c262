"""What a write asks of a job, and whether the job holds it afterwards. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from migrator.canonical import PATHS, Fields, JobRef
from migrator.errors import MigratorError
from migrator.soundness import contrast


class ReadBackError(MigratorError):
    """The platform took a write and holds something else than was written."""


def not_kept(
    what: str, ref: JobRef, wrong: Iterable[str], *, sent: Fields, seen: Fields, sync: str = ""
) -> ReadBackError:
    """Return the error for fields that a platform did not keep as they were written.

    Args:
        what: what failed.
        ref: the job.
        wrong: the fields.
        sent: what was written.
        seen: what was read back.
        sync: the sync whose setting can accept it; "" where none can.
    """
    wrong = tuple(wrong)
    told = []
    for path in wrong:
        written, kept = contrast(sent.get(path), seen.get(path))
        told.append(f"{path} was written as {written} and is kept as {kept}")
    accepting = f"accept_stored = {json.dumps(list(wrong))} in [syncs.{sync}] accepts what the platform keeps"
    hint = f"correct it at the source, or {accepting}" if sync else "check the job; the next run tries again"
    return ReadBackError(what, where=f"{', '.join(wrong)} of {ref}", actual="; ".join(told), hint=hint)


def update_steps(new: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the fields of each request of an update: a job is paused before all else changes, and resumed after it."""
    enabled = {path: value for path, value in new.items() if path == "enabled"}
    rest = {path: value for path, value in new.items() if path != "enabled"}
    return [step for step in ([rest, enabled] if new.get("enabled") else [enabled, rest]) if step]


def fields_after(before: Fields, step: Mapping[str, Any]) -> Fields:
    """Return all fields of a job after a step; None in a step empties a field."""
    return {path: value for path, value in {**before, **step}.items() if value is not None}


def with_values_of(fields: Fields, now: Fields, paths: Iterable[str]) -> Fields:
    """Return the fields with what these paths hold now."""
    paths = set(paths)
    rest = {path: value for path, value in fields.items() if path not in paths}
    return rest | {path: now[path] for path in PATHS if path in paths and path in now}
