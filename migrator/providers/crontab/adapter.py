"""The adapter of a crontab.

The crontab is read, edited as text and put back as a whole, after the daemon's own checker has accepted it; what
somebody else changed since it was listed is never overwritten.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import ClassVar, Final

from attrs import define, field

from migrator.errors import MigratorError, NotFoundError, ProviderError, RejectedError, UncertainError
from migrator.providers.base import PATCH, Created, Documented, Probe, Raw, Record, check_scope
from migrator.providers.crontab.edits import Edited, added, changed, removed
from migrator.providers.crontab.places import Checker, CrontabPlace, Prompts
from migrator.providers.crontab.records import found_jobs, record_of
from migrator.providers.crontab.terms import Terms
from migrator.providers.crontab.text import ENCODING

_FIELDS: Final = frozenset(
    {"name", "description", "enabled", "schedule", "timezone", "prompt", "agent", "model", "thread", "mailto", "tag"}
)
_TOLD: Final = frozenset({"id", "kind", "reason", "extras", "variables", "user"})

_Change = Callable[[str], Edited]
_Batch = list[tuple[_Change, asyncio.Future[None]]]


@define(kw_only=True)
class Crontab:
    """The jobs of one crontab.

    Attributes:
        terms: how it is read.
        place: where it is.
        prompts: the prompt files beside it.
        scope: what the state calls it.
        fence: asked right before every write; raises when none may be.
        new_id: makes the id of a new job.
        requests: always 0: no request leaves the machine.
        concurrency: how many changes one write carries out at most.
        checker: judges what is to be written.
    """

    provider: ClassVar[str] = "crontab"
    documented: ClassVar[Documented | None] = Documented(
        response=_FIELDS | _TOLD, create=_FIELDS, update={PATCH: _FIELDS}
    )

    terms: Terms
    place: CrontabPlace
    prompts: Prompts
    scope: str
    fence: Callable[[], None] = field(default=lambda: None, repr=False)
    new_id: Callable[[], str] = field(default=lambda: uuid.uuid4().hex, repr=False)
    requests: int = field(default=0, init=False)
    concurrency: int = field(default=256, init=False)
    checker: Checker = field(init=False, repr=False)
    _listed: bytes | None = field(default=None, init=False, repr=False)
    _known: tuple[bytes, dict[str, Raw]] | None = field(default=None, init=False, repr=False)
    _waiting: _Batch = field(factory=list, init=False, repr=False)
    _writing: asyncio.Lock = field(factory=asyncio.Lock, init=False, repr=False)

    @checker.default
    def _checker(self) -> Checker:
        return Checker(option=self.terms.limits.check)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The crontab."""
        return (self.scope,)

    @property
    def ahead(self) -> None:
        """A crontab has the clock of its machine, which it does not tell."""

    @property
    def contract_untold(self) -> bool:
        """There is one way."""
        return False

    async def update_contract(self) -> str | None:
        """The one way of updating."""
        return PATCH

    async def list_jobs(self) -> AsyncIterator[Record]:
        """Every job, in the order of the lines; what is changed later is refused if somebody else changes it first."""
        self._listed, self._known = await self.place.read(), None
        for raw in self._records(self._listed).values():
            yield Record(scope=self.scope, raw=dict(raw))

    async def probe(self, scope: str, *, writing: bool) -> Probe:
        """Read the crontab and, with `writing`, see whether it can be put back."""
        check_scope(scope, self.scopes, self.provider)
        records = tuple(self._records(await self.place.read()).values())
        may_write = self.place.is_writable() if writing else None
        return Probe(jobs=len(records), pages=0, may_write=may_write, records=records)

    async def get_job(self, scope: str, job_id: str) -> Record:
        """Read one job."""
        check_scope(scope, self.scopes, self.provider)
        records = self._records(await self.place.read())
        if job_id not in records:
            where = f"{self.terms.where}, job {job_id}"
            raise NotFoundError("unknown job in the crontab", where=where, hint="the crontab was changed: plan again")
        return Record(scope=scope, raw=dict(records[job_id]))

    async def create_job(self, scope: str, payload: Raw) -> Created:
        """Add a job at the end of the crontab.

        Raises:
            RejectedError: no line can say what is wanted, or somebody changed the crontab.
        """
        check_scope(scope, self.scopes, self.provider)
        job_id = self.new_id()
        await self._change(lambda text: added(text, job_id, payload, self.terms))
        return Created(id=job_id, record=await self.get_job(scope, job_id))

    async def update_job(self, scope: str, job_id: str, payload: Raw, *, contract: str | None = None) -> Record | None:  # noqa: ARG002 (the protocol's; there is one contract)
        """Change the fields that `payload` names, null for none.

        Raises:
            NotFoundError: the job does not exist.
            RejectedError: no line can say what is wanted, or somebody changed the crontab.
        """
        check_scope(scope, self.scopes, self.provider)
        await self._change(lambda text: changed(text, job_id, payload, self.terms))
        return await self.get_job(scope, job_id)

    async def delete_job(self, scope: str, job_id: str) -> None:
        """Remove a job, or find it gone."""
        check_scope(scope, self.scopes, self.provider)

        def without(text: str) -> Edited:
            return Edited(text=removed(text, job_id, self.terms) if job_id in found_jobs(text, self.terms) else text)

        await self._change(without)

    def _records(self, content: bytes) -> dict[str, Raw]:
        if self._known is None or self._known[0] != content:
            found = found_jobs(content.decode(*ENCODING), self.terms)
            self._known = content, {job_id: record_of(job_id, one, self.terms) for job_id, one in found.items()}
        return self._known[1]

    async def _change(self, change: _Change) -> None:
        """Carry out `change` on the crontab; everybody who is about to change it shares one write."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, done))
        try:
            await asyncio.sleep(0)
            async with self._writing:
                if not done.done():
                    batch, self._waiting = self._waiting, []
                    await self._write(batch)
        except asyncio.CancelledError:
            self._waiting = [waiting for waiting in self._waiting if waiting[1] is not done]
            raise
        await done

    async def _write(self, batch: _Batch) -> None:
        """Read, edit, check and put back the crontab, once for all of `batch`."""
        try:
            before = await self._unchanged()
            text, files = _edited(before.decode(*ENCODING), batch)
            after = text.encode(*ENCODING)
            if after != before:
                await self._replace(before, after, files)
        except MigratorError as error:
            _settle(batch, error)
        except BaseException:  # cancelled, or a defect: the tasks that share this write must not wait without end
            hint = "the crontab may or may not have been changed: run again, which reads it first"
            _settle(batch, UncertainError("the write was interrupted", where=self.terms.where, hint=hint))
            raise
        _settle(batch, None)

    async def _unchanged(self) -> bytes:
        """The crontab as it is now.

        Raises:
            RejectedError: it is not what was listed, or what was written since.
        """
        now = await self.place.read()
        if self._listed is not None and now != self._listed:
            what = "the crontab was changed since it was listed"
            raise RejectedError(what, where=self.terms.where, hint="nothing was written: plan again")
        return now

    async def _replace(self, before: bytes, after: bytes, files: dict[str, str]) -> None:
        """Put the new crontab in the place of the old one, the prompt files that it needs first."""
        if complaint := await self.checker.complaint(after):
            hint = "nothing was changed"
            if await self.checker.complaint(before):
                hint = "it was refused before as well, so that no line of it runs: correct that line first"
            what = f"cron's checker refuses the crontab: {complaint}"
            raise RejectedError(what, where=self.terms.where, hint=hint)
        self.fence()
        for path, prompt in files.items():
            self.prompts.write(path, prompt, self.place.owner())
        await self._unchanged()
        await self.place.install(after)
        self._listed = after
        self.prompts.drop(before, after)


def _edited(text: str, batch: _Batch) -> tuple[str, dict[str, str]]:
    """The crontab with every edit that can be made, and the prompt files that go with them; the others fail alone."""
    files: dict[str, str] = {}
    for change, done in batch:
        try:
            edited = change(text)
        except ProviderError as error:
            done.set_exception(error)
        else:
            text, files = edited.text, {**files, **edited.files}
    return text, files


def _settle(batch: _Batch, error: Exception | None) -> None:
    """Tell everybody who has not been told yet."""
    for _change, done in batch:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
