"""Names where the platform wants each only once.

Whoever has the plain name keeps it; the others get the source job's id behind it, and keep that: so a name never
depends on the order of a listing, and no job waits for a name that another one is about to give up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import attrs

from migrator.canonical import Fields, Job, JobRef
from migrator.convert import Converted
from migrator.mapping.equivalence import form
from migrator.mapping.rules import Rules

_SHORT = 8


def unique_names(
    converted: Mapping[JobRef, tuple[Job, Converted]],
    *,
    current: Mapping[JobRef, str],
    foreign: Collection[str],
    rules: Rules,
) -> Iterator[tuple[Job, Converted]]:
    """Yield the converted jobs with names that do not clash.

    Args:
        converted: each source job with what it becomes.
        current: the name that each bound job has at the target.
        foreign: the names of the target's other jobs.
        rules: the target's.
    """

    def normalized(name: str) -> str:
        """Return the one form of all names that the platform takes for the same."""
        return str(form(name, rules.fields["name"].equal))

    current = {ref: normalized(name) for ref, name in current.items()}
    taken = set(map(normalized, foreign))
    holders = {name: ref for ref, name in current.items()}
    for ref in sorted(converted, key=lambda ref: _priority(*converted[ref], current, normalized)):
        job, plain = converted[ref]
        if not plain.parts:
            yield job, plain
            continue
        wanted = plain.parts[0]["name"]
        own = _suffixed(wanted, ref.id, rules)
        key = normalized(wanted)
        is_free = key not in taken and holders.get(key, ref) == ref and current.get(ref) != normalized(own)
        name = wanted if is_free else own
        pieces = tuple(_named(fields, name, index, len(plain.parts), rules) for index, fields in enumerate(plain.parts))
        taken |= {normalized(fields["name"]) for fields in pieces}
        notes = plain.notes
        if name != wanted:
            notes = (*notes, f'it is named "{name}", because {rules.title} wants each name once')
        yield job, attrs.evolve(plain, parts=pieces, notes=notes)


def _priority(
    job: Job, converted: Converted, current: Mapping[JobRef, str], normalized: Callable[[str], str]
) -> tuple[Any, ...]:
    """Return the sort key of who chooses first: who has the wanted name, then who is bound, then who is older."""
    wanted = normalized(converted.parts[0]["name"]) if converted.parts else ""
    return (current.get(job.ref) != wanted, job.ref not in current, *age(job))


def age(job: Job) -> tuple[str, str]:
    """Return the sort key that puts jobs in the order in which they were created."""
    return job.created_at.isoformat() if job.created_at else "", job.ref.id


def _suffixed(name: str, job_id: str, rules: Rules) -> str:
    suffix = f" ({job_id[:_SHORT]})"
    room = rules.fields["name"].max or len(name) + len(suffix)
    return name[: room - len(suffix)] + suffix


def _named(fields: Fields, name: str, index: int, count: int, rules: Rules) -> dict[str, Any]:
    suffix = f" ({index + 1}/{count})" if index else ""
    room = rules.fields["name"].max or len(name) + len(suffix)
    return {**fields, "name": name[: room - len(suffix)] + suffix}
