"""Translating a trigger to another platform, with a verdict that is proved, not hoped for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Literal, get_args

from attrs import evolve, frozen

from migrator.cron.ambiguous import source_cron
from migrator.cron.approximate import closest
from migrator.cron.caveats import Caveats, caveats_of
from migrator.cron.clocks import meets_change
from migrator.cron.dialects import DIALECTS
from migrator.cron.fires import check_zone, fires_after
from migrator.cron.firesets import FireSet, Window, size
from migrator.cron.interval import spread, too_often
from migrator.cron.model import ON_THE_MINUTE, Once, Recurring, as_utc
from migrator.cron.one_time import from_fires, from_instant
from migrator.cron.parser import dialect_named, parse
from migrator.cron.perpetual import for_ever
from migrator.cron.task import Rendered, TranslationPlan, TranslationTask, first_difference, is_exact, source_fires
from migrator.cron.verdict import Kind, Piece, Translation, Verdict
from migrator.cron.window import window_plan
from migrator.cron.zones import DAY, EPOCH, from_minutes, to_minutes, tzdata_version
from migrator.errors import ScheduleError

Mode = Literal["auto", "exact", "window", "year", "single"]
_MODES: Final = get_args(Mode)

_NO_TIME: Final = timedelta(0)
_MINUTE: Final = timedelta(minutes=1)
_YEAR: Final = timedelta(days=365)
_ABOUT_A_YEAR: Final = timedelta(days=367)
_RENEW: Final = frozenset({"needs_resync_by"})
_RESOLUTION: Final = timedelta(microseconds=1)
_LOOK_AHEAD: Final = 400 * DAY
_DECADE: Final = 3653 * DAY
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2100
_LONGEST: Final = timedelta(days=36_600)


@frozen(kw_only=True, slots=False)
class _Promise:
    """What the caller wants to hold: from `now`, for `horizon`, in at most `max_pieces` jobs."""

    now: datetime
    horizon: timedelta
    mode: Mode
    max_pieces: int
    max_one_time: int
    min_interval: int
    split_for_interval: int


def translate(
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
    reading: Mapping[str, str] | None = None,
    min_interval: int | None = None,
    split_for_interval: int = 1,
) -> Translation:
    """The jobs of another platform that fire at the source's instants.

    Args:
        trigger: what to translate; a cron text is read in the source dialect.
        source: the dialect that the source platform evaluates.
        target: the dialect to say it in.
        target_timezone: the one zone that the target evaluates; None when it takes any.
        now: the start of what is promised, aware.
        horizon: how long an exact verdict must hold at least.
        mode: "auto" prefers one expression that is always equal, then several, then the rolling window; "exact" takes
            nothing but that; "window" takes the fewest expressions that are exact until now + horizon; "year" the
            same for 365 days (the most that dates without a year can tell apart) or more; "single" one expression,
            approximate if need be.
        max_pieces: a schedule that needs more jobs than that is refused.
        max_one_time: a schedule with no more fires left than that becomes one-time jobs.
        reading: how texts are read on which engines disagree, as `parse` takes it. Without it, such a text is
            impossible with the flag "ambiguous_source", and the reason names its readings.
        min_interval: minutes that the platform wants between two fires of a job; None for what the dialect says.
        split_for_interval: one expression that fires more often becomes up to so many jobs; 1 for none.

    Raises:
        ScheduleError: an unknown dialect, mode or reading, `now` without a zone, or no horizon. What a schedule cannot
            do is a verdict, never an error.
    """
    dialect_named(source)
    dialect_named(target)
    now = as_utc(now, field_name="now")
    if not _FIRST_YEAR <= now.year <= _LAST_YEAR:
        allowed = f"{_FIRST_YEAR} to {_LAST_YEAR}"
        raise ScheduleError("the year is out of range", dialect=source, field="now", allowed=allowed)
    if mode not in _MODES:
        raise ScheduleError(f"unknown mode {mode!r}", dialect=target, allowed=_MODES)
    if not _NO_TIME < horizon <= _LONGEST:
        raise ScheduleError("the horizon is out of range", dialect=target, field="horizon", allowed="up to a century")
    if isinstance(trigger, Once):
        return from_instant(trigger.at, target, target_timezone, now)
    cron = source_cron(trigger, source, reading, now)
    if isinstance(cron, Translation):
        return cron
    try:
        check_zone(target_timezone or "UTC", target)
    except ScheduleError as error:
        return _impossible(str(error))
    if cron.seconds != ON_THE_MINUTE and "second" not in DIALECTS[target].fields:
        return _impossible(f"{target} has no seconds, and the schedule fires at other seconds than 0")
    if mode == "year" and horizon < _ABOUT_A_YEAR:
        horizon = _YEAR
    task = TranslationTask(
        cron=cron,
        zone=trigger.timezone,
        source=source,
        target=target,
        target_zone=target_timezone or trigger.timezone,
        free_zone=target_timezone is None,
        window=_window(now, horizon, whole_minutes=cron.seconds == ON_THE_MINUTE),
    )
    promise = _Promise(
        now=now,
        horizon=horizon,
        mode=mode,
        max_pieces=max_pieces,
        max_one_time=max_one_time,
        min_interval=DIALECTS[target].floor_minutes if min_interval is None else min_interval,
        split_for_interval=split_for_interval,
    )
    try:
        return _translate(task, promise)
    except ScheduleError as error:  # the target cannot hold what was found
        return _impossible(str(error), cron.flags)


@lru_cache(maxsize=64)
def _window(now: datetime, horizon: timedelta, *, whole_minutes: bool) -> Window:
    """The minutes of the promise; with seconds, also the one that has begun."""
    start = -((EPOCH - now) // _MINUTE) if whole_minutes else to_minutes(now)
    return Window(start, -((EPOCH - now - horizon) // _MINUTE))


def _translate(task: TranslationTask, promise: _Promise) -> Translation:
    fires = source_fires(task, task.window)
    finite = task.cron.years is not None
    left: list[datetime] = []
    if finite or not fires:
        count = promise.max_one_time + 1 if finite else 1
        start = promise.now if fires else from_minutes(task.window.end)
        left = list(islice(fires_after(task.cron, task.zone, start - _RESOLUTION, task.source), count))
        if not left:
            return _dead(task)
        if finite and len(left) < count and DIALECTS[task.target].one_time == "trigger":
            known = caveats_of(task)
            flags, evidence = _flags(task, task.window.end, known), _evidence(promise, known)
            return from_fires(left, task.target, flags=flags, evidence=evidence)
    lasting = for_ever(task)
    if lasting and not (len(lasting) <= promise.max_pieces and is_exact(task, lasting, fires)):
        lasting = None
    if lasting and (len(lasting) == 1 or promise.mode in {"auto", "exact"}):
        return _verdict(task, promise, TranslationPlan(said=lasting), fires)
    if promise.mode == "exact":
        return _impossible(_why_not_for_ever(task), task.cron.flags)
    plan = window_plan(task, fires, None if fires else left[0])
    if lasting and (plan is None or len(lasting) <= len(plan.said)):
        plan = TranslationPlan(said=lasting)
    if promise.mode == "single" and (plan is None or len(plan.said) > 1):
        nearest = closest(task, promise.now)
        said = tuple(Rendered(cron=parse(p.text, task.target), zone=p.timezone) for p in nearest.pieces if p.text)
        kept = spread(task, said, promise.min_interval, 1) is not None
        return nearest if kept else too_often(task, said, promise.min_interval, promise.max_pieces)
    if plan is None:
        what = f"no set of {task.target} expressions in {task.target_zone} fires at exactly these instants"
        return _impossible(what, task.cron.flags)
    return _verdict(task, promise, plan, fires)


def _verdict(task: TranslationTask, promise: _Promise, plan: TranslationPlan, fires: FireSet) -> Translation:
    said = spread(task, plan.said, promise.min_interval, promise.split_for_interval)
    if said is None:
        return too_often(task, plan.said, promise.min_interval, promise.max_pieces)
    plan = plan if said is plan.said else evolve(plan, said=said)
    count = len(said)
    if count > promise.max_pieces:
        what = f"it would take {count} jobs, and {promise.max_pieces} are allowed"
        return _impossible(what, task.cron.flags)
    known = caveats_of(task)
    evidence = _evidence(promise, known)
    evidence["source_fires"] = evidence["target_fires"] = size(fires)
    evidence["differing"] = []
    pieces = tuple([Piece(text=p.text, timezone=p.zone, at=p.at, dialect=task.target) for p in plan.said])
    what = "one expression fires" if count == 1 else f"{count} jobs together fire"
    if plan.until is None:
        kind: Kind = "exact" if count == 1 else "exact_split"
        evidence["proof"] = "exact"
        reason = f"{what} at exactly the same instants"
        verdict = Verdict(kind=kind, reason=reason, flags=_flags(task, None, known), evidence=evidence)
        return Translation(pieces=pieces, verdict=verdict)
    minute = plan.until
    if not plan.tight:
        end = minute + _LOOK_AHEAD
        minute = first_difference(task, plan.said, minute, end) or end
    evidence["proof"] = "fire sets, until it must be renewed"
    reason = f"{what} at exactly the same instants until {_shown(minute)}, and must be renewed before"
    flags = _flags(task, minute, known) | _RENEW
    verdict = Verdict(kind="exact_until", until=from_minutes(minute), reason=reason, flags=flags, evidence=evidence)
    return Translation(pieces=pieces, verdict=verdict)


@lru_cache(maxsize=1024)
def _shown(minute: int) -> str:
    return f"{from_minutes(minute):%Y-%m-%d %H:%M} UTC"


def _evidence(promise: _Promise, known: Caveats) -> dict[str, Any]:
    evidence: dict[str, Any] = {"horizon": list(_horizon(promise.now, promise.horizon)), "tzdata": tzdata_version()}
    if known.young:
        evidence["young_zone_rules"] = dict(known.young)
    if known.oddities:
        evidence["oddities"] = list(known.oddities)
    return evidence


@lru_cache(maxsize=64)
def _horizon(now: datetime, horizon: timedelta) -> tuple[str, str]:
    return now.isoformat(), (now + horizon).isoformat()


def _flags(task: TranslationTask, until: int | None, known: Caveats) -> frozenset[str]:
    flags = task.cron.flags
    same = task.source == task.target and task.zone == task.target_zone
    if not same and (_clock_assumed(task.source) or _clock_assumed(task.target)):
        end = task.window.start + _DECADE if until is None else until
        if meets_change(task.cron, task.zone, task.window.start, end):
            flags |= {"dst_policy_assumed"}
    return flags | known.flags if known.flags else flags


@lru_cache(maxsize=256)
def _clock_assumed(dialect: str) -> bool:
    return DIALECTS[dialect].clock.evidence == "assumed"


def _why_not_for_ever(task: TranslationTask) -> str:
    if task.zone == task.target_zone:
        return f"no set of {task.target} expressions says the same in every year and at every clock change"
    return f"no set of {task.target} expressions in {task.target_zone} follows the clock of {task.zone} in every year"


def _dead(task: TranslationTask) -> Translation:
    years = task.cron.years
    if years and max(years) < from_minutes(task.window.start).year:
        reason = f"expired: its last year was {max(years)}"
    elif years is not None:
        reason = "expired: all of its dates have passed"
    else:
        reason = "it never fires: no date and time of any year fits"
    evidence = {
        "proof": "enumeration",
        "source_fires": 0,
        "target_fires": 0,
        "differing": [],
        "tzdata": tzdata_version(),
    }
    return Translation(verdict=Verdict(kind="dead", reason=reason, flags=task.cron.flags, evidence=evidence))


def _impossible(reason: str, flags: frozenset[str] = frozenset()) -> Translation:
    return Translation(verdict=Verdict(kind="impossible", reason=reason, flags=flags))
