"""What is told of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar, Final, Literal

from attrs import evolve, field, frozen

from migrator.canonical import TRIGGER_PATHS, Fields
from migrator.cron.zones import tzdata_version
from migrator.errors import MigratorError
from migrator.execute.outcomes import Applied
from migrator.isolation import attempt
from migrator.plan.changes import ACTIONS, Action, Change, FieldChange, Plan
from migrator.plan.compare import BOTH
from migrator.plan.policy import policies_of
from migrator.prompt_envelope import carried_by
from migrator.providers.registry import PROVIDERS
from migrator.report.reasons import JobReason, Reason, by_reason
from migrator.report.text import clean, count, stamp
from migrator.report.views import (
    Category,
    Edit,
    JobRow,
    JobsView,
    LossRow,
    Part,
    Remark,
    edit_words,
    loss_row,
    verdict_counts,
)
from migrator.report.views.schedules import ScheduleView, schedule_view

_CATEGORIES: Final = (
    Category("create", "to create", "+", "good", "green", pressing=True, is_written=True),
    Category("update", "to update", "~", "warn", "yellow", pressing=True, is_written=True),
    Category("replace", "to replace", "±", "warn", "magenta", pressing=True, is_written=True),
    Category("pause", "to pause", "‖", "note", "blue", pressing=True),
    Category("resume", "to resume", "▶", "move", "cyan", pressing=True),
    Category("delete", "to delete", "-", "bad", "red", pressing=True),
    Category("adopt", "to adopt", "&", "move", "cyan", pressing=True, is_written=True),
    Category("none", "unchanged", short="unchanged"),
    Category("blocked", "blocked", "!", "bad", "bold red", pressing=True),
)
CATEGORIES: Final[Mapping[str, Category]] = {one.key: evolve(one, short=one.short or one.key) for one in _CATEGORIES}
"""By action."""

UP_TO_DATE: Final = "No changes. The target is up to date."
_SHOWN: Final = frozenset({"action.text", "action.event"})
"""The fields of a new job that are always shown."""


@frozen(kw_only=True, slots=False)
class PlanView(JobsView):
    """What is told of a plan.

    Attributes:
        counts: how many target jobs there are of each action, in words.
        notes: why unchanged jobs have a note.
        blocked: why jobs are blocked.
        can_apply: whether there is something to do, and the plan is not refused.
        is_up_to_date: whether there is nothing to do, and nothing blocked.
    """

    kind: ClassVar[Literal["audit", "plan"]] = "plan"
    counts: tuple[str, ...]
    notes: tuple[Reason, ...]
    blocked: tuple[Reason, ...]
    can_apply: bool
    is_up_to_date: bool
    _plan: Plan = field(repr=False)

    def rows(self, *, full: bool = True) -> Iterator[JobRow]:
        """Yield the jobs one by one; unless `full`, without unchanged ones and with few fields of new ones."""
        for changes in _grouped(self._plan.changes):
            if full or changes[0].action != "none":
                row = attempt("drawn", _row, changes, self._plan, full=full)
                yield _undrawn(changes, row) if isinstance(row, MigratorError) else row


def plan_view(plan: Plan) -> PlanView:
    """Return what is told of a plan; a saved plan lacks required settings and pauses."""
    firsts = [changes[0] for changes in _grouped(plan.changes)]
    jobs: Counter[str] = Counter(one.action for one in firsts)
    summary, is_pending, blocked = plan.summary, bool(plan.pending), plan.blocked
    is_up_to_date = not is_pending and not blocked and not plan.refusal
    counts = [(one, summary[one.key]) for one in CATEGORIES.values() if summary[one.key]]
    said = (
        f"{jobs[one.key]:,} {one.words}" + (f" ({number:,} target jobs)" if number != jobs[one.key] else "")
        for one, number in counts
    )
    return PlanView(
        name=clean(plan.sync),
        source=clean(plan.source),
        target=clean(plan.target),
        at=plan.created_at,
        facts={"Jobs": f"{jobs.total():,}", "Scope": clean(plan.target_scope)},
        lead=(f"{', '.join(said) or 'No jobs'}.", *([UP_TO_DATE] if is_up_to_date else [])),
        remarks=tuple(_remarks(plan)),
        outcomes=tuple(evolve(CATEGORIES[action], jobs=jobs[action]) for action in ACTIONS if jobs[action]),
        verdicts=verdict_counts(one.schedule.verdict for one in firsts if one.schedule),
        decisions=policies_of(plan.changes),
        losses=tuple(_losses(plan)),
        counts=tuple(f"{number:,} {one.words}" for one, number in counts),
        notes=by_reason(map(_reason, (one for one in plan.changes if one.action == "none" and one.reason))),
        blocked=by_reason(map(_reason, blocked)),
        can_apply=is_pending and not plan.refusal,
        is_up_to_date=is_up_to_date,
        plan=plan,
    )


def _reason(change: Change) -> JobReason:
    return JobReason(change.label, change.reason, (change.source, change.target))


def _losses(plan: Plan) -> Iterator[LossRow]:
    """Yield the data that jobs lose when the plan is applied, the most frequent first."""
    losing = (one for one in plan.changes if CATEGORIES[one.action].is_written)
    lost = {(str(one.source), loss.path, loss.reason) for one in losing for loss in one.losses}
    counted = Counter((path, reason) for _source, path, reason in lost)
    for (path, reason), jobs in sorted(counted.items(), key=lambda one: (-one[1], ": ".join(one[0]))):
        yield LossRow(path=path, reason=clean(reason), jobs=jobs)


def _remarks(plan: Plan) -> Iterator[Remark]:
    if plan.refusal:
        yield Remark(label="Plan refused: ", text=clean(plan.refusal), tone="bad")
        return
    yield from exact_remarks(plan)
    yield from double_remarks(plan)


def exact_remarks(plan: Plan) -> Iterator[Remark]:
    """Yield until when every schedule is exact, and the zones whose data may differ."""
    if until := plan.needs_resync_by:
        yield Remark(text=f"Schedules are exact until {stamp(until)}, renewed by each sync.")
    for zone, since in plan.young_zone_rules.items():
        yield Remark(
            label=f"{clean(zone)}: ",
            text=f"new clock rule since about {since}; {clean(plan.source)} and {clean(plan.target)} may use older "
            f"time zone data than {tzdata_version()}.",
        )


def double_remarks(plan: Plan, *, is_done: bool = False) -> Iterator[Remark]:
    """Yield how many jobs the plan makes active on both sides, and how to avoid or to end that."""
    sources = {change.source.provider for change in plan.changes if change.source}
    if not plan.doubled or not any(PROVIDERS[name].capabilities.runs_jobs for name in sources):
        return
    when, how = "", f"To end that: {_ending(plan, sources)}"
    if not is_done:
        when, how = " afterwards", f"To end it later: {_ending(plan, sources)}"
        if PROVIDERS[plan.target_provider].capabilities.takes_effect_at_once:
            how = f"To avoid that: migrator apply {plan.sync} --staged. {how}"
    label = f"ACTIVE ON BOTH SIDES{when} (runs twice): {count(len(plan.doubled), 'job')}. "
    yield Remark(label=label, text=how, tone="warn")


def _ending(plan: Plan, sources: Collection[str]) -> str:
    """Return how jobs that are active on both sides become active at the target alone."""
    command = f"migrator cutover {plan.sync}"
    if not all(PROVIDERS[name].capabilities.takes_effect_at_once for name in sources):
        return f"pause the jobs at {clean(plan.source)}, merge that, then {command} --in-effect"
    if not PROVIDERS[plan.target_provider].capabilities.takes_effect_at_once:
        return f"merge the changes, then {command} --in-effect"
    return command


def applied_part(plan: Plan, applied: Applied) -> Plan:
    """Return the plan without the changes that were not made."""
    done = {(one.action, one.source, one.name) for one in applied.outcomes if one.status == "done"}
    kept = (one for one in plan.changes if one.action == "none" or (one.action, one.source, one.label) in done)
    return evolve(plan, changes=tuple(kept))


# -- jobs -------------------------------------------------------------------------------------------------------------


def _grouped(changes: Iterable[Change]) -> Iterator[Sequence[Change]]:
    """Yield the changes to one job that are alike: the parts of a split are together."""
    for _job, same in groupby(changes, key=lambda one: one.source or (one.target, one.name)):
        actions: dict[Action, list[Change]] = {}
        for change in same:
            actions.setdefault(change.action, []).append(change)
        yield from actions.values()


def _row(changes: Sequence[Change], plan: Plan, *, full: bool) -> JobRow:
    first = changes[0]
    return JobRow(
        category=CATEGORIES[first.action],
        name=clean(first.name if len(changes) > 1 else first.label) or str(first.source or first.target),
        source=clean(str(first.source)) if first.source else "",
        parts=tuple(
            Part(
                label=clean(change.label),
                reason=clean(change.reason),
                target=clean(str(change.target)) if change.target else "",
                edits=tuple(_edits(change, plan, full=full)) if change.action != "create" or change is first else (),
            )
            for change in changes
        ),
        paused=_is_paused(first),
        settles=tuple(one.line for one in policies_of(changes)) if any(one.needs for one in changes) else (),
        schedule=_schedule(first, plan),
        losses=tuple(map(loss_row, first.losses)),
    )


def _undrawn(changes: Sequence[Change], error: MigratorError) -> JobRow:
    """Return a job that cannot be shown, with the reason."""
    first = changes[0]
    parts = tuple(Part(label=clean(change.label), reason=clean(str(error))) for change in changes)
    return JobRow(category=CATEGORIES[first.action], name=parts[0].label, source=clean(str(first.source)), parts=parts)


def _is_paused(change: Change) -> bool:
    """Return whether the job is paused once the plan is applied."""
    enabled = [field.new for field in change.fields if field.path == "enabled"]
    return enabled[-1] is False if enabled else not change.live


def _schedule(change: Change, plan: Plan) -> ScheduleView | None:
    if change.schedule is None:
        return None
    changed = {one.path: one.remote for one in change.fields if one.path in TRIGGER_PATHS}
    migrates = change.action != "delete"
    if change.action == "blocked":  # what is there fires as it did
        migrates = change.target is not None and not changed
    return schedule_view(
        change.schedule,
        change.new_fields(),
        at=plan.created_at,
        migrates=migrates,
        was=_was(changed, plan.dialect),
        is_changed=bool(changed),
    )


def _was(changed: Fields, dialect: str) -> str:
    """Return the schedule that the target has, of what changes about it."""
    zone = clean(changed.get("trigger.timezone") or "")
    clocks = [edit_words(value, dialect) for path, value in changed.items() if value and path != "trigger.timezone"]
    return " ".join([", ".join(clocks), f"({zone})" * bool(zone)]).strip()


def _edits(change: Change, plan: Plan, *, full: bool) -> Iterator[Edit]:
    """Yield the fields that change, without those that the schedule says; of a new job, also without its name."""
    for one in change.fields:
        if one.path in TRIGGER_PATHS and (change.pieces == 1 or change.action == "create"):
            continue
        if change.action != "create":
            yield field_edit(one, plan.dialect)
        elif one.path == "action.payload" and (carried := carried_by(one.new)):
            yield from (_new(path, value, plan.dialect) for path, value in carried.items())
        elif one.path in _SHOWN or (one.path, one.new) == ("enabled", False) or (full and one.path != "name"):
            yield _new(one.path, one.new, plan.dialect)
    for one in change.back.fields if change.back else ():
        yield Edit(path=one.path, old=one.old, new=one.new, where="at the source", dialect=plan.dialect)


def _new(path: str, value: Any, dialect: str) -> Edit:
    return Edit(path=path, new=value, kind="new", dialect=dialect)


def field_edit(one: FieldChange, dialect: str) -> Edit:
    """Return the change of a field, with the value last applied where the target was edited."""
    last, is_conflict = f"last applied: {edit_words(one.old, dialect)}", one.reason == BOTH
    is_edited = one.remote != one.old and one.old is not None
    return Edit(
        path=one.path,
        old=one.remote,
        new=one.new,
        kind="conflict" if is_conflict else "changed",
        note=last if is_conflict else f"{clean(one.reason)}; {last}" if is_edited else "",
        dialect=dialect,
    )
