"""Apply one change, in as many requests as it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import attrs
from attrs import define, frozen

from migrator.canonical import Fields, JobRef, answered, flatten
from migrator.errors import MigratorError, StalePlanError, UncertainError
from migrator.execute.gaps import wait_for_gap
from migrator.execute.sender import ReadBackError
from migrator.execute.source_writer import SourceWriter
from migrator.execute.writer import Writer
from migrator.plan.changes import Change
from migrator.plan.staging import must_be_staged, parked_schedule, standstill
from migrator.providers.base import ContractError, Record
from migrator.store.records import Binding

_REPLACING: Final = timedelta(minutes=2)
"""How close to a fire a job may not be replaced."""


@frozen(kw_only=True)
class Made:
    """What a change led to.

    Attributes:
        target: the target job; None when it was deleted.
        unread: the binding of a job that was created and is still to be read back.
    """

    target: JobRef | None = None
    unread: Binding | None = None


@define(kw_only=True)
class ChangeSteps:
    """Carries changes out.

    Attributes:
        writer: writes to the target.
        bindings: the bindings of the target jobs that the plan touches, by the jobs' ids.
        origin: writes to the source; None where a sync goes one way only.
        sleep: waits that many seconds.
    """

    writer: Writer
    bindings: Mapping[str, Binding]
    origin: SourceWriter | None = None
    sleep: Callable[[float], Awaitable[None]]

    async def carry_out(self, change: Change) -> Made:
        """Make one change, at the target and, where edits go back, at the source.

        Raises:
            MigratorError: it could not be made; what was begun is put back, or recorded for the next run.
        """
        self.check(change)
        made = await self._at_target(change)
        if change.back:
            assert self.origin is not None
            assert change.source is not None
            assert made.target is not None
            await self.origin.update(change.source, change.back.wanted())
            self.writer.agree(self.latest(made.target), change.back.paths, self.fields_of(made.target))
        return made

    def check(self, change: Change) -> None:
        """Make sure, right before a write, that what the plan promises of a schedule has not passed.

        Raises:
            StalePlanError: it has.
        """
        if passed := change.lapsed(self.writer.now()):
            raise StalePlanError(passed, where=change.label, hint=f"plan again: migrator plan {self.writer.sync}")

    async def _at_target(self, change: Change) -> Made:
        match change.action:
            case "create":
                return await self._create(change, change.new_fields())
            case "replace":
                return await self._replace(change)
            case "adopt":
                return await self._adopt(change)
            case "delete":
                await self.writer.delete(self.binding(change))
                return Made()
            case _:
                binding = self.binding(change)
                await self.writer.update(binding, change.wanted(), self.remote(binding.target))
                return Made(target=binding.target)

    def binding(self, change: Change) -> Binding:
        """The binding of the change's target job."""
        assert change.target is not None
        return self.bindings[change.target.id]

    def remote(self, ref: JobRef) -> Fields:
        """A target job as it was listed."""
        return answered(self.writer.target.job(ref), self.bindings[ref.id].applied if ref.id in self.bindings else {})

    def as_written(self, binding: Binding, remote: Fields, change: Change) -> Fields:
        """Return the fields of a job to recreate: what was last written, where the target still holds it."""
        same, seen = self.writer.mapping.same, binding.seen
        kept = {path: v for path, v in binding.applied.items() if same(path, seen.get(path), remote.get(path))}
        return {path: value for path, value in {**remote, **kept, **change.wanted()}.items() if value is not None}

    async def _create(self, change: Change, fields: Fields) -> Made:
        made, record = await self._created(change, fields)
        if made.unread is None or record is None:
            return made
        await self.writer.check(made.unread, record)
        return Made(target=made.target)

    async def _created(self, change: Change, fields: Fields) -> tuple[Made, Record | None]:
        """A new job, not yet checked unless it is staged, and its record where the platform answered with it."""
        if must_be_staged(fields, self.writer.mapping):
            return await self._create_held(change, fields), None
        binding, record = await self.writer.create(change, fields)
        return Made(target=binding.target, unread=binding), record

    async def create_apart(self, change: Change, fields: Fields) -> tuple[Binding, Mapping[str, Any]]:
        """Make a job that fires nothing yet; its binding, and the fields that it still has to get before it does.

        A job that is to be paused is whole at once. Any other job is parked until then.
        """
        if must_be_staged(fields, self.writer.mapping):
            made = await self._create_held(change, fields)
            assert made.target is not None
            return self.writer.current(made.target), {}
        distant = parked_schedule(fields, self.writer.mapping, now=self.writer.now())
        is_live = fields.get("enabled", True)
        binding, record = await self.writer.create(change, {**fields, **(distant if is_live else {})})
        return await self.writer.check(binding, record), {path: fields[path] for path in distant} if is_live else {}

    def parked(self, remote: Fields) -> Mapping[str, Any]:
        """Return what stops an active job: a pause, or a parked schedule where the platform cannot pause."""
        mapping, now = self.writer.mapping, self.writer.now()
        return standstill(remote, mapping, self.writer.contract, now=now) or parked_schedule(remote, mapping, now=now)

    def latest(self, target: JobRef) -> Binding:
        """The binding of a target job as it was last recorded."""
        return self.writer.noted(target) or self.bindings[target.id]

    def fields_of(self, target: JobRef) -> Fields:
        """A target job as it was last seen."""
        noted = self.writer.noted(target)
        return noted.seen if noted else self.remote(target)

    async def _create_held(self, change: Change, fields: Fields) -> Made:
        distant = parked_schedule(fields, self.writer.mapping, now=self.writer.now())
        binding, record = await self.writer.create(change, {**fields, **distant})
        binding = await self.writer.check(binding, record)
        real = {path: fields[path] for path in distant}
        try:
            binding = await self.writer.update(binding, {"enabled": False}, binding.seen)
        except ContractError:
            await self.writer.delete(binding)  # the target cannot pause after all, which was not known before
            raise
        await self.writer.update(binding, real, binding.seen)
        return Made(target=binding.target)

    async def _adopt(self, change: Change) -> Made:
        assert change.target is not None
        job = self.writer.target.job(change.target)
        binding = self.writer.adopt(job, change)
        if change.fields:
            await self.writer.update(binding, change.wanted(), flatten(job))
        return Made(target=job.ref)

    async def _replace(self, change: Change) -> Made:
        """Recreate a job: stop the old one, create the new one, and only then delete the old one.

        The old one is paused first where the platform can pause, and the moment is chosen so that no fire falls into
        the change.
        """
        old = self.binding(change)
        remote = self.remote(old.target)
        fields = self.as_written(old, remote, change)
        aside = self.aside(remote)
        if remote.get("enabled"):
            await wait_for_gap(
                [[remote], [], [remote, fields], [fields]],
                dialect=self.writer.mapping.rules.dialect,
                guard=_REPLACING,
                now=self.writer.now,
                sleep=self.sleep,
            )
            self.check(change)
        resting = await self.writer.update(old, aside, remote) if aside else old
        waiting = self.writer.supersede(resting)
        before = {path: remote[path] for path in aside}
        try:
            made, record = await self._created(attrs.evolve(change, target=None), fields)
        except UncertainError:
            raise  # the new one may be there: the old one stays aside, so that never both are live
        except MigratorError:
            await self._put_back(resting, before)
            raise
        if made.unread:
            try:
                await self.writer.check(made.unread, record)
            except ReadBackError:
                await self.writer.delete(made.unread)
                await self._put_back(resting, before)
                raise
        await self.writer.delete(waiting)
        return Made(target=made.target)

    def aside(self, remote: Fields) -> dict[str, Any]:
        """What takes the old job out of the new one's way: a pause, and another name where names are unique."""
        rules, contract = self.writer.mapping.rules, self.writer.contract
        aside: dict[str, Any] = {}
        if remote.get("enabled") and rules.fields["enabled"].change_under(contract) == "update":
            aside["enabled"] = False
        if "name" in rules.unique:
            suffix = f" (replaced {self.writer.run[-6:]})"
            room = rules.fields["name"].max or len(remote["name"]) + len(suffix)
            aside["name"] = remote["name"][: room - len(suffix)] + suffix
        return aside

    async def _put_back(self, resting: Binding, before: Mapping[str, Any]) -> None:
        """The new one could not be made: the old one goes on."""
        self.writer.reinstate(resting)
        if before:
            await self.writer.update(resting, before, resting.seen)
