"""Schedules, verdicts and coming fires, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from migrator.convert.schedule import ConvertedSchedule
from migrator.cron import next_fires
from migrator.cron.verdict import Verdict
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


@frozen
class VerdictWords:
    """A verdict on one schedule in words, how it is coloured, and in words on many where these differ."""

    one: str
    tone: Tone
    many: str = ""


VERDICTS: Final[Mapping[str, VerdictWords]] = {
    "exact": VerdictWords("exact", "good"),
    "exact_split": VerdictWords("exact, in {pieces} jobs", "good", "exact, each in several jobs"),
    "exact_until": VerdictWords(
        "exact until {until}, renewed by each sync", "warn", "exact until a date, renewed by each sync"
    ),
    "one_time": VerdictWords("exact, each fire by a one-time job", "good"),
    "approximate": VerdictWords(
        "approximate: {missing} of {source_fires} fires a year missed, {extra} added",
        "warn",
        "approximate: some fires are missed or added",
    ),
    "dead": VerdictWords("expired", "quiet"),
    "impossible": VerdictWords("cannot be expressed at the target", "bad"),
    "none": VerdictWords("not time-based", "bad"),
    "carried": VerdictWords("unchanged", "good"),
}


def piece_words(piece: Piece) -> str:
    """A schedule: its expression and zone, or its instant."""
    if piece.get("text"):
        return " ".join([clean(piece["text"]), f"({clean(zone)})" if (zone := piece["timezone"]) else ""]).strip()
    return f"once, {stamp(read_time(piece['at']))}"


def verdict_words(kind: str, found: ConvertedSchedule | Verdict, *, pieces: int) -> str:
    """Return a verdict in words."""
    evidence = found.evidence
    if "rounded" in evidence:
        return f"approximate: {evidence['shift_seconds']:g} s later"
    until = stamp(found.until) if found.until else "further notice"
    facts = {"source_fires": "?", "missing": "?", "extra": "?", **evidence, "pieces": pieces, "until": until}
    return "; ".join(
        [VERDICTS[kind].one.format_map(facts), *(_FLAGS[one] for one in sorted(found.flags) if one in _FLAGS)]
    )


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
