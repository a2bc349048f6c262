"""What switching the active side takes, job by job: from what was read, never from what was meant.

    forward    source stands still ──▶ target released          back    target held ──▶ source restored

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

from migrator.active_side import SwitchContext, back_command, coming_fires, found_live
from migrator.canonical import Fields, flatten
from migrator.cutover.switches import Calendar, Does, Goal, Switch, SwitchStep
from migrator.mapping import ProviderMapping
from migrator.plan.compare import same
from migrator.plan.staging import is_distant, is_parked, may_fire, staged_fields, standstill
from migrator.store.records import ActiveSide, Live


@frozen(kw_only=True)
class SwitchPlanner:
    """Plans moves between two sides.

    Attributes:
        sync: the sync's name.
        scope: provider and scope of the target.
        source: the source's mapping.
        source_contract: its update contract.
        target: the target's mapping.
        target_contract: its update contract.
        now: the clock.
        spare: how long before its only fire a job is left where it is.
        may_delete: whether a source job that can be brought to stand still in no other way may be deleted.
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

    def move(self, context: SwitchContext, goal: Goal) -> Switch:
        """What it takes that one side fires and the other does not."""
        base = Switch(
            source=context.source.ref,
            name=context.source.name,
            goal=goal,
            live=found_live(context),
            targets=tuple(binding.target for binding in context.bindings),
            active_side=context.active_side,
            calendars=tuple(self.calendars(context)),
        )
        return self._forward(base, context) if goal == "target" else self._back(base, context)

    # -- forward ------------------------------------------------------------------------------------------------------

    def _forward(self, base: Switch, context: SwitchContext) -> Switch:
        if reason := self._about_to_fire(context):
            return attrs.evolve(base, status="left", reason=reason)
        if reason := self._cannot_fire(context):
            return attrs.evolve(base, status="refused", reason=reason)
        stop, parked, wish = self._stop(context)
        if stop is None:
            return attrs.evolve(base, status="refused", reason=self._cannot_stop())
        releases = tuple(self._release(context))
        active_side = self.active_side(context, live="target", parked=parked, wish=wish)
        deleting = any(turn.does == "delete" for turn in stop)
        turns = (*releases, *stop) if deleting else (*stop, *releases)
        if not turns and context.active_side and context.active_side.live == "target" and not context.active_side.begun:
            return attrs.evolve(base, status="there", reason="the target is the active side already")
        return attrs.evolve(base, turns=turns, switched=active_side, reason=_why(turns, context.active_side))

    def _stop(self, context: SwitchContext) -> tuple[tuple[SwitchStep, ...] | None, Fields, Fields]:
        """What stops the source job, what it then holds, and what that was before; None where nothing can stop it."""
        active_side = context.active_side
        if not may_fire(context.source, active_side):
            if active_side is None or not is_parked(context.source, active_side):
                return (), {}, {}
            if "enabled" in active_side.parked or is_distant(
                flatten(context.source), self.source.rules.dialect, now=self.now
            ):
                return (), active_side.parked, active_side.wish
        before = flatten(context.source)
        parked = standstill(before, self.source, self.source_contract, now=self.now)
        if parked:
            does: Does = "pause" if "enabled" in parked else "move away"
            turn = SwitchStep(side="source", job=context.source.ref, does=does, before=before, new=parked)
            wish = active_side.wish if active_side and is_parked(context.source, active_side) else before
            return (turn,), parked, {path: wish[path] for path in parked}
        if self.may_delete:
            return (SwitchStep(side="source", job=context.source.ref, does="delete", before=before),), {}, {}
        return None, {}, {}

    def _cannot_fire(self, context: SwitchContext) -> str:
        """Why the target could not take over: its platform has stopped a job that is to fire there."""
        stopped = [job.suspended for job in context.targets.values() if job.suspended is not None]
        if not stopped or not context.wished.live:
            return ""
        reason = f"{self.target.rules.title} has stopped it at the target ({stopped[0]}): resume it there first"
        if may_fire(context.source, context.active_side):
            return reason
        return f"{reason}, or switch back to the source: {back_command(self.sync, context.source)}"

    def _cannot_stop(self) -> str:
        title = self.source.rules.title
        return (
            f"under the {self.source_contract} contract {title} can neither pause a job nor move its schedule: pause "
            "it there by hand when it is not due, then run the command again; or delete it with --delete-source"
        )

    def _release(self, context: SwitchContext) -> Iterator[SwitchStep]:
        for binding in context.bindings:
            before = flatten(context.targets[binding.target])
            new = {p: v for p, v in context.due.get(binding.target, {}).items() if not same(before.get(p), v)}
            if new:
                yield SwitchStep(
                    side="target", job=binding.target, does="release", before=before, new=new, binding=binding
                )

    def _about_to_fire(self, context: SwitchContext) -> str:
        """Why a job is left on the source: it fires once more, and that soon."""
        if not may_fire(context.source, context.active_side):
            return ""
        fires = coming_fires(context.wished, self.source.rules.dialect, self.now)
        if not fires:
            return "it has no fires ahead"
        if len(fires) == 1 and fires[0] <= self.now + self.spare:
            return f"it fires for the last time at {fires[0]:%Y-%m-%d %H:%M} UTC: the source does that"
        return ""

    # -- back ---------------------------------------------------------------------------------------------------------

    def _back(self, base: Switch, context: SwitchContext) -> Switch:
        active_side = context.active_side
        holds = self._hold(context)
        if holds is None:
            return attrs.evolve(base, status="refused", reason=self._cannot_hold())
        if context.source.suspended is not None and holds:
            return attrs.evolve(base, status="refused", reason=self._source_stopped(context.source.suspended))
        restore = tuple(self._restore(context, active_side)) if active_side else ()
        settled = (
            active_side is not None
            and active_side.live == "source"
            and not active_side.parked
            and not active_side.begun
        )
        if not holds and settled:
            return attrs.evolve(base, status="there", reason="the source is the active side already")
        turns = (*holds, *restore)
        switched = self.active_side(context, live="source")
        return attrs.evolve(base, turns=turns, switched=switched, reason=_why(turns, active_side))

    def _hold(self, context: SwitchContext) -> tuple[SwitchStep, ...] | None:
        """What stops the target jobs that may fire; None where one of them cannot be stopped.

        A job that its platform has stopped fires nothing as it is, and some platforms refuse to pause it. Once it may
        fire again, the next sync pauses it.
        """
        turns: list[SwitchStep] = []
        for binding in context.bindings:
            job = context.targets[binding.target]
            before, fields = flatten(job), context.released(binding)
            held = staged_fields(fields, self.target, self.target_contract, now=self.now, as_made=binding.applied)
            if not job.enabled or (job.suspended is not None and "enabled" in held):
                continue
            if not held:
                return None
            if new := {path: value for path, value in held.items() if not same(before.get(path), value)}:
                turns.append(
                    SwitchStep(side="target", job=binding.target, does="hold", before=before, new=new, binding=binding)
                )
        return tuple(turns)

    def _source_stopped(self, why: str) -> str:
        return f"{self.source.rules.title} has stopped it at the source ({why}): resume it there first"

    def _cannot_hold(self) -> str:
        title = self.target.rules.title
        return (
            f"under the {self.target_contract} contract {title} can neither pause a job nor change its schedule: pause "
            "it there by hand, then run the command again"
        )

    def _restore(self, context: SwitchContext, active_side: ActiveSide) -> Iterator[SwitchStep]:
        """Give the source job what it had, also where it seems to have that: a listing may be late to show the stop.

        What its owner has made of it since stays.
        """
        before = flatten(context.source)
        has_it = all(same(before.get(path), value) for path, value in active_side.wish.items())
        if active_side.parked and (has_it or is_parked(context.source, active_side)):
            yield SwitchStep(side="source", job=context.source.ref, does="restore", before=before, new=active_side.wish)

    # -- both ---------------------------------------------------------------------------------------------------------

    def active_side(
        self,
        context: SwitchContext,
        *,
        live: Live,
        parked: Fields | None = None,
        wish: Fields | None = None,
    ) -> ActiveSide:
        """Return what to record of a job's active side."""
        return ActiveSide(
            source=context.source.ref,
            target=self.scope,
            sync=self.sync,
            name=context.source.name,
            live=live,
            parked=parked or {},
            wish=wish or {},
            since=self.now,
        )

    def calendars(self, context: SwitchContext) -> Iterator[Calendar]:
        """When the source job fires, and then each target job."""
        yield Calendar(job=context.source.ref, fields=flatten(context.wished), dialect=self.source.rules.dialect)
        for binding in context.bindings:
            yield Calendar(job=binding.target, fields=context.released(binding), dialect=self.target.rules.dialect)


def _why(turns: tuple[SwitchStep, ...], active_side: ActiveSide | None) -> str:
    """What a move is for that takes no write."""
    is_open = active_side is not None and active_side.begun is not None
    return "switched already; a crashed run did not record it" if is_open and not turns else ""
