"""Read every job of a connection.

A record that cannot be read is a `Problem`, never an absence: an absence could be taken for a removal.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from functools import cached_property
from typing import Any, Final

import attrs
from attrs import field, frozen

from migrator import prompt_envelope
from migrator.canonical import NOTHING, Job, JobRef, OwnershipTag, Unportable, flatten
from migrator.compressed import CompressedMap
from migrator.concurrency import side_by_side
from migrator.document import digest, digest_of_list, fields_to_json
from migrator.errors import MigratorError, NotFoundError, ProviderError, RecordError
from migrator.isolation import attempt
from migrator.mapping import ProviderMapping
from migrator.mapping.codecs import thaw
from migrator.mapping.paths import Raw
from migrator.providers.base import ExtractAdapter, Record
from migrator.redaction import HIDDEN
from migrator.soundness import json_text, storable, unsound

_PLACE: Final = 80
"""Characters of a field's path that are shown."""
LATE_WAITS: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds between looks for what a platform may show late; after the last one it counts as absent."""


@frozen(kw_only=True)
class Problem:
    """A record that is there but cannot be read.

    Attributes:
        ref: where it is.
        name: its name, if it has one.
        error: why not.
        ownership_tag: its ownership tag, if that can be read.
    """

    ref: JobRef
    name: str
    error: MigratorError
    ownership_tag: OwnershipTag | None = None


@frozen(kw_only=True)
class Extracted:
    """One complete listing.

    Attributes:
        jobs: what could be read, in the platform's order.
        problems: what could not.
        raws: every record as the platform gave it; of a source, which is not put back as it was, none.
        scopes: every scope that was listed.
    """

    jobs: tuple[Job, ...] = field(repr=False)
    problems: tuple[Problem, ...] = ()
    raws: Mapping[JobRef, Raw] = field(factory=dict, repr=False)
    scopes: tuple[str, ...] = ()

    def job(self, ref: JobRef) -> Job:
        """The job of that ref.

        Raises:
            KeyError: it is not in the listing.
        """
        return self._by_ref[ref]

    def with_found(self, found: Found) -> Extracted:
        """The listing with what it missed."""
        return attrs.evolve(
            self,
            jobs=(*self.jobs, *found.jobs),
            problems=(*self.problems, *found.problems),
            raws=_joined(self.raws, found.raws),
        )

    def with_jobs(self, change: Callable[[Job], Job]) -> Extracted:
        """The listing with every job seen in another way."""
        return attrs.evolve(self, jobs=tuple(map(change, self.jobs)))

    @cached_property
    def _by_ref(self) -> Mapping[JobRef, Job]:
        return {job.ref: job for job in self.jobs}

    def digested(self, dialect: str) -> tuple[Extracted, str]:
        """The listing without the jobs that cannot be digested, which become problems, and what was observed.

        What was observed is one line that changes when a job appears, goes, or means something else.
        """
        problems = list(self.problems)
        in_order = sorted(self.jobs, key=lambda job: (str(job.ref), job.ref.scope))

        def seen() -> Iterator[list[str]]:
            for job in in_order:
                state = attempt("compared", job_state, job, dialect)
                if isinstance(state, str):
                    yield [str(job.ref), state]
                else:
                    problems.append(Problem(ref=job.ref, name=job.name, error=state))

        known = sorted(str(problem.ref) for problem in self.problems)
        observed = digest_of_list(seen(), known)
        if len(problems) == len(self.problems):
            return self, observed
        odd = {problem.ref for problem in problems}
        jobs = tuple(job for job in self.jobs if job.ref not in odd)
        return attrs.evolve(self, jobs=jobs, problems=tuple(problems)), observed


def _joined(*several: Mapping[JobRef, Raw]) -> CompressedMap[JobRef]:
    joined: CompressedMap[JobRef] = CompressedMap()
    for raws in several:
        for ref, raw in raws.items():
            joined.add(ref, raw)
    return joined


@frozen(kw_only=True)
class Found:
    """What asking for jobs one by one brought to light.

    Attributes:
        jobs: those that are there, though a listing did not show them.
        problems: those that are there and cannot be read.
        raws: their records.
        unproved: those that may or may not be there.
    """

    jobs: tuple[Job, ...] = ()
    problems: tuple[Problem, ...] = ()
    raws: Mapping[JobRef, Raw] = field(factory=dict)
    unproved: frozenset[JobRef] = frozenset()


def job_state(job: Job, dialect: str) -> str:
    """A digest of what a job is, without its history."""
    trigger = thaw(job.trigger.raw) if isinstance(job.trigger, Unportable) else None
    return digest([fields_to_json(flatten(job), dialect), job.suspended, trigger])


def forget(_job: Job) -> None:
    """Do nothing about a job."""


async def read_all(
    adapter: ExtractAdapter, mapping: ProviderMapping, *, as_source: bool
) -> AsyncGenerator[tuple[Job | Problem, Raw], None]:
    """List and read every job that the connection reaches, one after another, each with its record.

    Args:
        adapter: where to read.
        mapping: how to read it.
        as_source: whether events that carry a prompt become prompts again.

    Raises:
        ProviderError: the listing is not complete; nothing is known then.
    """
    async for record in adapter.list_jobs():
        await asyncio.sleep(0)  # the request for the next page leaves meanwhile
        yield read_record(record, adapter, mapping, as_source=as_source), record.raw


async def extract(
    adapter: ExtractAdapter, mapping: ProviderMapping, *, as_source: bool, each: Callable[[Job], None] = forget
) -> Extracted:
    """The complete listing of a connection; its jobs come without what has no canonical home.

    Args:
        adapter: where to read.
        mapping: how to read it.
        as_source: whether events that carry a prompt become prompts again.
        each: told every job as it comes, while the next ones are on their way.

    Raises:
        ProviderError: the listing is not complete; nothing is known then.
    """
    jobs: list[Job] = []
    problems: list[Problem] = []
    raws: CompressedMap[JobRef] = CompressedMap()
    async with aclosing(read_all(adapter, mapping, as_source=as_source)) as found:
        async for read, raw in found:
            if isinstance(read, Problem):
                problems.append(read)
            else:
                jobs.append(attrs.evolve(read, provider_fields=NOTHING))
                each(read)
            if not as_source:
                raws.add(read.ref, raw)
    return Extracted(jobs=tuple(jobs), problems=tuple(problems), raws=raws, scopes=tuple(adapter.scopes))


async def look_up(
    adapter: ExtractAdapter,
    mapping: ProviderMapping,
    refs: Iterable[JobRef],
    *,
    as_source: bool = False,
    sleep: Callable[[float], Awaitable[None]] | None = None,
) -> Found:
    """Ask for jobs by their ids, because a listing did not show them.

    Args:
        adapter: where to ask.
        mapping: how to read.
        refs: the jobs.
        as_source: whether events that carry a prompt become prompts again.
        sleep: waits that many seconds between looks, where the job may only be late to show.
    """

    async def ask(ref: JobRef) -> Record | JobRef | None:
        for wait in (*(LATE_WAITS if sleep else ()), 0.0):
            try:
                return await adapter.get_job(ref.scope, ref.id)
            except NotFoundError:
                if sleep and wait:
                    await sleep(wait)
            except ProviderError:
                return ref
        return None

    answers: list[Record | JobRef | None] = await side_by_side(ask(ref) for ref in refs)
    records = [answer for answer in answers if isinstance(answer, Record)]
    found = [(read_record(record, adapter, mapping, as_source=as_source), record.raw) for record in records]
    return Found(
        jobs=tuple(job for job, _raw in found if isinstance(job, Job)),
        problems=tuple(problem for problem, _raw in found if isinstance(problem, Problem)),
        raws={one.ref: raw for one, raw in found},
        unproved=frozenset(answer for answer in answers if isinstance(answer, JobRef)),
    )


def read_record(record: Record, adapter: ExtractAdapter, mapping: ProviderMapping, *, as_source: bool) -> Job | Problem:
    """Return the job that a record holds, or why it cannot be read; a failure concerns that job alone."""
    read = attempt("read", _job, record, mapping, as_source=as_source)
    if isinstance(read, Job):
        return read
    identity = record.raw.get(mapping.rules.identity.id)
    known = storable(identity) if isinstance(identity, str) and identity else _without_id(record.raw)
    ref = JobRef(provider=adapter.provider, scope=record.scope, id=known)
    ownership_tag = attempt("read", mapping.tag_of, record.raw)
    name = storable(str(record.raw.get("name") or ""))
    return Problem(
        ref=ref, name=name, error=read, ownership_tag=ownership_tag if isinstance(ownership_tag, OwnershipTag) else None
    )


def _without_id(raw: Raw) -> str:
    """Return a name for a record without an id, the same for the same record; no platform gives such an id."""
    return f"(no id: {digest(json_text(raw, ascii_only=True))[:12]})"


def _job(record: Record, mapping: ProviderMapping, *, as_source: bool) -> Job:
    if found := unsound(record.raw):
        path, what = found
        name = str(record.raw.get(mapping.rules.identity.id) or "")
        allowed = "JSON texts that have a UTF-8 form, without NUL; correct the job at its platform"
        raise RecordError(
            "cannot be stored or sent", job=storable(name), path=storable(path)[-_PLACE:], actual=what, allowed=allowed
        )
    job = mapping.read(record.raw, scope=record.scope)
    if leak := _leak(job, record.raw):
        raise leak
    return prompt_envelope.restore(job) if as_source else job


def _leak(job: Job, raw: Raw) -> RecordError | None:
    """Return why a job whose record holds a token of the config is left alone; None where none would be copied."""
    if not _holds(raw):
        return None
    fields = {"id": job.ref.id, **flatten(job)}.items()
    path = next((p for p, value in fields if not p.startswith("provider_fields") and HIDDEN in str(value)), None)
    if path is None:
        return None
    what = "the platform's answer holds a token of migrator.toml; remove it there, and revoke the token"
    return RecordError(what, job=f"{job.name} ({job.ref.id})", path=path)


def _holds(value: Any) -> bool:
    """Whether a token was taken out of a record."""
    if isinstance(value, str):
        return HIDDEN in value
    if isinstance(value, dict):
        value = (*value, *value.values())
    elif not isinstance(value, list | tuple):
        return False
    for part in value:  # noqa: SIM110 (a generator costs more than the check)
        if part is not None and (HIDDEN in part if type(part) is str else _holds(part)):
            return True
    return False
