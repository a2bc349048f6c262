"""A file of canonical jobs as a provider: export, review, restore.

    {"schema": "migrator/jobs@1", "jobs": [{"id": "…", "name": "…", …}]}

Other top-level keys are kept. The file is replaced as a whole, so a reader sees the old one or the new one, never half.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import ClassVar, Final

from attrs import define, evolve, field

from migrator.errors import MigratorError, NotFoundError, ProtocolError, ProviderError, RejectedError, TransientError
from migrator.providers.base import PATCH, Connection, Created, Documented, Probe, Raw, Record, check_scope
from migrator.providers.declaration import (
    IDENTITY,
    Capabilities,
    Local,
    Opening,
    Provider,
    Setting,
    Starter,
)
from migrator.providers.jobs_document import JobsContent, file_signature, parse_jobs, render_jobs, replace_file

_PLAN: Final = "the file was changed during the run: plan again"


def _new_id() -> str:
    return uuid.uuid4().hex


_Change = Callable[[dict[str, Raw]], Raw | None]


def scopes(connection: Connection) -> tuple[str, ...]:
    """Return the scope of a connection: its identity, or its file's path, absolute and without symbolic links."""
    return (connection.identity or str(Path(connection.text("path")).resolve()),)


@define(kw_only=True)
class JsonFile:
    """The jobs of one file, which is the scope.

    Attributes:
        path: the file.
        identity: what the scope is called; "" for the path as given.
        must_exist: whether a missing file is an error (a source) or an empty list (a target).
        new_id: makes the id of a job that brings none.
        requests: always 0: no request leaves the machine.
        concurrency: how many changes one replacing of the file carries out at most.
    """

    provider: ClassVar[str] = "json"
    documented: ClassVar[Documented | None] = None

    path: str
    identity: str = ""
    must_exist: bool = True
    fence: Callable[[], None] = field(default=lambda: None, repr=False)
    new_id: Callable[[], str] = field(default=_new_id, repr=False)
    requests: int = field(default=0, init=False)
    concurrency: int = field(default=256, init=False)
    _waiting: list[tuple[_Change, asyncio.Future[Raw | None]]] = field(factory=list, init=False, repr=False)
    _read: tuple[tuple[int, ...], JobsContent] | None = field(default=None, init=False, repr=False)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The file."""
        return (self.identity or self.path,)

    async def list_jobs(self) -> AsyncIterator[Record]:
        """Every job of the file, in its order."""
        for raw in self._load().jobs.values():
            yield Record(scope=self.scopes[0], raw=dict(raw))

    async def probe(self, scope: str, *, writing: bool) -> Probe:
        """Read the file and, with `writing`, see whether its folder can be written to."""
        check_scope(scope, self.scopes, self.provider)
        records = tuple(self._load().jobs.values())
        may_write = os.access(Path(self.path).parent, os.W_OK) if writing else None
        return Probe(jobs=len(records), pages=0, may_write=may_write, records=records)

    async def get_job(self, scope: str, job_id: str) -> Record:
        """Read one job."""
        check_scope(scope, self.scopes, self.provider)
        jobs = self._load().jobs
        if job_id not in jobs:
            raise NotFoundError("unknown job in the file", where=f"{self.path}, job {job_id}", hint=_PLAN)
        return Record(scope=scope, raw=dict(jobs[job_id]))

    @property
    def ahead(self) -> None:
        """A file has no clock of its own."""

    async def create_job(self, scope: str, payload: Raw) -> Created:
        """Add a job under its own id, or under a new one.

        Raises:
            RejectedError: the id is taken.
        """
        check_scope(scope, self.scopes, self.provider)
        job_id = str(payload.get("id") or self.new_id())
        raw = {**payload, "id": job_id}

        def add(jobs: dict[str, Raw]) -> Raw:
            if job_id in jobs:
                what = "the file already holds a job with this id"
                raise RejectedError(what, where=f"{self.path}, job {job_id}", hint=_PLAN)
            jobs[job_id] = raw
            return raw

        await self._change(add)
        return Created(id=job_id, record=Record(scope=scope, raw=dict(raw)))

    async def update_job(self, scope: str, job_id: str, payload: Raw, *, contract: str | None = None) -> Record | None:  # noqa: ARG002 (the protocol's; there is one contract)
        """Replace the top-level keys that `payload` names; null is a value like any other.

        Raises:
            NotFoundError: the job does not exist.
        """
        check_scope(scope, self.scopes, self.provider)

        def merge(jobs: dict[str, Raw]) -> Raw:
            if job_id not in jobs:
                raise NotFoundError("unknown job in the file", where=f"{self.path}, job {job_id}", hint=_PLAN)
            jobs[job_id] = jobs[job_id] | payload | {"id": job_id}
            return jobs[job_id]

        raw = await self._change(merge)
        return Record(scope=scope, raw=dict(raw or {}))

    async def delete_job(self, scope: str, job_id: str) -> None:
        """Remove a job, or find it gone."""
        check_scope(scope, self.scopes, self.provider)

        def remove(jobs: dict[str, Raw]) -> None:
            jobs.pop(job_id, None)

        await self._change(remove)

    async def update_contract(self) -> str | None:
        """The one way of updating."""
        return PATCH

    @property
    def contract_untold(self) -> bool:
        """There is one way."""
        return False

    async def _change(self, change: _Change) -> Raw | None:
        """Carry out `change` on the file; everybody who is about to change it shares one write."""
        done: asyncio.Future[Raw | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, done))
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self._waiting = [waiting for waiting in self._waiting if waiting[1] is not done]
            raise
        if not done.done():
            batch, self._waiting = self._waiting, []
            self._write(batch)
        return done.result()

    def _write(self, batch: list[tuple[_Change, asyncio.Future[Raw | None]]]) -> None:
        """Read, change and replace the file in one go: nothing else of this process runs in between."""
        try:
            self.fence()
            content = self._load(missing_ok=True)
            jobs = dict(content.jobs)
            results: list[tuple[asyncio.Future[Raw | None], Raw | None]] = []
            for change, done in batch:
                try:
                    results.append((done, change(jobs)))
                except ProviderError as error:
                    done.set_exception(error)
            changed = JobsContent(jobs, content.rest)
            replace_file(Path(self.path), render_jobs(changed))
            self._read = (file_signature(Path(self.path)), changed)
        except (OSError, MigratorError) as error:
            said = error if isinstance(error, MigratorError) else _unwritable(error, self.path)
            for _, done in batch:
                if not done.done():
                    done.set_exception(said)
        else:
            for done, result in results:
                done.set_result(result)

    def _load(self, *, missing_ok: bool = False) -> JobsContent:
        """The file's content; read again only when the file is another one than last time."""
        path = Path(self.path)
        try:
            now = file_signature(path)
            if self._read is None or self._read[0] != now:
                self._read = (now, parse_jobs(path.read_text(encoding="utf-8-sig"), self.path))
            return self._read[1]
        except FileNotFoundError:
            if missing_ok or not self.must_exist:
                return JobsContent()
            hint = "check path, or create the file: migrator export CONNECTION -o FILE"
            raise NotFoundError("the file does not exist", where=self.path, hint=hint) from None
        except UnicodeDecodeError as error:
            what = f"the file is not UTF-8: {error.reason} at byte {error.start}"
            raise ProtocolError(what, where=self.path, hint="save it as UTF-8") from error
        except OSError as error:
            what, hint = f"the file cannot be read: {error.strerror or error}", "make it readable for your user"
            raise ProtocolError(what, where=self.path, hint=hint) from error


def _unwritable(error: OSError, path: str) -> TransientError:
    return TransientError(
        f"the file cannot be written: {error.strerror or error}", where=path, hint="nothing was changed"
    )


def _open(connection: Connection, opening: Opening) -> JsonFile:
    return JsonFile(
        path=connection.text("path"),
        identity=scopes(connection)[0],
        must_exist=opening.must_exist,
        fence=opening.fence,
    )


PROVIDER: Final = Provider(
    name="json",
    title="JSON file",
    kit=1,
    access=Local(open=_open),
    scopes=scopes,
    settings=(
        Setting(
            name="path",
            kind="path",
            says="The file, relative to this one.",
            required=True,
            question="the file",
            example="jobs.json",
        ),
        evolve(
            IDENTITY,
            says="What the state calls the file, where its path differs from machine to machine; by default its "
            "absolute path.",
        ),
    ),
    capabilities=Capabilities(runs_jobs=False, create_paused=True, own_id=True),
    docs="providers/json.md",
    starter=Starter(
        called="archive",
        rank=90,
        comments="""\
# identity = "archive" # what the state calls it, where its path changes from machine to machine
""",
    ),
)
