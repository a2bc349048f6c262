"""A plan as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from migrator.canonical import PATHS, TRIGGER_PATHS
from migrator.convert.schedule import EXACT, ConvertedSchedule
from migrator.cron import Cron
from migrator.cron.zones import tzdata_version
from migrator.document import value_to_json
from migrator.isolation import attempt
from migrator.mapping.codecs import write_cron, write_time
from migrator.plan.changes import Action, Change, FieldChange, Plan
from migrator.plan.compare import BOTH
from migrator.prompt_envelope import carried_by
from migrator.providers.registry import PROVIDERS
from migrator.report.groups import grouped, of_change
from migrator.report.schedules import Piece, coming, fires_words, piece_words, verdict_words
from migrator.report.text import Line, clean, count, line, pad, shorten_both, stamp, value_words

SYMBOLS: Final[Mapping[Action, str]] = {
    "create": "+",
    "update": "~",
    "replace": "±",
    "pause": "‖",
    "resume": "▶",
    "delete": "-",
    "adopt": "&",
    "none": " ",
    "blocked": "!",
}
STYLES: Final[Mapping[Action, str]] = {
    "create": "green",
    "update": "yellow",
    "replace": "magenta",
    "pause": "blue",
    "resume": "cyan",
    "delete": "red",
    "adopt": "cyan",
    "none": "dim",
    "blocked": "bold red",
}

_FIRES: Final = 3
_NAMED: Final = 5
"""Jobs of one date that are named."""
LOSING: Final = frozenset({"create", "update", "replace", "adopt"})
_CLOCKS: Final = ("trigger.cron", "trigger.at")
_LABELS: Final = max(map(len, PATHS))
"""Columns for what a line is about: a canonical path, or "schedule"."""


def plan_lines(plan: Plan, *, command: str = "", verbose: bool = False) -> Iterator[Line]:
    """Yield a plan as a diff, and its summary.

    Args:
        plan: what would change.
        command: what applies it, "" when that is about to be asked.
        verbose: every field of new jobs, and the unchanged jobs.
    """
    yield line((f"{plan.sync}: {plan.source} → {plan.target}", "bold"))
    yield line("")
    shown = [change for change in plan.changes if change.action != "none" or verbose]
    explained: set[tuple[Action, str]] = set()
    for change in shown:
        key = change.action, str(change.source)
        yield head(change)
        first = key not in explained or change.pieces == 1
        yield from _drawn(partial(_change_lines, change, plan, first=first, verbose=verbose))
        explained.add(key)
    if shown:
        yield line("")
    yield from summary_lines(plan, command=command)


def summary_lines(plan: Plan, *, command: str = "") -> Iterator[Line]:
    """Yield how many changes there are, what is refused and why, and the next command."""
    counts = [f"{plan.summary[action]:,} {words}" for action, words in TENSES.items() if plan.summary[action]]
    yield line(("Plan: ", "bold"), ", ".join(counts) or "no jobs", ".")
    losses = {(str(c.source), loss.path, loss.reason) for c in plan.changes if c.action in LOSING for loss in c.losses}
    yield from reasons("Data loss", sorted(f"{path}: {reason}" for _source, path, reason in losses))
    yield from note_lines(plan, named=False)
    yield from blocked_lines(plan, named=False)
    if plan.refusal:
        yield line(("Plan refused: ", "bold red"), clean(plan.refusal))
        return
    yield from promise_lines(plan)
    yield from double_lines(plan)
    if plan.pending and command:
        yield line("To apply: ", (command, "bold"))
    elif not plan.pending and not plan.blocked:
        yield line(UP_TO_DATE)


UP_TO_DATE: Final = "No changes. The target is up to date."
TENSES: Final[Mapping[Action, str]] = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "pause": "to pause",
    "resume": "to resume",
    "delete": "to delete",
    "adopt": "to adopt",
    "none": "unchanged",
    "blocked": "blocked",
}


def double_lines(plan: Plan, *, is_done: bool = False) -> Iterator[Line]:
    """Yield how many jobs the plan makes active on both sides, and how to avoid or to end that."""
    sources = {change.source.provider for change in plan.changes if change.source}
    if not plan.doubled or not any(PROVIDERS[name].capabilities.runs_jobs for name in sources):
        return
    command, staged = f"migrator cutover {plan.sync}", f"migrator apply {plan.sync} --staged"
    when, how = "", f"To end that: {command}"
    if not is_done:
        when, how = " afterwards", f"To avoid that: {staged}. To end it later: {command}"
    yield line((f"ACTIVE ON BOTH SIDES{when} (runs twice): {count(len(plan.doubled), 'job')}. ", "bold yellow"), how)


def promise_lines(plan: Plan) -> Iterator[Line]:
    """Yield until when every schedule is exact, and the zones whose data may differ."""
    if until := plan.needs_resync_by:
        yield line(f"Schedules are exact until {stamp(until)}, renewed by each sync.")
    for zone, since in plan.young_zone_rules.items():
        yield line(
            (f"{clean(zone)}: ", "bold"),
            f"new clock rule since about {since}; {clean(plan.source)} and {clean(plan.target)} may use older "
            f"time zone data than {tzdata_version()}.",
        )


def expiry_lines(plan: Plan) -> Iterator[Line]:
    """Yield which jobs stop being exact when, if no sync renews them."""
    promises = plan.promises
    if not promises:
        return
    yield line(("Exact until, renewed by each sync:", "bold"))
    for until, names in promises.items():
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        yield line(f"{stamp(until)}  {', '.join(map(clean, names[:_NAMED]))}{more}", indent=2)


def note_lines(plan: Plan, *, named: bool = True) -> Iterator[Line]:
    """Yield the notes on unchanged jobs: each reason once, and on request the jobs' names."""
    unchanged = (change for change in plan.changes if change.action == "none" and change.reason)
    yield from grouped("Unchanged, with a note", map(of_change, unchanged), named=named)


