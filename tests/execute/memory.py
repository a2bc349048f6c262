"""Platforms in memory: what is written to is a dict, and any request can be refused, lost or followed by something.

target = Memory(provider="devin", scope=TARGET_SCOPE).holding(job)
target.at[2] = Fault(RejectedError("no"))            # the second write is refused
target.at[3] = Fault(UncertainError("lost"), arrives=True)
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, Final

from attrs import define, field, frozen

from migrator.canonical import Job, JobRef, flatten
from migrator.errors import MigratorError, NotFoundError
from migrator.mapping import ProviderMapping
from migrator.providers.base import Created, Documented, Probe, Raw, Record
from tests.plan.builder import NOW, mapping

_MODEL: Final[dict[str, Raw]] = {"omni": {"modelId": "6f0c2a1e-8d3b-4c57-9a64-1b2e3f405162"}, "devin": {}}
"""What every job of a platform has, whether a job names it or not."""


@frozen
class Fault:
    """What happens at a write, or at the reads after it.

    Attributes:
        error: raised by the write; None where it is answered.
        arrives: whether the write takes effect although it is not answered.
        then: run after the write.
        unread: raised by every read from then on.
    """

    error: MigratorError | None = None
    arrives: bool = False
    then: Callable[[], None] = lambda: None
    unread: MigratorError | None = None


@define(kw_only=True)
class Memory:
    """One scope of a platform that updates by merging what it is sent.

    Attributes:
        provider: whose mapping it follows.
        scope: the scope.
        raws: its records by id.
        at: what happens at the n-th write, from 1; 0 for every write.
        log: the writes, each with the id that it is about and its body.
        answers: whether a write is answered with the job.
        unread: raised by every read; None for no error.
        mapping: the provider's.
        reads: how many single jobs were read.
        listings: how many listings were read.
        concurrency: requests under way at once.
    """

    provider: Any
    scope: str
    raws: dict[str, Raw] = field(factory=dict)
    at: dict[int, Fault] = field(factory=dict)
    log: list[tuple[str, str, Raw]] = field(factory=list)
    answers: bool = True
    unread: MigratorError | None = None
    reads: int = 0
    listings: int = 0
    concurrency: int = 1
    documented: Documented | None = None
    requests: int = 0
    ahead: timedelta | None = None
    contract_untold: bool = False
    mapping: ProviderMapping = field()
    _keys: itertools.count[int] = field(factory=lambda: itertools.count(1))

    @mapping.default
    def _mapping(self) -> ProviderMapping:
        return mapping(self.provider)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The one scope."""
        return (self.scope,)

    @property
    def did(self) -> list[str]:
        """What was written, without its bodies."""
        return [action for action, _key, _body in self.log]

    def holding(self, *jobs: Job) -> Memory:
        """Hold these jobs, under their ids; return self."""
        for job in jobs:
            raw = self.mapping.create_payload(flatten(job), job.ownership_tag)
            self.raws[job.ref.id] = self._stored(
                job.ref.id, {**_MODEL[self.provider], **raw, **self._flag(enabled=job.enabled)}
            )
        return self

    def job(self, key: str) -> Job:
        """Return a job as it is."""
        return self.mapping.read(self.raws[key], scope=self.scope)

    def jobs(self) -> tuple[Job, ...]:
        """Return all jobs as they are."""
        return tuple(map(self.job, self.raws))

    # -- the protocol -------------------------------------------------------------------------------------------------

    async def list_jobs(self) -> AsyncIterator[Record]:
        """Yield every record."""
        self.listings += 1
        if self.unread:
            raise self.unread
        for raw in list(self.raws.values()):
            yield Record(scope=self.scope, raw=dict(raw))

    async def probe(self, scope: str, *, writing: bool) -> Probe:
        """Return how many jobs there are."""
        del scope, writing
        return Probe(jobs=len(self.raws), pages=1)

    async def get_job(self, scope: str, job_id: str) -> Record:
        """Return a record."""
        self.reads += 1
        if self.unread:
            raise self.unread
        if job_id not in self.raws:
            raise NotFoundError("there is no such job")
        return Record(scope=scope, raw=dict(self.raws[job_id]))

    async def create_job(self, scope: str, payload: Raw) -> Created:
        """Make a job that is live at once."""
        key = f"new-{next(self._keys)}"
        self._write("create", key, payload, {**self._flag(enabled=True), **payload})
        return Created(id=key, record=Record(scope=scope, raw=dict(self.raws[key])) if self.answers else None)

    async def update_job(self, scope: str, job_id: str, payload: Raw, *, contract: str | None = None) -> Record | None:
        """Merge a body into a job."""
        del contract
        if job_id not in self.raws:
            raise NotFoundError("there is no such job")
        self._write("update", job_id, payload, payload)
        return Record(scope=scope, raw=dict(self.raws[job_id])) if self.answers else None

    async def delete_job(self, scope: str, job_id: str) -> None:
        """Remove a job."""
        del scope
        self._write("delete", job_id, {}, None)

    async def update_contract(self) -> str | None:
        """Return that it is not known."""
        return None

    # -- what it keeps ------------------------------------------------------------------------------------------------

    def _write(self, action: str, key: str, body: Raw, kept: Raw | None) -> None:
        self.log.append((action, key, body))
        fault = self.at.get(len(self.log)) or self.at.get(0) or Fault()
        if fault.error is None or fault.arrives:
            if kept is None:
                self.raws.pop(key, None)
            else:
                self.raws[key] = self._stored(key, kept)
        fault.then()
        self.unread = fault.unread or self.unread
        if fault.error:
            raise fault.error

    def _stored(self, key: str, body: Raw) -> Raw:
        identity = self.mapping.rules.identity
        raw = {identity.created: NOW.isoformat(), **self.raws.get(key, {}), **body, identity.id: key}
        if "isActive" in raw:
            raw["disabled"] = not raw.pop("isActive")
        return raw

    def _flag(self, *, enabled: bool) -> Raw:
        return {"disabled": not enabled} if self.provider == "omni" else {"enabled": enabled}

    def ref(self, key: str) -> JobRef:
        """Return where a job lives."""
        return JobRef(provider=self.provider, scope=self.scope, id=key)


@define(kw_only=True)
class SearchedMemory(Memory):
    """The same, of a platform that finds jobs by their ownership tag.

    Attributes:
        late: how many of the newest records no search shows yet.
    """

    late: int = 0

    async def tagged_jobs(self, scope: str, tag: str) -> tuple[Record, ...]:
        """Return the records that carry a tag."""
        self.reads += 1
        if self.unread:
            raise self.unread
        shown = list(self.raws.values())[: len(self.raws) - self.late]
        return tuple(Record(scope=scope, raw=dict(raw)) for raw in shown if tag in raw.get("tags", ()))
