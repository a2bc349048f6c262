"""Read every job of a connection.

A record that cannot be read is a `Problem`, never an absence: an absence could be taken for a removal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from attrs import field, frozen

from migrator import convention
from migrator.canonical import Job, JobRef, Unportable, flatten
from migrator.document import digest, fields_to_json
from migrator.errors import MigratorError, RecordError
from migrator.mapping import ProviderMapping, Raw
from migrator.mapping.codecs import thaw
from migrator.providers.base import ExtractAdapter


@frozen(kw_only=True)
class Problem:
    """A record that is there but cannot be read."""

    ref: JobRef
    name: str
    error: MigratorError


@frozen(kw_only=True)
class Extracted:
    """One complete listing.

    Attributes:
        jobs: what could be read, in the platform's order.
        problems: what could not.
        raws: every record as the platform gave it.
        scopes: every scope that was listed.
    """

    jobs: tuple[Job, ...]
    problems: tuple[Problem, ...] = ()
    raws: Mapping[JobRef, Raw] = field(factory=dict)
    scopes: tuple[str, ...] = ()

    def job(self, ref: JobRef) -> Job:
        """The job of that ref.

        Raises:
            KeyError: it is not in the listing.
        """
        return self._by_ref[ref]

    @cached_property
    def _by_ref(self) -> Mapping[JobRef, Job]:
        return {job.ref: job for job in self.jobs}

    def digest(self, dialect: str) -> str:
        """What was observed, in one line: changes when a job appears, goes, or means something else."""
        seen = sorted((str(job.ref), job_state(job, dialect)) for job in self.jobs)
        return digest([seen, sorted(str(problem.ref) for problem in self.problems)])


def job_state(job: Job, dialect: str) -> str:
    """A digest of what a job is, without its history."""
    trigger = thaw(job.trigger.raw) if isinstance(job.trigger, Unportable) else None
    return digest([fields_to_json(flatten(job), dialect), job.suspended, trigger])


async def extract(adapter: ExtractAdapter, mapping: ProviderMapping, *, as_source: bool) -> Extracted:
    """List and read every job that the connection reaches.

    Args:
        adapter: where to read.
        mapping: how to read it.
        as_source: whether events that carry a prompt become prompts again.

    Raises:
        ProviderError: the listing is not complete; nothing is known then.
    """
    jobs: list[Job] = []
    problems: list[Problem] = []
    raws: dict[JobRef, Raw] = {}
    async for record in adapter.list_jobs():
        try:
            job = mapping.read(record.raw, scope=record.scope)
        except RecordError as error:
            identity = record.raw.get(mapping.rules.identity.id)
            if not identity:
                raise
            ref = JobRef(provider=adapter.provider, scope=record.scope, id=str(identity))
            problems.append(Problem(ref=ref, name=str(record.raw.get("name") or ""), error=error))
        else:
            job = convention.restore(job) if as_source else job
            ref = job.ref
            jobs.append(job)
        raws[ref] = record.raw
    return Extracted(jobs=tuple(jobs), problems=tuple(problems), raws=raws, scopes=tuple(adapter.scopes))
