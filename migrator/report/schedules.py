"""Schedules, verdicts and coming fires, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from migrator.cron import next_fires
from migrator.mapping.codecs import read_time
from migrator.report.text import Tone, clean, instant, stamp

Piece = Mapping[str, Any]
"""Text, dialect and timezone of a schedule, or the one instant `at`, as plans hold it."""

_FLAGS: Final[Mapping[str, str]] = {
    "dst_policy_assumed": "what happens when clocks change is assumed, not documented",
    "young_zone_rule": "the zone's clock rule is new: the other platform's time zone data may be older",
    "ambiguous_source": "the source's expression has several meanings",
    "unknown_fields": "the job has fields that its mapping does not know, and they may change when it fires",
}


@frozen(kw_only=True)
class VerdictWords:
    """A verdict on one schedule in words, on many, and how it is coloured."""

    one: str
    many: str
    tone: Tone


VERDICTS: Final[Mapping[str, VerdictWords]] = {
    "exact": VerdictWords(one="exact", many="exact", tone="good"),
    "exact_split": VerdictWords(one="exact, in {pieces} jobs", many="exact, each in several jobs", tone="good"),
    "exact_until": VerdictWords(
        one="exact until {until}, renewed by each sync", many="exact until a date, renewed by each sync", tone="warn"
    ),
    "one_time": VerdictWords(
        one="exact, each fire by a one-time job", many="exact, each fire by a one-time job", tone="good"
    ),
    "approximate": VerdictWords(
        one="approximate: {missing} of {source_fires} fires a year missed, {extra} added",
        many="approximate: some fires are missed or added",
        tone="warn",
    ),
    "dead": VerdictWords(one="expired", many="expired", tone="quiet"),
    "impossible": VerdictWords(
        one="cannot be expressed at the target", many="cannot be expressed at the target", tone="bad"
    ),
    "none": VerdictWords(one="not time-based", many="not time-based", tone="bad"),
    "carried": VerdictWords(one="unchanged", many="unchanged", tone="good"),
}


def piece_words(piece: Piece) -> str:
    """A schedule: its expression and zone, or its instant."""
    if piece.get("text"):
        return " ".join([clean(piece["text"]), f"({clean(zone)})" if (zone := piece["timezone"]) else ""]).strip()
    return f"once, {stamp(read_time(piece['at']))}"


def verdict_words(
    verdict: str, *, pieces: int, until: datetime | None, flags: Iterable[str], evidence: Mapping[str, Any]
) -> str:
    """Return a verdict in words."""
    if "rounded" in evidence:
        return f"approximate: {evidence['shift_seconds']:g} s later"
    facts = {"source_fires": "?", "missing": "?", "extra": "?"} | dict(evidence)
    words = VERDICTS[verdict].one.format_map(
        facts | {"pieces": pieces, "until": stamp(until) if until else "further notice"}
    )
    return "; ".join([words, *(_FLAGS[flag] for flag in sorted(flags) if flag in _FLAGS)])


def coming(pieces: Iterable[Piece], *, after: datetime, number: int) -> list[datetime]:
    """The next instants at which any of these schedules fires."""
    return sorted({at for piece in pieces for at in _fires(piece, after, number)})[:number]


def _fires(piece: Piece, after: datetime, number: int) -> Iterator[datetime]:
    if piece.get("text"):
        yield from next_fires(piece["text"], piece["timezone"], after, number, dialect=piece["dialect"])
    elif (at := read_time(piece["at"])) > after:
        yield at


def fires_words(fires: Iterable[datetime], timezone: str) -> str:
    """Instants by the wall clock of a zone."""
    return ", ".join(instant(at, timezone) for at in fires)