def blocked_lines(plan: Plan, *, named: bool = True) -> Iterator[Line]:
    """Yield why jobs are blocked: each reason once, and on request the jobs' names."""
    yield from grouped("Blocked", map(of_change, plan.blocked), named=named)


def reasons(title: str, texts: Iterable[str]) -> Iterator[Line]:
    """Yield each sentence once, with how often it occurs; the most frequent first."""
    counted = Counter(texts).most_common()
    if counted:
        yield line((f"{title}:", "bold"))
        yield from (line(f"{number:,} x {clean(text)}", indent=2) for text, number in counted)


def head(change: Change) -> Line:
    """Return a change's symbol and the job's name."""
    style = STYLES[change.action]
    return line((f"{SYMBOLS[change.action]} ", style), (clean(change.label), style))


def _drawn(lines: Callable[[], Iterable[Line]]) -> list[Line]:
    """Return the lines of one job, or the one that says why it cannot be drawn."""
    found = attempt("drawn", lambda: list(lines()))
    return found if isinstance(found, list) else [line(clean(str(found)), indent=4)]


def _change_lines(change: Change, plan: Plan, *, first: bool, verbose: bool) -> Iterator[Line]:
    """Yield what changes of a job; of several parts, the first shows what they have in common."""
    if change.reason:
        yield line(clean(change.reason), indent=4)
    if change.action != "create":
        skipped = () if change.pieces > 1 else TRIGGER_PATHS
        yield from _fields((field for field in change.fields if field.path not in skipped), plan)
        for field in change.back.fields if change.back else ():
            yield _labelled(field.path, "at the source: ", *_arrow(*_both(field.old, field.new, plan)))
    elif first:
        yield from _created(change, plan, verbose=verbose)
    if first and change.schedule and change.action != "delete" and (_touches_schedule(change) or verbose):
        yield from _schedule_lines(change.schedule, change, plan)
    if first and change.action in LOSING:
        yield from _loss_lines(change)


def _created(change: Change, plan: Plan, *, verbose: bool) -> Iterator[Line]:
    """Yield what a new job does, with what travels in the event of a prompt; all of its fields only on request."""
    for field in change.fields:
        if field.path in TRIGGER_PATHS or field.path == "name":
            continue
        if field.path == "action.payload" and (carried := carried_by(field.new)):
            yield from (_labelled(path, value_words(value)) for path, value in carried.items())
            continue
        if verbose or field.path in {"action.text", "action.event"} or (field.path, field.new) == ("enabled", False):
            yield _labelled(field.path, _words(field.new, plan))


