"""A plan as an overview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from migrator.canonical import TRIGGER_PATHS
from migrator.cron import Cron
from migrator.document import value_to_json
from migrator.plan.changes import ACTIONS, Action, Change, FieldChange, Plan
from migrator.plan.policy import policies_of
from migrator.report.overview import Edit, Overview, OverviewRow, Tally, Tone
from migrator.report.overview.rows import (
    fires_by_hour,
    loss_row,
    not_migrated,
    text_parts,
    total_losses,
    verdict_tallies,
    with_schedule,
)
from migrator.report.plans import LOSING, SYMBOLS, TENSES, UP_TO_DATE
from migrator.report.text import clean, look_alike, stamp, value_words
from migrator.soundness import contrast

_TONES: Final[Mapping[Action, Tone]] = {
    "create": "good",
    "update": "warn",
    "replace": "warn",
    "pause": "note",
    "resume": "move",
    "delete": "bad",
    "adopt": "move",
    "none": "quiet",
    "blocked": "bad",
}
_SHOWN: Final = 400
"""Characters of a value that are shown: a page has more room than a line."""


def plan_overview(plan: Plan) -> Overview:
    """Return a plan as the contents of a report; a saved plan lacks required settings and pauses."""
    rows = tuple(_row(changes, plan) for changes in _grouped(plan.changes))
    until = plan.needs_resync_by
    return Overview(
        kind="plan",
        name=clean(plan.sync),
        source=clean(plan.source),
        target=clean(plan.target),
        at=plan.created_at,
        facts={
            "Jobs": f"{len(rows):,}",
            "Exact": f"until {stamp(until)}, renewed by each sync" if until else "yes",
            "Scope": clean(plan.target_scope),
        },
        lead=tuple(_lead(plan, rows)),
        refusal=clean(plan.refusal),
        outcomes=tuple(
            Tally(
                key=action,
                sign=SYMBOLS[action].strip() or "·",
                short=_SHORT.get(action, action),
                words=TENSES[action],
                tone=_TONES[action],
                jobs=sum(row.outcome == action for row in rows),
                pressing=action != "none",
            )
            for action in ACTIONS
            if plan.summary[action]
        ),
        verdicts=verdict_tallies(rows),
        decisions=policies_of(plan.changes),
        losses=total_losses(row for row in rows if row.outcome in LOSING),
        rows=rows,
        week=fires_by_hour(rows),
        left_out=not_migrated(rows),
    )


_SHORT: Final[Mapping[Action, str]] = {"none": "unchanged"}


def _lead(plan: Plan, rows: Sequence[OverviewRow]) -> list[str]:
    """Return how many source jobs have each action, with the target jobs where these are more."""
    jobs = Counter(row.outcome for row in rows)
    counts = [
        f"{jobs[action]:,} {words}" + (f" ({number:,} target jobs)" if number != jobs[action] else "")
        for action, words in TENSES.items()
        if (number := plan.summary[action])
    ]
    drawn = [f"{', '.join(counts) or 'No jobs'}."]
    if not plan.pending and not plan.blocked and not plan.refusal:
        drawn.append(UP_TO_DATE)
    return drawn


def _grouped(changes: Iterable[Change]) -> Iterable[Sequence[Change]]:
    """Return the changes of one job that are alike, as one group: the parts of a split; blocked changes come first."""
    groups: dict[tuple[Any, ...], list[Change]] = {}
    for change in changes:
        alone = () if change.source else (change.target, change.name)
        groups.setdefault((change.action, change.source, *alone), []).append(change)
    order = ("blocked", *(action for action in ACTIONS if action != "blocked"))
    return sorted(groups.values(), key=lambda group: order.index(group[0].action))


def _row(changes: Sequence[Change], plan: Plan) -> OverviewRow:
    first = changes[0]
    plain = OverviewRow(
        outcome=first.action,
        name=clean(first.name if len(changes) > 1 else first.label) or str(first.source or first.target),
        pieces=len(changes),
        source=clean(str(first.source)) if first.source else "",
        targets=tuple(clean(str(change.target)) for change in changes if change.target),
        paused=_is_paused(first),
        reason=clean("; ".join(dict.fromkeys(change.reason for change in changes if change.reason))),
        settles=tuple(decision.line for decision in policies_of(changes)),
        verdict="",
        losses=tuple(loss_row(loss) for loss in first.losses),
        edits=tuple(edit for change in changes for edit in _edits(change, plan)),
    )
    schedule = first.schedule
    if schedule is None:
        return plain
    moves = _drop_fires(first)
    return with_schedule(plain, schedule, first.new_fields(), start=plan.created_at, moves=moves)


def _drop_fires(change: Change) -> bool:
    """Return whether the target fires as the change's schedule says, once the plan is applied."""
    if change.action == "blocked":
        return change.target is not None and not any(field.path in TRIGGER_PATHS for field in change.fields)
    return change.action != "delete"


def _is_paused(change: Change) -> bool:
    """Return whether the job is paused once the plan is applied."""
    enabled = [field.new for field in change.fields if field.path == "enabled"]
    return enabled[-1] is False if enabled else not change.live


def _edits(change: Change, plan: Plan) -> Iterable[Edit]:
    """Yield the fields that change; of a new job all but its name, and no schedule that the row shows already."""
    for field in change.fields:
        if field.path in TRIGGER_PATHS and (change.action == "create" or change.pieces > 1):
            continue
        if change.action == "create" and field.path == "name":
            continue
        yield _edit(field, plan, note=_note(field, plan), is_new=change.action == "create")
    for field in change.back.fields if change.back else ():
        yield _edit(field, plan, note=f"at the source: {clean(field.reason)}")


def _edit(field: FieldChange, plan: Plan, *, note: str, is_new: bool = False) -> Edit:
    old, new = "" if is_new else _words(field.remote, plan), _words(field.new, plan)
    if isinstance(field.remote, str) and isinstance(field.new, str) and look_alike(field.remote, field.new):
        old, new = contrast(field.remote, field.new)
    return Edit(
        path=field.path,
        old=old,
        new=new,
        note=note,
        parts=text_parts(field.remote, field.new),
    )


def _note(field: FieldChange, plan: Plan) -> str:
    """Return the note that a field was changed at the target, with the value last applied."""
    if field.remote == field.old or field.old is None:
        return ""
    return f"{clean(field.reason)}; last applied: {_words(field.old, plan)}"


def _words(value: Any, plan: Plan) -> str:
    return clean(str(value)) if isinstance(value, Cron) else value_words(value_to_json(value, plan.dialect), _SHOWN)
