"""Translating a trigger to another platform, with a verdict that is proved, not hoped for."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal, get_args

from attrs import evolve, frozen

from migrator.cron.approximate import closest
from migrator.cron.clocks import meets_change
from migrator.cron.dialects import DIALECTS
from migrator.cron.fires import check_zone, fires_after
from migrator.cron.firesets import FireSet, Window, size
from migrator.cron.model import ON_THE_MINUTE, Cron, Once, Recurring, as_utc
from migrator.cron.one_time import from_fires, from_instant
from migrator.cron.parse import dialect_named, parse
from migrator.cron.plan import Plan, Task, first_difference, for_ever, never_together, plan_fires, source_fires
from migrator.cron.verdict import Kind, Piece, Translation, Verdict
from migrator.cron.window import window_plan
from migrator.cron.zones import DAY, EPOCH, from_minutes, tzdata_version
from migrator.errors import ScheduleError

Mode = Literal["auto", "exact", "window", "year", "single"]

_MINUTE: Final = timedelta(minutes=1)
_YEAR: Final = timedelta(days=365)
_LOOK_AHEAD: Final = 400 * DAY


@frozen(kw_only=True)
class _Promise:
    """What the caller wants to hold: from `now`, for `horizon`, in at most `max_pieces` jobs."""

    now: datetime
    horizon: timedelta
    mode: Mode
    max_pieces: int
    max_one_time: int


def translate(  # noqa: PLR0913 (the public signature; everything but the trigger is by name)
    trigger: Recurring | Once,
    *,
    source: str,
    target: str,
    target_timezone: str | None = None,
    now: datetime,
    horizon: timedelta,
    mode: Mode = "auto",
    max_pieces: int = 64,
    max_one_time: int = 4,
) -> Translation:
    """The jobs of another platform that fire at the source's instants.

    Args:
        trigger: what to translate; a cron text is read in the source dialect.
        source: the dialect that the source platform evaluates.
        target: the dialect to say it in.
        target_timezone: the one zone that the target evaluates; None when it takes any.
        now: the start of what is promised, aware.
        horizon: how long an exact verdict must hold at least.
        mode: "auto" prefers one expression that is equal for ever, then several, then the rolling window; "exact" takes
            nothing but for ever; "window" takes the fewest expressions that are exact until now + horizon; "year" the
            same for at least a year; "single" one expression, approximate if need be.
        max_pieces: a schedule that needs more jobs than that is refused.
        max_one_time: a schedule with no more fires left than that becomes one-time jobs.

    Raises:
        ScheduleError: an unknown dialect or mode, `now` without a zone, or no horizon. What a schedule cannot do is a
            verdict, never an error.
    """
    dialect_named(source)
    dialect_named(target)
    now = as_utc(now, field_name="now")
    if mode not in get_args(Mode):
        raise ScheduleError(f"there is no mode {mode!r}", dialect=target, allowed=", ".join(get_args(Mode)))
    if horizon <= timedelta(0):
        raise ScheduleError("the horizon must lie after now", dialect=target, field="horizon")
    if isinstance(trigger, Once):
        return from_instant(trigger.at, target, target_timezone, now)
    try:
        cron = parse(trigger.cron, source) if isinstance(trigger.cron, str) else trigger.cron
        check_zone(trigger.timezone, source)
        check_zone(target_timezone or "UTC", target)
    except ScheduleError as error:
        return _impossible(str(error))
    if cron.seconds != ON_THE_MINUTE and DIALECTS[target].fields[0] != "second":
        return _impossible(f"{target} has no seconds, and the schedule fires at other seconds than 0")
    horizon = max(horizon, _YEAR) if mode == "year" else horizon
    task = Task(
        cron=cron,
        zone=trigger.timezone,
        source=source,
        target=target,
        target_zone=target_timezone or trigger.timezone,
        free_zone=target_timezone is None,
        window=Window(-((EPOCH - now) // _MINUTE), -((EPOCH - now - horizon) // _MINUTE)),
    )
    promise = _Promise(now=now, horizon=horizon, mode=mode, max_pieces=max_pieces, max_one_time=max_one_time)
    return _translate(task, promise)


def _translate(task: Task, promise: _Promise) -> Translation:
    fires = source_fires(task, task.window)
    finite = task.cron.years is not None
    if finite or not fires:
        count = promise.max_one_time + 1 if finite else 1
        left = list(islice(fires_after(task.cron, task.zone, promise.now - _RESOLUTION, task.source), count))
        if not left:
            return _dead(task)
        if finite and len(left) < count and DIALECTS[task.target].one_time == "trigger":
            return from_fires(left, task.target, flags=_flags(task, task.window.end), evidence=_evidence(task, promise))
    else:
        left = []
    lasting = for_ever(task)
    if lasting is not None:
        lasting = lasting if plan_fires(task, lasting, task.window) == fires and never_together(lasting) else None
    if lasting is not None and (len(lasting) == 1 or promise.mode in {"auto", "exact"}):
        return _verdict(task, promise, Plan(said=lasting), fires)
    if promise.mode == "exact":
        return _impossible(_why_not_for_ever(task))
    plan = window_plan(task, fires, left[0] if left and not fires else None)
    if lasting is not None and (plan is None or len(lasting) <= len(plan.said)):
        plan = Plan(said=lasting)
    if promise.mode == "single" and (plan is None or len(plan.said) > 1):
        return closest(task, promise.now)
    if plan is None:
        return _impossible(f"no set of {task.target} expressions fires at exactly these instants")
    return _verdict(task, promise, plan, fires)


_RESOLUTION: Final = timedelta(microseconds=1)


def _verdict(task: Task, promise: _Promise, plan: Plan, fires: FireSet) -> Translation:
    if len(plan.said) > promise.max_pieces:
        return _impossible(f"it would take {len(plan.said)} jobs, and {promise.max_pieces} are allowed")
    until = plan.until
    if until is not None and not plan.tight:
        until = first_difference(task, plan.said, until, until + _LOOK_AHEAD) or until + _LOOK_AHEAD
    kind: Kind = "exact_until" if until is not None else "exact" if len(plan.said) == 1 else "exact_split"
    pieces = tuple(
        Piece(text=p.text, timezone=p.zone, at=p.at, dialect=task.target) for p in plan.said
    )
    flags = _flags(task, until)
    if until is not None:
        flags |= {"needs_resync_by"}
    evidence = _evidence(task, promise)
    evidence |= {"proof": "window" if until is not None else "for ever", "source_fires": size(fires)}
    evidence |= {"target_fires": evidence["source_fires"], "differing": []}
    at = from_minutes(until) if until is not None else None
    return Translation(
        pieces=pieces,
        verdict=Verdict(kind=kind, until=at, reason=_reason(kind, len(pieces), at), flags=flags, evidence=evidence),
    )


def _reason(kind: Kind, count: int, until: datetime | None) -> str:
    what = "one expression fires" if count == 1 else f"{count} expressions together fire"
    if until is None:
        return f"{what} at exactly the same instants, for ever"
    return f"{what} at exactly the same instants until {until:%Y-%m-%d %H:%M} UTC, and must be renewed before"


def _evidence(task: Task, promise: _Promise) -> dict[str, Any]:
    return {
        "horizon": [promise.now.isoformat(), (promise.now + promise.horizon).isoformat()],
        "tzdata": tzdata_version(),
    }


def _flags(task: Task, until: int | None) -> frozenset[str]:
    flags = task.cron.flags
    if task.source != task.target:
        end = until if until is not None else task.window.start + 10 * _LOOK_AHEAD
        if meets_change(task.cron, task.zone, task.window.start, end):
            flags |= {"dst_policy_assumed"}
    return flags


def _why_not_for_ever(task: Task) -> str:
    if task.zone == task.target_zone:
        return f"no {task.target} expression says the same in every year"
    return (
        f"no {task.target} expression in {task.target_zone} follows the clock of {task.zone} for ever; "
        "the window mode translates it for a time"
    )


def _dead(task: Task) -> Translation:
    years = task.cron.years
    if years and max(years) < from_minutes(task.window.start).year:
        reason = f"it never fires again: its last year was {max(years)}"
    elif years is not None:
        reason = "it never fires again: no date of its years lies ahead"
    else:
        reason = "it never fires: no date of any year fits"
    return Translation(verdict=Verdict(kind="dead", reason=reason, flags=task.cron.flags))


def _impossible(reason: str) -> Translation:
    return Translation(verdict=Verdict(kind="impossible", reason=reason))
