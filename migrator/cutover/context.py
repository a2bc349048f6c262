"""Both sides as they are, and what follows for the active side of each job: its switch, or why there is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Final

import attrs
from attrs import frozen

from migrator.active_side import SwitchContext
from migrator.canonical import JobRef
from migrator.config.shapes import did_you_mean
from migrator.cron.check import second_opinion
from migrator.cutover.decide import SwitchPlanner
from migrator.cutover.deferred import why_deferred
from migrator.cutover.switches import Goal, Order, Status, Switch
from migrator.errors import UsageError
from migrator.isolation import attempt
from migrator.plan.staging import fires_again, is_cut_short
from migrator.sync.active_status import ActiveStatuses, job_in
from migrator.sync.endpoints import contract_of
from migrator.sync.session import Session, Snapshot
from migrator.verify import WELL, Proof, verify

_SHOWN: Final = 5


@frozen(kw_only=True)
class CutoverContext(ActiveStatuses):
    """Both sides of a sync, read a moment ago, with all that is needed to plan switches.

    Attributes:
        contracts: the update contracts of source and target.
        elsewhere: the source jobs that are active at another target, each with that one.
    """

    contracts: tuple[str, str]
    elsewhere: Mapping[JobRef, str]

    @cached_property
    def proofs(self) -> Mapping[JobRef, Proof]:
        """Return the proof of each source job."""
        span = timedelta(days=max(self.session.sync.schedule.days - 1, 1))
        bindings = [binding for group in self.bindings.values() for binding in group]
        snapshot = self.snapshot
        found = verify(
            snapshot.plan,
            source=snapshot.source,
            target=snapshot.target,
            bindings=bindings,
            span=span,
            spot=second_opinion,
            duplicates=snapshot.duplicates,
        )
        return {proof.source: proof for proof in found.proofs}

    def chosen(self, names: Collection[str]) -> frozenset[JobRef]:
        """Return the source jobs of these names or ids; all jobs of the sync where none is given.

        Raises:
            UsageError: a job is unknown.
        """
        names_by_ref = {job.ref: job.name for job in self.snapshot.listed.jobs if job.ref in self.changes}
        names_by_ref |= {
            ref: str(bindings[0].applied.get("name", ref.id))
            for ref, bindings in self.bindings.items()
            if ref not in names_by_ref
        }
        for name in names:
            if not any(name in {ref.id, shown} for ref, shown in names_by_ref.items()):
                allowed = ", ".join(sorted(names_by_ref.values())[:_SHOWN]) + (
                    ", …" if len(names_by_ref) > _SHOWN else ""
                )
                what = f"unknown job at the source of sync {self.session.sync.name}"
                hint = did_you_mean(name, names_by_ref.values())
                raise UsageError(what, where="--job", actual=name, allowed=allowed or "none is there", hint=hint)
        return frozenset(ref for ref, shown in names_by_ref.items() if not names or {ref.id, shown} & set(names))

    # -- one job ------------------------------------------------------------------------------------------------------

    def switch(self, ref: JobRef, planner: SwitchPlanner, goal: Goal, *, is_preview: bool = False) -> Switch:
        """Return the switch of one job, planned, or with the reason why there is none.

        Args:
            ref: the source job.
            planner: plans the switch.
            goal: which side is to be active.
            is_preview: whether target jobs that do not exist yet are still to be created.
        """
        status = self.status(ref)
        unswitched = Switch(source=ref, name=status.name, goal=goal, live=status.live, targets=status.targets)
        found = attempt("switched", self._switch, ref, planner, goal, unswitched, is_preview=is_preview)
        return found if isinstance(found, Switch) else attrs.evolve(unswitched, status="refused", reason=str(found))

    def _switch(
        self, ref: JobRef, planner: SwitchPlanner, goal: Goal, unswitched: Switch, *, is_preview: bool
    ) -> Switch:
        context = self.switch_context(ref, partial=goal == "source")
        if status_and_reason := self._why_not(ref, context, goal):
            status, reason = status_and_reason
            if status == "planned" and not is_preview:
                status, reason = "refused", "its target job could not be created; see why: migrator history"
            return attrs.evolve(unswitched, status=status, reason=reason)
        assert context is not None
        switch = planner.switch(context, goal)
        if reason := why_deferred(self.session, switch):
            return attrs.evolve(switch, status="refused", steps=(), reason=reason)
        return switch

    def _why_not(self, ref: JobRef, context: SwitchContext | None, goal: Goal) -> tuple[Status, str] | None:
        if context is None:
            return self._incomplete(ref, goal)
        if goal == "source" or self.is_out_of_place(ref):
            return None
        if other := self.elsewhere.get(ref):
            return "refused", f"it is active at {other} already; switch that back first"
        changes = self.changes.get(ref, ())
        if blocked := [change.reason for change in changes if change.action == "blocked"]:
            return "refused", "; ".join(dict.fromkeys(blocked))
        if pending := [change.action for change in changes if change.action != "none"]:
            return "refused", f"the target is not in line yet: {', '.join(dict.fromkeys(pending))} is still to be done"
        if changes and all(change.schedule is None or change.schedule.verdict == "dead" for change in changes):
            return "left", "; ".join(dict.fromkeys(change.reason for change in changes if change.reason))
        proof = self.proofs.get(ref)
        if proof is None or proof.status not in WELL:
            found = f"{proof.status}: {proof.reason}" if proof else "nothing was compared"
            return "refused", f"it is not verified ({found}); see why: migrator verify {self.session.sync.name}"
        return None

    def _incomplete(self, ref: JobRef, goal: Goal) -> tuple[Status, str]:
        """Return why a job cannot be switched of which a side lacks something."""
        active_side, changes = self.snapshot.active_sides.get(ref), self.changes.get(ref, ())
        if blocked := [change.reason for change in changes if change.action == "blocked"]:
            return "refused", "; ".join(dict.fromkeys(blocked))
        if ref not in self.bindings:
            if goal == "target" and any(change.action == "create" for change in changes):
                return "planned", "it is created at the target first, staged"
            return "left", "; ".join(change.reason for change in changes if change.reason) or "it has no target job"
        if job_in(self.snapshot.listed, ref) is None:
            if goal == "target" and active_side and active_side.live == "target":
                return "there", "the target is the active side already, and the source job is gone"
            return "refused", "the source job is gone, so the source cannot fire it"
        return "refused", f"a target job of it is missing; see what to do: migrator plan {self.session.sync.name}"

    def is_out_of_place(self, ref: JobRef) -> bool:
        """Return whether a cutover was not finished, or half of it was undone: there is nothing to prove yet."""
        job, active_side = job_in(self.snapshot.listed, ref), self.snapshot.active_sides.get(ref)
        if job is None or active_side is None:
            return False
        return is_cut_short(job, active_side) or fires_again(
            job, active_side, self.session.source.dialect, now=self.snapshot.plan.created_at
        )


async def cutover_context(session: Session, snapshot: Snapshot) -> CutoverContext:
    """Return what was read, with all that is needed to plan switches."""
    source, target = session.source, session.target
    known = session.state.active_sides(source.adapter.provider, source.adapter.scopes, source.dialect)
    return CutoverContext(
        session=session,
        snapshot=snapshot,
        contracts=(await contract_of(session.state, source), await contract_of(session.state, target)),
        elsewhere={r.source: r.target[0] for r in known if r.target != target.place and r.live == "target"},
    )


def switch_planner_of(context: CutoverContext, order: Order) -> SwitchPlanner:
    """Return the planner of an order's switches."""
    session = context.session
    now = session.runtime.clock.now()
    return SwitchPlanner(
        sync=session.sync.name,
        scope=session.target.place,
        source=session.source.mapping,
        source_contract=context.contracts[0],
        target=session.target.mapping,
        target_contract=context.contracts[1],
        now=now,
        spare=max(order.at - now, timedelta()) + 2 * order.guard if order.at else 2 * order.guard,
        may_delete=order.may_delete,
    )
