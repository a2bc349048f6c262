"""Change the parts of one job together: all of them, or none, and no instant without its fire or with two.

create new jobs, parked ─▶ switch schedules in a gap ─▶ delete what stands still
       harmless                one quick request each             harmless

Only switching touches what fires, and each of its requests can be sent again and taken back. A part that cannot be
made, or cannot be switched, puts everything back as it was; a part that cannot be deleted stands still until the next
run deletes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import attrs
from attrs import define, field, frozen

from migrator.canonical import Fields, JobRef
from migrator.errors import MigratorError, StateError, UncertainError
from migrator.execute.actions import (
    Made,
    as_written,
    at_rest,
    bind_adopted,
    bound,
    check_promise,
    create_parked,
    out_of_the_way,
    supersede,
)
from migrator.execute.gaps import wait_for_gap
from migrator.execute.outcomes import Status
from migrator.execute.read_back import ReadBackError, fields_after
from migrator.execute.writer import Writer
from migrator.isolation import job_error
from migrator.plan.changes import Change
from migrator.store.records import Binding

Unit = Mapping[int, Change]
"""Changes that stand or fall together, by their number in the plan."""

_PER_STEP: Final = timedelta(seconds=10)
"""How long one request may take, for choosing a moment at which none of the parts fires."""
_NOT_BEGUN: Final = "another part of the same job failed"
_ROLLED_BACK: Final = f"rolled back, because {_NOT_BEGUN}"
_STUCK: Final = f"{_NOT_BEGUN}, and this one could not be rolled back"


@frozen(kw_only=True)
class GroupResult:
    """What became of one part.

    Attributes:
        status: done, failed, or skipped.
        error: why not.
        made: what it led to, where it is done.
        cause: the error that ended it, where it is this part's own.
    """

    status: Status
    error: str = ""
    made: Made = field(factory=Made)
    cause: MigratorError | None = None


@frozen(kw_only=True)
class GroupStep:
    """One request that changes what a target job does.

    Attributes:
        number: the change that it belongs to.
        job: the target job.
        before: all of its fields until then.
        new: the fields that change.
    """

    number: int
    job: JobRef
    before: Fields
    new: Mapping[str, Any]

    @property
    def after(self) -> Fields:
        """All of its fields from then on."""
        return fields_after(self.before, self.new)

    @property
    def back(self) -> Mapping[str, Any]:
        """The fields that take it back."""
        return {path: self.before.get(path) for path in self.new}


@define(kw_only=True)
class Group:
    """The parts of one job.

    Attributes:
        target: writes to the target.
        unit: what happens to each part.
    """

    target: Writer
    unit: Unit
    _made: dict[int, JobRef] = field(factory=dict, init=False)
    _aside: list[tuple[Binding, Mapping[str, Any]]] = field(factory=list, init=False)
    _activate: list[GroupStep] = field(factory=list, init=False)
    _update: list[GroupStep] = field(factory=list, init=False)
    _park: list[GroupStep] = field(factory=list, init=False)

    async def change(self) -> Mapping[int, GroupResult]:
        """Change all of them, or none; what became of each, by its number in the plan.

        Raises:
            StateError: the state cannot be written, so nothing more may be sent.
        """
        for number, change in self.unit.items():
            try:
                check_promise(change, self.target)
                await self._prepare(number, change)
            except Exception as error:  # noqa: BLE001 (one job; what concerns all of them is raised again)
                return await self._fail(number, job_error("written", error), sent=())
        steps = [*self._activate, *self._update, *self._park]
        sent: list[GroupStep] = []
        for index, step in enumerate(steps):
            await self._wait(steps[index:], begun=index > 0)
            try:
                check_promise(self.unit[step.number], self.target)
                await self._set(step.job, step.new)
            except Exception as error:  # noqa: BLE001 (as above)
                if self._may_have_arrived(step, error):
                    sent.append(step)
                return await self._fail(step.number, job_error("written", error), sent=sent)
            sent.append(step)
        return {number: await self._finish(number, change) for number, change in self.unit.items()}

    # -- making -------------------------------------------------------------------------------------------------------

    async def _prepare(self, number: int, change: Change) -> None:
        """Do what fires nothing, and note what is to be switched."""
        match change.action:
            case "create":
                await self._create(number, change, change.new_fields())
            case "replace":
                await self._replace(number, change)
            case "delete":
                binding = bound(change, self.target)
                self._stop(number, binding, self.target.listed(binding.target))
            case _:
                assert change.target is not None
                if change.action == "adopt":
                    bind_adopted(change, self.target)
                new = {one.path: one.new for one in change.fields}
                if new:
                    before = self.target.listed(change.target)
                    self._update.append(GroupStep(number=number, job=change.target, before=before, new=new))

    async def _create(self, number: int, change: Change, fields: Fields) -> None:
        binding, later = await create_parked(change, fields, self.target)
        self._made[number] = binding.target
        if later:
            self._activate.append(GroupStep(number=number, job=binding.target, before=binding.seen, new=later))

    async def _replace(self, number: int, change: Change) -> None:
        """Make the new one beside the old one, which keeps firing until it is switched off."""
        old = bound(change, self.target)
        remote = self.target.listed(old.target)
        name = {path: value for path, value in out_of_the_way(remote, self.target).items() if path == "name"}
        resting = await self.target.update(old, name, remote) if name else old
        self._aside.append((supersede(resting, self.target), {path: remote[path] for path in name}))
        fields = as_written(old, remote, change, self.target)
        await self._create(number, attrs.evolve(change, target=None), fields)
        self._stop(number, old, {**remote, **name})

    def _stop(self, number: int, binding: Binding, remote: Fields) -> None:
        if remote.get("enabled", True):
            parked = at_rest(remote, self.target)
            self._park.append(GroupStep(number=number, job=binding.target, before=remote, new=parked))

    # -- switching ----------------------------------------------------------------------------------------------------

    async def _wait(self, steps: Sequence[GroupStep], *, begun: bool) -> None:
        """Wait for a moment at which these steps do no harm."""
        await wait_for_gap(
            list(_states(steps)),
            dialect=self.target.mapping.rules.dialect,
            guard=_PER_STEP * len(steps),
            now=self.target.journal.now,
            sleep=self.target.sleep,
            begun=begun,
        )

    async def _set(self, job: JobRef, new: Mapping[str, Any]) -> None:
        binding = self.target.binding(job)
        await self.target.update(binding, new, self.target.last_seen(job))

    def _may_have_arrived(self, step: GroupStep, error: Exception) -> bool:
        return step.job in self.target.unread or isinstance(error, UncertainError | ReadBackError)

    # -- the end ------------------------------------------------------------------------------------------------------

    async def _finish(self, number: int, change: Change) -> GroupResult:
        """Delete what stands still."""
        made = self._made.get(number)
        gone = change.target if change.action in {"replace", "delete"} else None
        try:
            if gone:
                await self.target.delete(self.target.binding(gone))
        except StateError:
            raise
        except MigratorError as error:
            why = f"it is stopped, and the next run deletes it: {error}"
            return GroupResult(status="failed", error=why, cause=error)
        return GroupResult(status="done", made=Made(target=made or (None if gone else change.target)))

    async def _fail(self, failed: int, error: MigratorError, *, sent: Sequence[GroupStep]) -> Mapping[int, GroupResult]:
        """Put back what was sent, latest first, and remove what was made."""
        stuck = await self._take_back(sent)
        for number, job in reversed(self._made.items()):
            if number not in stuck:
                try:
                    await self.target.delete(self.target.binding(job))
                except StateError:
                    raise
                except MigratorError as trouble:
                    stuck[number] = trouble
        await self._reinstate(stuck)
        touched = {*self._made, *(step.number for step in sent)}
        back = {number: GroupResult(status="failed", error=_ROLLED_BACK) for number in touched}
        left = {n: GroupResult(status="failed", error=f"{_STUCK}: {trouble}") for n, trouble in stuck.items()}
        own = {failed: GroupResult(status="failed", error=str(error), cause=error)}
        results = {**back, **left, **own}
        return {number: results.get(number, GroupResult(status="skipped", error=_NOT_BEGUN)) for number in self.unit}

    async def _take_back(self, sent: Sequence[GroupStep]) -> dict[int, MigratorError]:
        """Put back what was sent; return why a part that was there before is not as it was.

        A new part goes on firing where its old one surely stays stopped. One that cannot be stopped is deleted next.
        """
        stuck: dict[int, MigratorError] = {}
        replaced: set[int] = set()
        for step in reversed(sent):
            if step.number in replaced:
                continue
            try:
                await self._set(step.job, step.back)
            except StateError:
                raise
            except MigratorError as trouble:
                if step.job not in self._made.values():
                    stuck[step.number] = trouble
                    if not self._may_have_arrived(step, trouble):
                        replaced.add(step.number)
        return stuck

    async def _reinstate(self, stuck: Mapping[int, MigratorError]) -> None:
        """Let the old ones go on that were to be replaced, unless something of the new could not be removed."""
        for binding, name in self._aside:
            if stuck:
                return
            self.target.journal.supersede(self.target.binding(binding.target), superseded=False)
            if name:
                try:
                    await self._set(binding.target, name)
                except StateError:
                    raise
                except MigratorError:
                    continue  # it fires as before, under a strange name, and the next plan shows that


def _states(steps: Iterable[GroupStep]) -> Iterator[list[Fields]]:
    """What is live before these steps, between them, and after them."""
    steps = list(steps)
    live: dict[JobRef, Fields] = {step.job: step.before for step in reversed(steps)}
    yield list(live.values())
    for step in steps:
        live[step.job] = step.after
        yield list(live.values())
