"""Carry a plan out.

Creates, updates and replacements first, side by side; deletes last, and only when everything that was to be made was
made. A change that fails does not stop the others. Nothing is sent without a note of it on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

import attrs
from attrs import define, field

from migrator.apply.held import far_away, must_be_held
from migrator.apply.values import Applied, Outcome, Status
from migrator.apply.writer import ReadBackError, Writer
from migrator.canonical import Fields, JobRef, flatten
from migrator.cron import Cron, next_fires
from migrator.errors import AuthError, MigratorError, QuotaError, StateError, UncertainError
from migrator.plan.values import Change, Plan
from migrator.providers.base import Record
from migrator.state.values import Link

_MAKING: Final = {"create", "replace", "adopt"}
_BULK: Final = 5
"""From how many unread creates on one listing is cheaper than reading each."""
_GUARD: Final = timedelta(minutes=2)
"""How close to a fire a job may not be replaced."""


@define(kw_only=True)
class Applier:
    """Applies one plan.

    Attributes:
        writer: writes to the target.
        links: every link into the target, by the target job's id.
        sleep: waits that many seconds.
        stop: set when no new change may be begun.
        workers: how many changes are under way at once.
        progress: called after each change.
    """

    writer: Writer
    links: Mapping[str, Link]
    sleep: Callable[[float], Awaitable[None]]
    stop: asyncio.Event
    workers: int = 8
    progress: Callable[[Outcome], None] = lambda _outcome: None
    _outcomes: dict[int, Outcome] = field(factory=dict, init=False)
    _unchecked: dict[int, tuple[Change, Link]] = field(factory=dict, init=False)
    _halted: str = field(default="", init=False)
    _full: str = field(default="", init=False)

    async def apply(self, plan: Plan) -> tuple[Outcome, ...]:
        """Make every pending change; one outcome for each, in the plan's order."""
        pending = dict(enumerate(plan.pending))
        await self._side_by_side({n: c for n, c in pending.items() if c.action != "delete"})
        await self._check_created()
        deletes = {n: c for n, c in pending.items() if c.action == "delete"}
        if any(o.status != "done" and o.action in _MAKING for o in self._outcomes.values()):
            for number, change in deletes.items():
                self._note(number, change, "skipped", "nothing is deleted when something could not be made")
        else:
            await self._side_by_side(deletes)
        return tuple(self._outcomes[number] for number in sorted(self._outcomes))

    async def _side_by_side(self, changes: Mapping[int, Change]) -> None:
        slots = asyncio.Semaphore(self.workers)

        async def work(number: int, change: Change) -> None:
            async with slots:
                await self._attempt(number, change)

        async with asyncio.TaskGroup() as group:
            for number, change in changes.items():
                group.create_task(work(number, change))

    async def _attempt(self, number: int, change: Change) -> None:
        if reason := self._why_not(change):
            self._note(number, change, "skipped", reason)
            return
        try:
            target = await self._carry_out(number, change)
        except StateError:
            raise
        except MigratorError as error:
            if isinstance(error, AuthError):
                self._halted = "the target refused our token or its permissions on another job"
            if isinstance(error, QuotaError):
                self._full = "the target has no room for more jobs"
            self._note(number, change, "failed", str(error))
        else:
            if number not in self._unchecked:
                self._note(number, attrs.evolve(change, target=target or change.target), "done")

    def _why_not(self, change: Change) -> str:
        if self.stop.is_set():
            return "interrupted before it was begun"
        return self._halted or (self._full if change.action in _MAKING else "")

    def _note(self, number: int, change: Change, status: Status, error: str = "") -> None:
        outcome = Outcome(
            action=change.action,
            source=change.source,
            target=change.target,
            name=change.label,
            status=status,
            error=error,
        )
        self._outcomes[number] = outcome
        self.progress(outcome)

    async def _carry_out(self, number: int, change: Change) -> JobRef | None:
        match change.action:
            case "create":
                return await self._create(number, change, change.new_fields())
            case "replace":
                return await self._replace(number, change)
            case "adopt":
                return await self._adopt(change)
            case "delete":
                await self.writer.delete(self._link(change))
                return None
            case _:
                link = self._link(change)
                new = {field.path: field.new for field in change.fields}
                await self.writer.update(link, new, self._remote(link.target))
                return link.target

    def _link(self, change: Change) -> Link:
        assert change.target is not None
        return self.links[change.target.id]

    def _remote(self, ref: JobRef) -> Fields:
        return flatten(next(job for job in self.writer.target.jobs if job.ref == ref))

    # -- making -------------------------------------------------------------------------------------------------------

    async def _create(self, number: int, change: Change, fields: Fields) -> JobRef:
        if must_be_held(fields, self.writer.mapping):
            return await self._create_held(change, fields)
        link, record = await self.writer.create(change, fields)
        if record is not None:
            await self.writer.check(link, record)
        else:
            self._unchecked[number] = (attrs.evolve(change, target=link.target), link)
        return link.target

    async def _create_held(self, change: Change, fields: Fields) -> JobRef:
        distant = far_away(fields, self.writer.mapping, now=self.writer.now())
        link, record = await self.writer.create(change, {**fields, **distant})
        link = await self.writer.check(link, record)
        real = {path: fields[path] for path in distant}
        link = await self.writer.update(link, {"enabled": False}, link.seen)
        await self.writer.update(link, real, link.seen)
        return link.target

    async def _check_created(self) -> None:
        """Read back what was created without an answer: one by one, or with one listing where there are many."""
        listed: dict[str, Record] = {}
        if len(self._unchecked) >= _BULK:
            try:
                async for record in self.writer.adapter.list_jobs():
                    listed[str(record.raw.get(self.writer.mapping.rules.identity.id))] = record
            except MigratorError as error:
                for number, (change, _link) in self._unchecked.items():
                    self._note(number, change, "failed", f"made, but it could not be read back: {error}")
                return
        for number, (change, link) in self._unchecked.items():
            try:
                await self.writer.check(link, listed.get(link.target.id))
            except MigratorError as error:
                self._note(number, change, "failed", str(error))
            else:
                self._note(number, change, "done")

    async def _adopt(self, change: Change) -> JobRef:
        job = next(job for job in self.writer.target.jobs if job.ref == change.target)
        link = self.writer.link_of(job, change)
        self.writer.state.put_link(link, dialect=self.writer.mapping.rules.dialect)
        if change.fields:
            await self.writer.update(link, {field.path: field.new for field in change.fields}, flatten(job))
        return job.ref

    async def _replace(self, number: int, change: Change) -> JobRef:
        """Make a job anew: the old one stands still, the new one is made, and only then the old one goes.

        The old one is paused first where the platform can pause; where it cannot, the moment is chosen so that no fire
        falls into the change.
        """
        old = self._link(change)
        remote = self._remote(old.target)
        fields = {**remote, **{field.path: field.new for field in change.fields}}
        fields = {path: value for path, value in fields.items() if value is not None}
        aside = self._aside(remote)
        if "enabled" not in aside and remote.get("enabled"):
            await self._wait_for_gap(remote, fields)
        resting = await self.writer.update(old, aside, remote) if aside else old
        waiting = attrs.evolve(resting, superseded=True)
        self.writer.state.put_link(waiting, dialect=self.writer.mapping.rules.dialect)
        before = {path: remote[path] for path in aside}
        try:
            target = await self._create(number, attrs.evolve(change, target=None), fields)
        except UncertainError:
            raise  # the new one may be there: the old one stays aside, so that never both are live
        except MigratorError:
            await self._put_back(resting, before)
            raise
        if unchecked := self._unchecked.pop(number, None):
            try:
                await self.writer.check(unchecked[1], None)
            except ReadBackError:
                await self.writer.delete(unchecked[1])
                await self._put_back(resting, before)
                raise
        await self.writer.delete(waiting)
        return target

    def _aside(self, remote: Fields) -> dict[str, Any]:
        """What takes the old job out of the new one's way: a pause, and another name where names are unique."""
        rules, contract = self.writer.mapping.rules, self.writer.contract
        aside: dict[str, Any] = {}
        if remote.get("enabled") and rules.fields["enabled"].change_under(contract) == "update":
            aside["enabled"] = False
        if "name" in rules.unique:
            suffix = f" (replaced {self.writer.run[-6:]})"
            aside["name"] = remote["name"][: (rules.fields["name"].max or 255) - len(suffix)] + suffix
        return aside

    async def _put_back(self, resting: Link, before: Mapping[str, Any]) -> None:
        """The new one could not be made: the old one goes on."""
        self.writer.state.put_link(resting, dialect=self.writer.mapping.rules.dialect)
        if before:
            await self.writer.update(resting, before, resting.seen)

    async def _wait_for_gap(self, *both: Fields) -> None:
        """Wait until no fire of either job is due within the guard."""
        while due := self._next_fire(both):
            seconds = (due - self.writer.now()).total_seconds()
            if seconds > _GUARD.total_seconds():
                return
            await self.sleep(max(seconds, 0) + 1)

    def _next_fire(self, jobs: Iterable[Fields]) -> Any:
        fires = []
        for fields in jobs:
            cron = fields.get("trigger.cron")
            if isinstance(cron, Cron):
                dialect = self.writer.mapping.rules.dialect
                fires += next_fires(cron, fields["trigger.timezone"], self.writer.now(), 1, dialect=dialect)
        return min(fires, default=None)


__all__ = ["Applied", "Applier", "Outcome", "Writer"]
