"""Apply switches: each in a gap between fires, journalled, confirmed by reading back, and reverted where it fails.

    a write that changes nothing is accepted where the job is to fire (once a run) ─▶ record what is about to be done
    ─▶ stop the one side, read back ─▶ activate the other, read back ─▶ record which side is active

A run that dies anywhere leaves a record of what it was about to do; planned again from what both sides hold, the switch
is finished or reverted by the next run. What was missed since it was begun is recorded in the commit that says that it
has ended, so that no death in between can lose it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import attrs
from attrs import define, field

from migrator.active_side import FiringSide
from migrator.canonical import TRIGGER_PATHS, Job, flatten
from migrator.concurrency import side_by_side
from migrator.cutover.circuit_breaker import CircuitBreaker, proves_no_effect
from migrator.cutover.gaps import next_gap
from migrator.cutover.journal import CutoverJournal
from migrator.cutover.switches import Gap, Sent, Switch, SwitchResult, SwitchStep
from migrator.errors import MigratorError, NotFoundError, StateError
from migrator.execute.source_writes import delete_source, read_source, update_source
from migrator.execute.writer import Writer
from migrator.http.clock import Clock
from migrator.plan.compare import same
from migrator.store.records import Missed

_AT_ONCE: Final = 4
"""How many switches are under way at once: few, so that each takes no longer than its requests."""
_ATTEMPTS: Final = 10
"""How often a run in progress is looked at before the switch is refused; the attempts share the guard."""
_NO_GAP_NEEDED: Final[frozenset[FiringSide]] = frozenset({"neither", "paused", "over", "part"})
"""What is switched at once: nothing fires that could be cut off, or something has to fire again."""


@define(kw_only=True)
class Switcher:
    """Applies the switches of one run.

    Attributes:
        record: writes down what is done.
        origin: writes to the source.
        writer: writes to the target.
        clock: time and chance.
        guard: the time without a fire after a switch has begun.
        after: the time without a fire before it.
        begin: no switch begins before.
        stop: set when no new switch may be begun.
        progress: called with each result.
    """

    record: CutoverJournal
    origin: Writer
    writer: Writer
    clock: Clock
    guard: timedelta
    after: timedelta
    begin: datetime
    stop: asyncio.Event
    progress: Callable[[SwitchResult], None]
    _slots: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(_AT_ONCE), init=False)
    _breaker: CircuitBreaker = field(factory=CircuitBreaker, init=False)
    _proving: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _is_proven: bool = field(default=False, init=False)

    async def all(self, switches: list[Switch]) -> tuple[tuple[SwitchResult, ...], tuple[Missed, ...]]:
        """Apply switches side by side; return the result of each, and when not exactly one side was active."""
        results = await side_by_side(self._one(switch) for switch in switches)
        return tuple(results), tuple(self.record.ledger)

    async def _one(self, switch: Switch) -> SwitchResult:
        result = await self._when_it_is_time(switch)
        if result.status != "skipped":
            self.progress(result)
        return result

    # -- when ---------------------------------------------------------------------------------------------------------

    async def _when_it_is_time(self, switch: Switch) -> SwitchResult:
        """Wait for a gap, and for a run in progress to end, without a slot; then switch, and return the result."""
        attempts = 0
        while not self._is_stopped():
            asked = self.clock.now()
            gap = self._gap(switch, asked)
            if gap.start > asked:
                await self._sleep_until(gap.start)
                if self.clock.now() > asked:
                    continue  # else the clock stands still, and nothing will ever fire
            async with self._slots:
                now = self.clock.now()
                gap = self._gap(switch, now) if now > asked else gap
                if (now < gap.start and asked < now) or self._is_stopped():
                    continue
                if found := await self._switch(switch, gap, may_wait=attempts < _ATTEMPTS):
                    return found
            attempts += 1
            await self._sleep_until(self.clock.now() + self.guard / _ATTEMPTS)
        reason = self._breaker.reason or "interrupted before it was started"
        return SwitchResult(switch=switch, status="skipped", live=switch.live, reason=reason)

    def _is_stopped(self) -> bool:
        return self.stop.is_set() or bool(self._breaker.reason)

    def _gap(self, switch: Switch, now: datetime) -> Gap:
        if switch.live in _NO_GAP_NEEDED or switch.live == switch.goal:
            return Gap(start=now, end=None, asked=self.guard)
        return next_gap(switch.calendars, now=max(now, self.begin), guard=self.guard, after=self.after)

    async def _sleep_until(self, at: datetime) -> None:
        """Wait, or until somebody interrupts."""
        waiting = asyncio.ensure_future(self.clock.sleep((at - self.clock.now()).total_seconds()))
        tasks = {waiting, *(asyncio.ensure_future(event.wait()) for event in (self.stop, self._breaker.tripped))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    # -- how ----------------------------------------------------------------------------------------------------------

    async def _switch(self, switch: Switch, gap: Gap, *, may_wait: bool) -> SwitchResult | None:
        """Return the result of a switch; None where a run is in progress and may be waited for."""
        base = SwitchResult(switch=switch, status="moved", live=switch.live, gap=gap)
        try:
            changed, running = await self._changed_or_running(switch)
            if changed:
                return attrs.evolve(base, status="refused", reason=changed)
            if running:
                return None if may_wait else attrs.evolve(base, status="refused", reason=self._in_progress(running))
            await self._prove(switch)
        except StateError:
            raise
        except MigratorError as error:
            self._breaker.failed(error)
            return attrs.evolve(base, status="failed", reason=f"nothing was changed: {error}")
        if self._breaker.reason:
            return attrs.evolve(base, status="skipped", gap=None, reason=self._breaker.reason)
        found = await self._send_steps(base)
        if found.status == "moved":
            self._breaker.succeeded()
        return found

    async def _send_steps(self, base: SwitchResult) -> SwitchResult:
        """Send the writes of a switch in order; where one fails, revert those before it; return the result."""
        switch, begun = base.switch, self.record.begin(base.switch)
        sent: list[Sent] = []
        done: list[SwitchStep] = []
        for step in switch.steps:
            try:
                await self._send(step, sent)
            except StateError:
                raise
            except MigratorError as error:
                took_effect = await self._took_effect(step)
                if not took_effect:
                    self._breaker.failed(error)
                if took_effect is None and (self._is_unread(step, error) or not proves_no_effect(error)):
                    await self.record.record_missed(switch, begun)
                    reason = f"{error}; its result cannot be read; run the command again"
                    return attrs.evolve(base, status="failed", live="unknown", sent=tuple(sent), reason=reason)
                if not took_effect:
                    return attrs.evolve(await self._revert(base, begun, done, str(error)), sent=tuple(sent))
            if why := self._stopped(step):
                self._breaker.failed(MigratorError(why, hint="resume it there, then run the command again"))
                return attrs.evolve(await self._revert(base, begun, done, why), sent=tuple(sent))
            done.append(step)
        if any(step.does == "delete" for step in switch.steps):
            self.record.deleted(switch)
        await self.record.end(switch, begun, switch.switched)
        return attrs.evolve(base, live=_reached(switch), sent=tuple(sent))

    async def _changed_or_running(self, switch: Switch) -> tuple[str, str]:
        """Return why a switch does not fit any more, and what says that the job to be stopped is running."""
        for step in switch.steps:
            if step.side == "source" and step.does != "restore":
                job = await read_source(self.origin, step.job)
                fields = flatten(job)
                paths = ("enabled", *TRIGGER_PATHS)
                if changed := [path for path in paths if not same(fields.get(path), step.before.get(path))]:
                    return f"{', '.join(changed)} changed at the source during the run; run the command again", ""
            elif step.does == "hold" and self.writer.mapping.rules.running:
                job = await self._target(step)
            else:
                continue
            if job.running:
                return "", f"at the {step.side} ({job.running})"
        return "", ""

    def _in_progress(self, running: str) -> str:
        return (
            f"a run of it is in progress {running}, which a pause does not stop; it did not end within "
            f"{self.guard.total_seconds():.0f} s: run this again, or wait longer with --guard"
        )

    async def _prove(self, switch: Switch) -> None:
        """Once a run, before anything is stopped: the side that is to fire accepts a write of the same kind.

        It writes what the job holds already, so that nothing changes.
        """
        later = next((step for step in switch.steps[1:] if step.side == switch.goal != switch.steps[0].side), None)
        if later is None:
            return
        async with self._proving:
            if not (self._is_proven or self._breaker.reason):
                await self._send(attrs.evolve(later, new=later.reverted), [])
                self._is_proven = True

    def _stopped(self, step: SwitchStep) -> str:
        """Return why a job does not fire although it was activated: its platform stopped it; "" where it did not."""
        if step.does not in {"release", "restore"}:
            return ""
        side = self.writer if step.does == "release" else self.origin
        why = side.stopped.get(step.job)
        return "" if why is None else f"{side.mapping.rules.title} has stopped it at the {step.side} ({why})"

    def _is_unread(self, step: SwitchStep, error: MigratorError) -> bool:
        """Return whether a write was sent and the error is of the reading after it, which says nothing of the write.

        A job that is gone by then does not fire in any case.
        """
        side = self.origin if step.side == "source" else self.writer
        return step.job in side.unread and not isinstance(error, NotFoundError)

    async def _send(self, step: SwitchStep, sent: list[Sent], *, is_revert: bool = False) -> None:
        """Send one write, and wait until it was read back."""
        new = step.reverted if is_revert else step.new
        note = Sent(side=step.side, job=step.job, does=step.does, at=self.clock.now())
        sent.append(note)
        if step.binding:
            binding = self.writer.journal.latest(step.job) or step.binding
            await self.writer.update(binding, new, binding.seen if is_revert else step.before)
            await self.writer.journal.flush()
        elif step.does == "delete":
            await delete_source(self.origin, step.job)
        else:
            await update_source(self.origin, step.job, new)
        sent[-1] = attrs.evolve(note, confirmed=self.clock.now())

    async def _took_effect(self, step: SwitchStep) -> bool | None:
        """Return whether a job holds what a write that failed was to bring; None when it cannot be read."""
        try:
            if step.side == "source":
                job: Job = await read_source(self.origin, step.job)
            else:
                job = await self._target(step)
        except StateError:
            raise
        except MigratorError:
            return None
        if job.suspended is not None and step.does in {"release", "restore"}:
            return False
        fields = flatten(job)
        return step.does != "delete" and all(same(fields.get(path), value) for path, value in step.new.items())

    async def _target(self, step: SwitchStep) -> Job:
        record = await self.writer.adapter.get_job(step.job.scope, step.job.id)
        return self.writer.mapping.read(record.raw, scope=record.scope)

    async def _revert(self, base: SwitchResult, begun: datetime, done: list[SwitchStep], error: str) -> SwitchResult:
        """Revert the steps that are done, latest first; return the result."""
        switch, reverts = base.switch, list[Sent]()
        for step in reversed(done):
            try:
                await self._send(step, reverts, is_revert=True)
            except StateError:
                raise
            except MigratorError as trouble:
                self._breaker.failed(trouble)
                await self.record.record_missed(switch, begun)
                reason = f"{error}; it could not be reverted: {trouble}; run this again, or with --back"
                return attrs.evolve(base, status="failed", live="unknown", reason=reason)
        await self.record.end(switch, begun, switch.active_side)
        return attrs.evolve(base, status="failed", reason=f"{error}; everything is as it was before")


def _reached(switch: Switch) -> FiringSide:
    """Return which side fires once a switch has ended."""
    if not switch.calendars[0].fields.get("enabled", True):
        return "paused"
    if switch.goal == "source":
        return "source"
    return "target"
