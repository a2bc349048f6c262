"""Every job of a connection as a document, made and handed on as it is read.

a page of records ─▶ jobs ─▶ their documents, one after another
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar, Final, TypedDict

import attrs
from attrs import frozen

from migrator.canonical import unflatten
from migrator.config import Select
from migrator.document import JobRecord, job_document
from migrator.extract import Problem, read_all
from migrator.json_document import Document
from migrator.store import State
from migrator.sync.endpoints import Runtime, opened

EVERY: Final = Select()
"""Selects every job."""


class UnreadRecord(TypedDict):
    """A record that cannot be read."""

    id: str
    name: str
    error: str
    record: Mapping[str, Any]


@frozen(kw_only=True)
class JobsDocument(Document):
    """Every job of a connection, in the canonical form.

    Attributes:
        jobs: the jobs, each read when it is asked for.
        problems: records that cannot be read; all of them once the jobs are at their end.
    """

    NAME: ClassVar[str] = "jobs"
    connection: str
    provider: str
    exported_at: datetime
    jobs: AsyncIterable[JobRecord]
    problems: list[UnreadRecord]


@asynccontextmanager
async def exporting(
    runtime: Runtime, connection: str, wanted: Select = EVERY, retired: State | None = None
) -> AsyncIterator[JobsDocument]:
    """Yield the jobs of a connection that `wanted` selects, for as long as the block lasts; writes to no provider.

    Args:
        runtime: what the command brings along.
        connection: its name.
        wanted: which jobs.
        retired: a state; then instead the jobs that are gone from the connection, as the state keeps them.
    """
    problems: list[UnreadRecord] = []
    async with opened(runtime, connection) as side:
        mapping = runtime.mapping("json")
        now = runtime.clock.now()

        async def jobs() -> AsyncGenerator[JobRecord, None]:
            async with aclosing(read_all(side.adapter, side.mapping, as_source=True)) as found:
                async for read, record in found:
                    if isinstance(read, Problem):
                        error = str(read.error)
                        problems.append({"id": read.ref.id, "name": read.name, "error": error, "record": record})
                    elif wanted.matches(read):
                        yield job_document(read, mapping)

        async def kept(state: State) -> AsyncGenerator[JobRecord, None]:
            async with aclosing(read_all(side.adapter, side.mapping, as_source=True)) as found:
                present = {read.ref async for read, _record in found}
            scopes = tuple(side.adapter.scopes)
            known = state.definitions(side.adapter.provider, scopes, without=present)
            for one in {one.source: one for one in known}.values():
                job = unflatten(one.fields, ref=one.source)
                if wanted.matches(job):
                    yield job_document(job, mapping)

        with runtime.instrumentation.stage("list"):
            async with aclosing(kept(retired) if retired else jobs()) as listed:
                yield JobsDocument(
                    connection=connection,
                    provider=side.adapter.provider,
                    exported_at=now,
                    jobs=listed,
                    problems=problems,
                )


async def export(runtime: Runtime, connection: str) -> dict[str, Any]:
    """Every job of a connection as a whole `migrator/jobs@1` document; writes to no provider."""
    async with exporting(runtime, connection) as found:
        jobs = [job async for job in found.jobs]
        return attrs.evolve(found, jobs=jobs).to_json()  # type: ignore[arg-type]  # awaited already
