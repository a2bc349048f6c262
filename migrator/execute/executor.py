"""Carry a plan out.

Creates, updates and replacements first, side by side; deletes last, and only when everything that was to be made was
made. A change that fails does not stop the others; the parts of one job stand or fall together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Final

import attrs
from attrs import define, field

from migrator.concurrency import side_by_side
from migrator.errors import AuthError, ClockError, MigratorError, QuotaError
from migrator.execute.actions import Made, carry_out
from migrator.execute.groups import Group, Unit
from migrator.execute.outcomes import Outcome, Status
from migrator.execute.writer import Writer
from migrator.isolation import job_error
from migrator.plan.changes import Change, Plan
from migrator.providers.base import Record
from migrator.store.records import Binding

_MAKING: Final = {"create", "replace", "adopt"}
_SPARE: Final = 4
"""One worker more for so many requests in flight."""
_ALL_FORBIDDEN: Final = 3
"""From how many 403s in a row on they are about the token, and not about one job alone, such as whom it runs as."""
_BULK: Final = 5
"""From how many unread creates on one listing is cheaper than reading each."""


@define(kw_only=True)
class Executor:
    """Applies one plan.

    Attributes:
        target: writes to the target.
        source: writes to the source; None where a sync goes one way only.
        stop: set when no new change may be begun.
        workers: how many changes are under way at once; by default a few more than the target takes requests, so that
            none of its slots waits for the disk.
        progress: called after each change.
    """

    target: Writer
    source: Writer | None = None
    stop: asyncio.Event
    workers: int = field(init=False)
    progress: Callable[[Outcome], None] = lambda _outcome: None
    _outcomes: dict[int, Outcome] = field(factory=dict, init=False)
    _unread: dict[int, tuple[Change, Binding]] = field(factory=dict, init=False)
    _halted: str = field(default="", init=False)
    _full: str = field(default="", init=False)
    _forbidden: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        slots = self.target.adapter.concurrency
        self.workers = slots + max(1, slots // _SPARE)

    async def apply(self, plan: Plan) -> tuple[Outcome, ...]:
        """Make every pending change; return one outcome for each, in the plan's order."""
        making, deleting = _units(plan.pending)
        await self._all(making)
        await self._read_back()
        if any(o.status != "done" and o.action in _MAKING for o in self._outcomes.values()):
            for unit in deleting:
                self._skip(unit, "not deleted, because a job could not be created")
        else:
            await self._all(deleting)
        await self.target.journal.flush()
        return tuple(self._outcomes[number] for number in sorted(self._outcomes))

    async def _all(self, units: Iterable[Unit]) -> None:
        """Apply changes side by side, each as soon as a worker is free."""
        waiting = iter(units)

        async def work() -> None:
            for unit in waiting:
                if reason := self._why_not(unit):
                    self._skip(unit, reason)
                elif len(unit) == 1:
                    await self._single(*next(iter(unit.items())))
                else:
                    await self._together(unit)
                for number in unit:
                    if number in self._outcomes and (target := self._outcomes[number].target):
                        self.target.journal.release(target)

        await side_by_side(work() for _ in range(self.workers))

    def _why_not(self, unit: Unit) -> str:
        if self.stop.is_set():
            return "interrupted before it was started"
        return self._halted or (self._full if any(change.action in _MAKING for change in unit.values()) else "")

    def _skip(self, unit: Unit, reason: str) -> None:
        for number, change in unit.items():
            self._record(number, change, "skipped", reason)

    async def _single(self, number: int, change: Change) -> None:
        try:
            made = await carry_out(change, self.target, self.source)
        except Exception as error:  # noqa: BLE001 (one job; what concerns all of them is raised again)
            self._failed(number, change, job_error("written", error))
        else:
            if made.unread:
                self._unread[number] = (attrs.evolve(change, target=made.target), made.unread)
            else:
                self._done(number, change, made)

    async def _together(self, unit: Unit) -> None:
        """The parts of one job: all of them, or none."""
        results = await Group(target=self.target, unit=unit).change()
        for number, result in results.items():
            change = unit[number]
            if result.status == "done":
                self._done(number, change, result.made)
            elif result.cause:
                self._failed(number, change, result.cause, why=result.error)
            else:
                self._record(number, change, result.status, result.error, follows=True)

    async def _read_back(self) -> None:
        """Read what was created without a response: one by one, or with one listing where there are many."""
        listed: dict[str, Record] = {}
        if len(self._unread) >= _BULK:
            try:
                async for record in self.target.adapter.list_jobs():
                    listed[str(record.raw.get(self.target.mapping.rules.identity.id))] = record
            except MigratorError as error:
                for number, (change, _binding) in self._unread.items():
                    self._record(number, change, "failed", f"created, but it could not be read back: {error}")
                return
        for number, (change, binding) in self._unread.items():
            try:
                await self.target.check(binding, listed.get(binding.target.id))
            except Exception as error:  # noqa: BLE001 (as above)
                self._record(number, change, "failed", str(job_error("read back", error)))
            else:
                self._record(number, change, "done")

    # -- results ------------------------------------------------------------------------------------------------------

    def _failed(self, number: int, change: Change, error: MigratorError, *, why: str = "") -> None:
        known = self._halted if isinstance(error, AuthError | ClockError) else self._full
        if known and isinstance(error, AuthError | ClockError | QuotaError) and _was_first(change, error):
            self._record(number, change, "skipped", known)  # it was on its way already, and nothing came of it
            return
        if isinstance(error, AuthError):
            self._forbidden += 1
            if error.status != HTTPStatus.FORBIDDEN or self._forbidden >= _ALL_FORBIDDEN:
                self._halted = "the target refused our token or its permissions on another job"
        if isinstance(error, ClockError):
            self._halted = error.what
        if isinstance(error, QuotaError):
            self._full = f"the target has no room for more jobs, as it said of {change.label}"
        self._record(number, change, "failed", why or str(error))

    def _done(self, number: int, change: Change, made: Made) -> None:
        self._forbidden = 0
        self._record(number, attrs.evolve(change, target=made.target or change.target), "done")

    def _record(
        self, number: int, change: Change, status: Status, error: str = "", *, follows: bool | None = None
    ) -> None:
        outcome = Outcome(
            action=change.action,
            source=change.source,
            target=change.target,
            name=change.label,
            status=status,
            error=error,
            follows=follows,
        )
        self._outcomes[number] = outcome
        if status != "skipped":
            self.progress(outcome)


def _was_first(change: Change, error: AuthError | ClockError | QuotaError) -> bool:
    """Whether the request that was refused was the only one, or the first, that the change takes."""
    if change.pieces > 1 or change.action in {"replace", "adopt"}:
        return False
    if change.action == "create":
        return error.where.startswith("POST ")
    return len(change.fields) == 1 or all(field.path != "enabled" for field in change.fields)


def _units(pending: Iterable[Change]) -> tuple[list[Unit], list[Unit]]:
    """What is made or changed, and what is only deleted; the parts of one job together."""
    units: dict[object, dict[int, Change]] = {}
    for number, change in enumerate(pending):
        units.setdefault(change.source or number, {})[number] = change
    making: list[Unit] = []
    deleting: list[Unit] = []
    for unit in units.values():
        (deleting if all(change.action == "delete" for change in unit.values()) else making).append(unit)
    return making, deleting
