"""Jobs for single instants, there and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import evolve

from migrator.cron.dialects import DIALECTS
from migrator.cron.fires import check_zone, fires_after
from migrator.cron.model import Cron, dates_of
from migrator.cron.parser import parse
from migrator.cron.renderer import render
from migrator.cron.verdict import Piece, Translation, Verdict
from migrator.cron.zones import EPOCH, load_zone, tzdata_version
from migrator.errors import ScheduleError

_JUST: Final = timedelta(microseconds=1)
_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)


def from_fires(
    fires: Sequence[datetime], target: str, *, flags: frozenset[str], evidence: Mapping[str, Any]
) -> Translation:
    """One job for each of a schedule's last fires."""
    pieces = tuple(Piece(text=None, at=at, dialect=target) for at in fires)
    reason = (
        f"it fires once more, at {fires[0]:%Y-%m-%d %H:%M} UTC"
        if len(fires) == 1
        else (f"it fires {len(fires)} more times, the last at {fires[-1]:%Y-%m-%d %H:%M} UTC")
    )
    evidence = {**evidence, **_counted(len(fires))}
    return Translation(pieces=pieces, verdict=Verdict(kind="one_time", reason=reason, flags=flags, evidence=evidence))


def from_instant(at: datetime, target: str, target_timezone: str | None, now: datetime) -> Translation:
    """One instant on another platform: as its one-time trigger, or as an expression that names the year."""
    if at < now:
        return Translation(verdict=Verdict(kind="dead", reason=f"its instant, {at.isoformat()}, has passed"))
    rules = DIALECTS[target]
    zone = target_timezone or "UTC"
    if rules.one_time == "trigger":
        return _single(Piece(text=None, at=at, dialect=target), at)
    if not rules.min_year <= at.year <= rules.max_year:
        return _refused(f"the year {at.year} is beyond those of {target}, {rules.min_year} to {rules.max_year}")
    whole = _rounded_up(at, _SECOND if "second" in rules.fields else _MINUTE)
    found = _by_expression(whole, target, zone, now)
    return found if whole == at else _later(found, at, whole, target)


def _by_expression(at: datetime, target: str, zone: str, now: datetime) -> Translation:
    """One instant as an expression, on a platform that fires on such instants."""
    rules = DIALECTS[target]
    try:
        check_zone(zone, target)
    except ScheduleError as error:
        return _refused(str(error))
    local = at.astimezone(load_zone(zone))
    if not rules.min_year <= local.year <= rules.max_year:
        return _refused(f"the year {local.year} is beyond those of {target}, {rules.min_year} to {rules.max_year}")
    cron = dated(local, year=rules.one_time == "year")
    if next(fires_after(cron, zone, now - _JUST, target), None) != at:
        return _refused(f"by the clock of {zone} the instant {at.isoformat()} cannot be told from another one")
    text = render(cron, target)
    assert parse(text, target) == cron
    if rules.one_time == "year":
        return _single(Piece(text=text, timezone=zone, at=at, dialect=target), at)
    again = next(fires_after(cron, zone, at, target), None)
    return Translation(
        pieces=(Piece(text=text, timezone=zone, dialect=target),),
        verdict=Verdict(
            kind="exact_until",
            until=again,
            reason=f"{target} has no one-time jobs: this one must be removed before it fires again a year later",
            flags=frozenset({"needs_resync_by"}),
            evidence=_counted(1),
        ),
    )


def _rounded_up(at: datetime, unit: timedelta) -> datetime:
    """The first whole minute or second that is not before an instant: a job may be late, but not early."""
    return at + (EPOCH - at) % unit


def _later(found: Translation, at: datetime, whole: datetime, target: str) -> Translation:
    """A translation to a later instant than the one that was asked for."""
    if not found.pieces:
        return found
    unit = "seconds" if "second" in DIALECTS[target].fields else "minutes"
    reason = f"{target} fires on whole {unit}: it fires at {whole.isoformat()}, and not at {at.isoformat()}"
    evidence = {
        **found.verdict.evidence,
        "missing": 1,
        "extra": 1,
        "shift_minutes": 1,
        "shift_seconds": (whole - at).total_seconds(),
        "rounded": [at.isoformat(), whole.isoformat()],
        "differing": [at.isoformat(), whole.isoformat()],
    }
    return evolve(found, verdict=evolve(found.verdict, kind="approximate", reason=reason, evidence=evidence))


def dated(local: datetime, *, year: bool) -> Cron:
    """The schedule of one local minute: its time, day and month, and its year where that can be said."""
    return Cron(
        minutes=frozenset({local.minute}),
        hours=frozenset({local.hour}),
        seconds=frozenset({local.second}),
        dates=dates_of(
            months=frozenset({local.month}),
            days=frozenset({local.day}),
            years=frozenset({local.year}) if year else None,
        ),
    )


def _single(piece: Piece, at: datetime) -> Translation:
    return Translation(
        pieces=(piece,),
        verdict=Verdict(
            kind="one_time",
            reason=f"it fires once, at {at:%Y-%m-%d %H:%M} UTC",
            evidence=_counted(1),
        ),
    )


def _counted(fires: int) -> dict[str, Any]:
    proof = {"proof": "enumeration", "source_fires": fires, "target_fires": fires, "differing": []}
    return {**proof, "tzdata": tzdata_version()}


def _refused(reason: str) -> Translation:
    return Translation(verdict=Verdict(kind="impossible", reason=reason))
