"""Schedules, verdicts and coming fires, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from migrator.cron import next_fires
from migrator.mapping.codecs import read_time
from migrator.report.text import clean, instant, stamp

Piece = Mapping[str, Any]
"""Text, dialect and timezone of a schedule, or the one instant `at`, as plans hold it."""

_FLAGS: Final[Mapping[str, str]] = {
    "dst_policy_assumed": "what happens when clocks change is assumed, not documented",
    "young_zone_rule": "the zone's clock rule is new: the other platform's time zone data may be older",
    "ambiguous_source": "the source's expression has several meanings",
    "unknown_fields": "the job has fields that its mapping does not know, and they may change when it fires",
}

_VERDICTS: Final[Mapping[str, str]] = {
    "exact": "exact",
    "exact_split": "exact, in {pieces} jobs",
    "exact_until": "exact until {until}, renewed by each sync",
    "one_time": "exact, each fire by a one-time job",
    "approximate": "approximate: {missing} of {source_fires} fires a year missed, {extra} added",
    "dead": "expired",
    "impossible": "cannot be expressed at the target",
    "none": "not time-based",
    "carried": "unchanged",
}


_NAMES: Final[Mapping[str, str]] = {
    "exact": "exact",
    "exact_split": "exact, each in several jobs",
    "exact_until": "exact until a date, renewed by each sync",
    "one_time": "exact, each fire by a one-time job",
    "approximate": "approximate: some fires are missed or added",
    "dead": "expired",
    "impossible": "cannot be expressed at the target",
    "none": "not time-based",
    "carried": "unchanged",
}


def verdict_name(verdict: str) -> str:
    """Return a verdict on many schedules."""
    return _NAMES.get(verdict, verdict)


def piece_words(piece: Piece) -> str:
    """Return a schedule: its expression and zone, or its instant."""
    if piece.get("text"):
        return f"{clean(piece['text'])} ({clean(piece['timezone'])})"
    return f"once, {stamp(read_time(piece['at']))}"


def verdict_words(
    verdict: str, *, pieces: int, until: datetime | None, flags: Iterable[str], evidence: Mapping[str, Any]
) -> str:
    """Return a verdict in words."""
    if "rounded" in evidence:
        return f"approximate: {evidence['shift_seconds']:g} s later"
    facts = {"source_fires": "?", "missing": "?", "extra": "?"} | dict(evidence)
    text = _VERDICTS.get(verdict, verdict).format_map(
        facts | {"pieces": pieces, "until": stamp(until) if until else "further notice"}
    )
    return "; ".join([text, *(_FLAGS[flag] for flag in sorted(flags) if flag in _FLAGS)])


def coming(pieces: Iterable[Piece], *, after: datetime, number: int) -> list[datetime]:
    """Return the next instants at which any of these schedules fires."""
    return sorted({at for piece in pieces for at in _fires(piece, after, number)})[:number]


def _fires(piece: Piece, after: datetime, number: int) -> Iterator[datetime]:
    if piece.get("text"):
        yield from next_fires(piece["text"], piece["timezone"], after, number, dialect=piece["dialect"])
    elif (at := read_time(piece["at"])) > after:
        yield at


def fires_words(fires: Iterable[datetime], timezone: str) -> str:
    """Return instants by the wall clock of a zone."""
    return ", ".join(instant(at, timezone) for at in fires)
