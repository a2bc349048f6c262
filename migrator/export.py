"""Every job of a connection as a document, made and handed on as it is read.

a page of records ─▶ jobs ─▶ their documents, one after another
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

from attrs import field, frozen

from migrator.canonical import unflatten
from migrator.config import Select
from migrator.document import job_document
from migrator.extract import Problem, read_all
from migrator.mapping.codecs import write_time
from migrator.store import State
from migrator.sync.endpoints import Runtime, opened

EVERY: Final = Select()
"""Selects every job."""


@frozen(kw_only=True)
class Export:
    """A `migrator/jobs@1` document whose jobs come one after another.

    Attributes:
        head: what stands before the jobs.
        jobs: their documents, each made when it is asked for.
        problems: what could not be read, with the records; all of it when the jobs are at their end.
    """

    head: Mapping[str, Any]
    jobs: AsyncIterator[dict[str, Any]]
    problems: list[dict[str, Any]] = field(factory=list)


@asynccontextmanager
async def exporting(
    runtime: Runtime, connection: str, wanted: Select = EVERY, retired: State | None = None
) -> AsyncIterator[Export]:
    """Yield the jobs of a connection that `wanted` selects, for as long as the block lasts; writes to no provider.

    Args:
        runtime: what the command brings along.
        connection: its name.
        wanted: which jobs.
        retired: a state; then instead the jobs that are gone from the connection, as the state keeps them.
    """
    problems: list[dict[str, Any]] = []
    async with opened(runtime, connection) as side:
        mapping = runtime.mapping("json")
        head = {
            "schema": "migrator/jobs@1",
            "connection": connection,
            "provider": side.adapter.provider,
            "exported_at": write_time(runtime.clock.now()),
        }

        async def jobs() -> AsyncGenerator[dict[str, Any], None]:
            async with aclosing(read_all(side.adapter, side.mapping, as_source=True)) as found:
                async for read, record in found:
                    if isinstance(read, Problem):
                        about = {"id": read.ref.id, "name": read.name, "error": str(read.error)}
                        problems.append({**about, "record": record})
                    elif wanted.matches(read):
                        yield job_document(read, mapping)

        async def kept(state: State) -> AsyncGenerator[dict[str, Any], None]:
            async with aclosing(read_all(side.adapter, side.mapping, as_source=True)) as found:
                present = {read.ref async for read, _record in found}
            scopes = tuple(side.adapter.scopes)
            known = state.definitions(side.adapter.provider, scopes, side.dialect, without=present)
            for one in {one.source: one for one in known}.values():
                job = unflatten(one.fields, ref=one.source)
                if wanted.matches(job):
                    yield job_document(job, mapping)

        with runtime.instrumentation.stage("list"):
            async with aclosing(kept(retired) if retired else jobs()) as listed:
                yield Export(head=head, jobs=listed, problems=problems)


async def export(runtime: Runtime, connection: str) -> dict[str, Any]:
    """Every job of a connection as a whole `migrator/jobs@1` document; writes to no provider."""
    async with exporting(runtime, connection) as found:
        return {**found.head, "jobs": [job async for job in found.jobs], "problems": found.problems}
