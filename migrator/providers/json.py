"""A file of canonical jobs as a provider: export, review, restore.

    {"schema": "migrator/jobs@1", "jobs": [{"id": "…", "name": "…", …}]}

Other top-level keys are kept. The file is replaced as a whole, so a reader sees the old one or the new one, never half.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar, Final

from attrs import Factory, define, evolve, field, frozen

from migrator.errors import MigratorError, NotFoundError, ProtocolError, ProviderError, RejectedError, TransientError
from migrator.files import is_stream, replacing
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
from migrator.soundness import json_text

SCHEMA: Final = "migrator/jobs@1"
_CORRECT: Final = "correct the file there"
_PLAN: Final = "the file was changed during the run: plan again"


def _new_id() -> str:
    return uuid.uuid4().hex


@frozen
class _Content:
    """A file as read: its jobs by id, in their order, and what else stands in it."""

    jobs: dict[str, Raw] = Factory(dict)
    rest: dict[str, Any] = Factory(dict)


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
    _read: tuple[tuple[int, ...], _Content] | None = field(default=None, init=False, repr=False)

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
            changed = _Content(jobs, content.rest)
            _replace(Path(self.path), _render(changed))
            self._read = (_signature(Path(self.path)), changed)
        except (OSError, MigratorError) as error:
            said = error if isinstance(error, MigratorError) else _unwritable(error, self.path)
            for _, done in batch:
                if not done.done():
                    done.set_exception(said)
        else:
            for done, result in results:
                done.set_result(result)

    def _load(self, *, missing_ok: bool = False) -> _Content:
        """The file's content; read again only when the file is another one than last time."""
        path = Path(self.path)
        try:
            signature = _signature(path)
            if self._read is None or self._read[0] != signature:
                self._read = (signature, _parse(path.read_text(encoding="utf-8-sig"), self.path))
            return self._read[1]
        except FileNotFoundError:
            if missing_ok or not self.must_exist:
                return _Content()
            hint = "check path, or create the file: migrator export CONNECTION -o FILE"
            raise NotFoundError("the file does not exist", where=self.path, hint=hint) from None
        except UnicodeDecodeError as error:
            what = f"the file is not UTF-8: {error.reason} at byte {error.start}"
            raise ProtocolError(what, where=self.path, hint="save it as UTF-8") from error
        except OSError as error:
            what, hint = f"the file cannot be read: {error.strerror or error}", "make it readable for your user"
            raise ProtocolError(what, where=self.path, hint=hint) from error


def _parse(text: str, where: str) -> _Content:
    """Read a jobs document.

    Raises:
        ProtocolError: it is none; names the line and column, or the entry.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        raise ProtocolError(f"the file is not JSON: {error.msg}", where=place, hint=_CORRECT) from error
    except (RecursionError, ValueError) as error:  # nested thousands deep, or a number of thousands of digits
        allowed = "JSON with at most some hundred nested levels"
        raise ProtocolError("the file is not JSON that can be read", where=where, allowed=allowed) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or not isinstance(document.get("jobs"), list):
        allowed = f'{{"schema": "{SCHEMA}", "jobs": [...]}}'
        raise ProtocolError("the file holds no jobs document", where=where, allowed=allowed)
    jobs: dict[str, Raw] = {}
    for number, raw in enumerate(document["jobs"], start=1):
        job_id = raw.get("id") if isinstance(raw, dict) else None
        if not isinstance(job_id, str) or not job_id:
            raise ProtocolError(f"job number {number} has no id", where=where, hint='give each job a distinct "id"')
        if job_id in jobs:
            raise ProtocolError(f"job number {number} repeats the id {job_id!r}", where=where, hint="ids are distinct")
        jobs[job_id] = raw
    return _Content(jobs, {key: value for key, value in document.items() if key not in {"schema", "jobs"}})


def _render(content: _Content) -> bytes:
    """The file's text; half of a surrogate pair, which JSON can hold and UTF-8 cannot, becomes JSON's own escape."""
    document = {"schema": SCHEMA, **content.rest, "jobs": list(content.jobs.values())}
    return (json_text(document) + "\n").encode()


def _unwritable(error: OSError, path: str) -> TransientError:
    return TransientError(
        f"the file cannot be written: {error.strerror or error}", where=path, hint="nothing was changed"
    )


def _signature(path: Path) -> tuple[int, ...]:
    stat = path.stat()
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _replace(path: Path, content: bytes) -> None:
    """Put `content` in place of the file, durably and at once.

    Raises:
        OSError: nothing was changed.
    """
    if is_stream(path):
        raise OSError(errno.EINVAL, "not a regular file")
    with replacing(path, keep_mode=True) as file:
        file.write(content)


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