def _fields(fields: Iterable[FieldChange], plan: Plan) -> Iterator[Line]:
    for field in fields:
        if field.reason == BOTH:
            yield from side_by_side(field, plan)
            continue
        yield _labelled(field.path, *_arrow(*_both(field.remote, field.new, plan)))
        if field.remote != field.old and field.old is not None:
            yield _labelled("", f"{field.reason}; last applied: {_words(field.old, plan)}")


def side_by_side(field: FieldChange, plan: Plan) -> Iterator[Line]:
    """Yield a field that both sides have changed: what each of them has, and what they had in common."""
    yield _labelled(field.path, f"source: {_words(field.new, plan)}")
    yield _labelled("", f"target: {_words(field.remote, plan)}")
    yield _labelled("", f"last applied: {_words(field.old, plan)}")


def _both(old: Any, new: Any, plan: Plan) -> tuple[str, str]:
    if isinstance(old, str) and isinstance(new, str):
        return shorten_both(old, new)
    return _words(old, plan), _words(new, plan)


def _words(value: Any, plan: Plan) -> str:
    return clean(str(value)) if isinstance(value, Cron) else value_words(value_to_json(value, plan.dialect))


def _labelled(label: str, *parts: str | tuple[str, str]) -> Line:
    return line((pad(label, _LABELS) + " ", "dim"), *parts, indent=4, hang=_LABELS + 1)


def _arrow(old: str, new: str) -> tuple[str | tuple[str, str], ...]:
    """Return the parts of a line from an old value to a new one."""
    return (old, "red"), " → ", (new, "green")


def _loss_lines(change: Change) -> Iterator[Line]:
    """Yield the data that a job loses; the summary has the reasons."""
    for number, loss in enumerate(change.losses):
        had, becomes = (value_words(value_to_json(value, "")) for value in (loss.had, loss.becomes))
        kept = "" if loss.becomes is None else f" → {becomes}"
        yield _labelled("" if number else "data loss", (f"{loss.path} {had}{kept}", "yellow"))


# -- schedules --------------------------------------------------------------------------------------------------------


def _touches_schedule(change: Change) -> bool:
    return any(field.path in TRIGGER_PATHS for field in change.fields)


def _schedule_lines(schedule: ConvertedSchedule, change: Change, plan: Plan) -> Iterator[Line]:
    """Yield from what to what, how faithful that is, and when the job fires next by its own clock."""
    source = schedule.evidence.get("source")
    pieces: tuple[Piece, ...] = schedule.pieces or tuple(_untranslated(change))
    said = [piece_words(source)] if source else []
    said += [" + ".join(piece_words(piece) for piece in pieces)] if pieces else []
    verdict = verdict_words(
        schedule.verdict,
        pieces=len(pieces),
        until=schedule.until,
        flags=schedule.flags,
        evidence=schedule.evidence,
    )
    yield _labelled("schedule", " → ".join(said) or verdict)
    if was := [_words(field.remote, plan) for field in change.fields if field.path in _CLOCKS and field.remote]:
        yield _labelled("", "was ", (", ".join(was), "red"))
    if said:
        yield _labelled("", verdict)
    firing = [source] if source and schedule.verdict in EXACT else pieces
    if fires := coming(firing, after=plan.created_at, number=_FIRES):
        timezone = (source or pieces[0]).get("timezone", "UTC")
        yield _labelled("", f"next {fires_words(fires, timezone)} ({timezone})")


def _untranslated(change: Change) -> Iterator[Piece]:
    """Yield the schedule of a new job whose platform takes every dialect."""
    fields = change.new_fields()
    if isinstance(cron := fields.get("trigger.cron"), Cron):
        text = write_cron(cron, cron.dialect)
        yield {"text": text, "dialect": cron.dialect, "timezone": fields["trigger.timezone"]}
    elif "trigger.at" in fields:
        yield {"at": write_time(fields["trigger.at"])}
