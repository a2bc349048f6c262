"""What switching the active side takes, job by job: from what was read, never from what was meant.

    forward    source stopped ──▶ target activated          back    target staged ──▶ source restored

The side that fires is stopped first, so that both are never active at one instant; in the gap between fires, a moment
in which neither is active does no harm. What cannot be reverted, deleting the source job, comes last. Every switch is
planned from what both sides hold now: a switch that crashed half-way is finished by planning it again, and reverted by
planning it in the other direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs
from attrs import frozen

from migrator.active_side import SwitchContext, coming_fires, firing_side, lasting_fields, switch_back_command
from migrator.canonical import Fields, flatten
from migrator.cutover.switches import Calendar, Does, Goal, Switch, SwitchStep
from migrator.mapping import ProviderMapping
from migrator.plan.compare import same
from migrator.plan.staging import is_distant, is_parked, may_fire, staged_fields, stopping_fields
from migrator.store.records import ActiveSide, Live


@frozen(kw_only=True)
class SwitchPlanner:
    """Plans switches between two sides.

    Attributes:
        sync: the sync's name.
        scope: provider and scope of the target.
        source: the source's mapping.
        source_contract: its update contract.
        target: the target's mapping.
        target_contract: its update contract.
        now: the clock.
        spare: how long before its only fire a job is not switched any more.
        may_delete: whether a source job that cannot be stopped in another way may be deleted.
    """

    sync: str
    scope: tuple[str, str]
    source: ProviderMapping
    source_contract: str
    target: ProviderMapping
    target_contract: str
    now: datetime
    spare: timedelta
    may_delete: bool = False

    def switch(self, context: SwitchContext, goal: Goal) -> Switch:
        """Return the switch after which one side fires and the other does not."""
        base = Switch(
            source=context.source.ref,
            name=context.source.name,
            goal=goal,
            live=firing_side(context),
            targets=tuple(binding.target for binding in context.bindings),
            active_side=context.active_side,
            calendars=tuple(self.calendars(context)),
        )
        return self._forward(base, context) if goal == "target" else self._switch_back(base, context)

    # -- forward ------------------------------------------------------------------------------------------------------

    def _forward(self, base: Switch, context: SwitchContext) -> Switch:
        if reason := self._about_to_fire(context):
            return attrs.evolve(base, status="left", reason=reason)
        if reason := self._cannot_fire(context):
            return attrs.evolve(base, status="refused", reason=reason)
        stop, parked, original = self._stop_source(context)
        if stop is None:
            return attrs.evolve(base, status="refused", reason=self._cannot_stop_source())
        activations = tuple(self._activate(context))
        active_side = self.active_side(context, live="target", parked=parked, original=original)
        deleting = any(step.does == "delete" for step in stop)
        steps = (*activations, *stop) if deleting else (*stop, *activations)
        if not steps and context.active_side and context.active_side.live == "target" and not context.active_side.begun:
            return attrs.evolve(base, status="there", reason="the target is the active side already")
        return attrs.evolve(base, steps=steps, switched=active_side, reason=_why(steps, context.active_side))

    def _stop_source(self, context: SwitchContext) -> tuple[tuple[SwitchStep, ...] | None, Fields, Fields]:
        """Return what stops the source job, what it then holds, and what that was before; None where nothing can."""
        active_side = context.active_side
        if not may_fire(context.source, active_side):
            if active_side is None or not is_parked(context.source, active_side):
                return (), {}, {}
            if "enabled" in active_side.parked or is_distant(
                flatten(context.source), self.source.rules.dialect, now=self.now
            ):
                return (), active_side.parked, active_side.original
        before = flatten(context.source)
        parked = stopping_fields(before, self.source, self.source_contract, now=self.now)
        if parked:
            does: Does = "pause" if "enabled" in parked else "move away"
            step = SwitchStep(side="source", job=context.source.ref, does=does, before=before, new=parked)
            original = active_side.original if active_side and is_parked(context.source, active_side) else before
            return (step,), parked, {path: original[path] for path in parked}
        if self.may_delete:
            return (SwitchStep(side="source", job=context.source.ref, does="delete", before=before),), {}, {}
        return None, {}, {}

    def _cannot_fire(self, context: SwitchContext) -> str:
        """Return why the target cannot fire: its platform has stopped a job there; "" where it has not."""
        stopped = [job.suspended for job in context.targets.values() if job.suspended is not None]
        if not stopped or not context.wanted.live:
            return ""
        reason = f"{self.target.rules.title} has stopped it at the target ({stopped[0]}): resume it there first"
        if may_fire(context.source, context.active_side):
            return reason
        return f"{reason}, or switch back to the source: {switch_back_command(self.sync, context.source)}"

    def _cannot_stop_source(self) -> str:
        title = self.source.rules.title
        return (
            f"under the {self.source_contract} contract {title} can neither pause a job nor move its schedule: pause "
            "it there by hand when it is not due, then run the command again; or delete it with --delete-source"
        )

    def _activate(self, context: SwitchContext) -> Iterator[SwitchStep]:
        for binding in context.bindings:
            before = flatten(context.targets[binding.target])
            new = {p: v for p, v in context.due.get(binding.target, {}).items() if not same(before.get(p), v)}
            if new:
                yield SwitchStep(
                    side="target", job=binding.target, does="release", before=before, new=new, binding=binding
                )

    def _about_to_fire(self, context: SwitchContext) -> str:
        """Return why a job stays on the source: it fires once more, and that soon; "" where it is switched."""
        if not may_fire(context.source, context.active_side):
            return ""
        fires = coming_fires(context.wanted, self.source.rules.dialect, self.now)
        if not fires:
            return "it has no fires ahead"
        if len(fires) == 1 and fires[0] <= self.now + self.spare:
            return f"it fires for the last time at {fires[0]:%Y-%m-%d %H:%M} UTC: the source does that"
        return ""

    # -- back ---------------------------------------------------------------------------------------------------------

    def _switch_back(self, base: Switch, context: SwitchContext) -> Switch:
        active_side = context.active_side
        stops = self._stop_target(context)
        if stops is None:
            return attrs.evolve(base, status="refused", reason=self._cannot_stop_target())
        if context.source.suspended is not None and stops:
            return attrs.evolve(base, status="refused", reason=self._source_stopped(context.source.suspended))
        restore = tuple(self._restore(context, active_side)) if active_side else ()
        is_switched_back = (
            active_side is not None
            and active_side.live == "source"
            and not active_side.parked
            and not active_side.begun
        )
        if not stops and is_switched_back:
            return attrs.evolve(base, status="there", reason="the source is the active side already")
        steps = (*stops, *restore)
        switched = self.active_side(context, live="source")
        return attrs.evolve(base, steps=steps, switched=switched, reason=_why(steps, active_side))

    def _stop_target(self, context: SwitchContext) -> tuple[SwitchStep, ...] | None:
        """Return what stops the target jobs that may fire; None where one of them cannot be stopped.

        A job that its platform has stopped fires nothing as it is, and some platforms refuse to pause it. Once it may
        fire again, the next sync pauses it.
        """
        steps: list[SwitchStep] = []
        for binding in context.bindings:
            job = context.targets[binding.target]
            before, fields = flatten(job), context.activated(binding)
            staged = staged_fields(fields, self.target, self.target_contract, now=self.now, as_made=binding.applied)
            if not job.enabled or (job.suspended is not None and "enabled" in staged):
                continue
            if not staged:
                return None
            if new := {path: value for path, value in staged.items() if not same(before.get(path), value)}:
                steps.append(
                    SwitchStep(side="target", job=binding.target, does="hold", before=before, new=new, binding=binding)
                )
        return tuple(steps)

    def _source_stopped(self, why: str) -> str:
        return f"{self.source.rules.title} has stopped it at the source ({why}): resume it there first"

    def _cannot_stop_target(self) -> str:
        title = self.target.rules.title
        return (
            f"under the {self.target_contract} contract {title} can neither pause a job nor change its schedule: pause "
            "it there by hand, then run the command again"
        )

    def _restore(self, context: SwitchContext, active_side: ActiveSide) -> Iterator[SwitchStep]:
        """Yield the step that gives the source job what it had, also where it seems to: a listing may be late.

        What its owner has made of it since stays.
        """
        before = flatten(context.source)
        has_it = all(same(before.get(path), value) for path, value in active_side.original.items())
        if active_side.parked and (has_it or is_parked(context.source, active_side)):
            yield SwitchStep(
                side="source", job=context.source.ref, does="restore", before=before, new=active_side.original
            )

    # -- both ---------------------------------------------------------------------------------------------------------

    def active_side(
        self,
        context: SwitchContext,
        *,
        live: Live,
        parked: Fields | None = None,
        original: Fields | None = None,
    ) -> ActiveSide:
        """Return what to record of a job's active side."""
        return ActiveSide(
            source=context.source.ref,
            target=self.scope,
            sync=self.sync,
            name=context.source.name,
            live=live,
            parked=parked or {},
            original=original or {},
            since=self.now,
        )

    def calendars(self, context: SwitchContext) -> Iterator[Calendar]:
        """Yield when the source job fires, and then each target job."""
        yield Calendar(job=context.source.ref, fields=lasting_fields(context.wanted), dialect=self.source.rules.dialect)
        for binding in context.bindings:
            yield Calendar(job=binding.target, fields=context.activated(binding), dialect=self.target.rules.dialect)


def _why(steps: tuple[SwitchStep, ...], active_side: ActiveSide | None) -> str:
    """Return what a switch is for that takes no write; "" for any other."""
    is_open = active_side is not None and active_side.begun is not None
    return "switched already; a crashed run did not record it" if is_open and not steps else ""
