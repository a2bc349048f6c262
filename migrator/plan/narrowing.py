"""Narrow a plan or a listing to the jobs that a person named."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from migrator.canonical import Job, JobRef
from migrator.config.shapes import did_you_mean
from migrator.errors import UsageError
from migrator.plan.changes import Change, Plan


def narrowed(plan: Plan, jobs: Sequence[str], names: Mapping[JobRef, str]) -> Plan:
    """Return the plan with the changes of the named jobs alone; the whole plan where no job is named.

    All changes of one source job stay together, so that its parts still change together.

    Args:
        plan: the whole plan.
        jobs: names or ids of source jobs, or of target jobs whose source job was removed.
        names: the names of the source jobs.

    Raises:
        UsageError: a name fits no job of the sync.
    """
    if not jobs:
        return plan
    known = [(change, _names_of(change, names)) for change in plan.changes]
    _check(jobs, [keys for _change, keys in known], where=f"sync {plan.sync}")
    wanted = frozenset(jobs)
    return attrs.evolve(plan, changes=tuple(change for change, keys in known if wanted & keys))


def chosen(found: Sequence[Job], jobs: Sequence[str], *, where: str) -> tuple[Job, ...]:
    """Return the jobs that are named, by name or id; all of them where none is named.

    Args:
        found: the jobs of a listing.
        jobs: names or ids.
        where: what was listed, for the error.

    Raises:
        UsageError: a name fits no job.
    """
    if not jobs:
        return tuple(found)
    _check(jobs, [frozenset({job.name, job.ref.id}) for job in found], where=where)
    wanted = frozenset(jobs)
    return tuple(job for job in found if wanted & {job.name, job.ref.id})


def _names_of(change: Change, names: Mapping[JobRef, str]) -> frozenset[str]:
    """Return every name and id by which a person may refer to a change."""
    refs = [ref for ref in (change.source, change.target) if ref]
    ids = [change.source.id] if change.source else [ref.id for ref in refs]
    return frozenset([change.name, *ids, *(names[ref] for ref in refs if ref in names)])


def _check(jobs: Sequence[str], known: Sequence[Collection[str]], *, where: str) -> None:
    every = frozenset(name for keys in known for name in keys)
    for job in jobs:
        if job not in every:
            what, allowed = f"unknown job in {where}", "the name or id of one of its jobs"
            hint = did_you_mean(job, every) or "migrator list CONNECTION names the jobs"
            raise UsageError(what, where="--job", actual=job, allowed=allowed, hint=hint)
