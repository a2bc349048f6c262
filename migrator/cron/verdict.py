"""What a translation comes to, and how faithful it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

Kind = Literal["exact", "exact_split", "exact_until", "one_time", "dead", "approximate", "impossible"]
"""exact: one expression, always equal. exact_split: several disjoint ones, always equal. exact_until: proved equal
up to `until`, then to be translated again. one_time: every remaining fire is listed. dead: it has expired.
approximate: differs as `evidence` says, only on request. impossible: `reason` says why."""


@frozen(kw_only=True, slots=False)
class Piece:
    """One job to make on the target.

    Attributes:
        text: the expression, None for a one-time job that the platform takes as an instant.
        timezone: the zone it is evaluated in.
        at: the instant of a one-time job, UTC.
        dialect: the dialect of `text`.
    """

    text: str | None
    timezone: str = "UTC"
    at: datetime | None = None
    dialect: str = ""


def _in_order(flags: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(flags))


@frozen(kw_only=True, slots=False)
class Verdict:
    """How faithful a translation is, and what proves it.

    Attributes:
        kind: see `Kind`.
        until: when the proof ends, UTC; None where it has no end or where nothing is promised.
        reason: one sentence for people.
        flags: in alphabetical order. "ambiguous_source": engines read the text differently. "dst_policy_assumed":
            it touches hours that clock changes skip or repeat, and what a platform does then is an assumption.
            "engine_oddity": a known fault of a real engine concerns it. "needs_resync_by": it must be renewed
            before `until`. "young_zone_rule": how its zone's clocks change became law within two years, so that another
            platform's time zone data may be older.
        evidence: JSON-able. `horizon`, and `source_fires` and `target_fires` in it; the first `differing` instants; the
            `tzdata` release; what the `proof` rests on; `missing`, `extra` and `shift_minutes` where it is approximate;
            `oddities` of the engines concerned; `young_zone_rules`, zones with the day from which their rule holds;
            `readings` of an ambiguous text.
    """

    kind: Kind
    until: datetime | None = None
    reason: str = ""
    flags: tuple[str, ...] = field(default=(), converter=_in_order)
    evidence: Mapping[str, Any] = field(factory=dict, hash=False)

    @property
    def faithful(self) -> bool:
        """Whether the pieces fire at exactly the source's instants for as long as was asked."""
        return self.kind in {"exact", "exact_split", "exact_until", "one_time"}


@frozen(kw_only=True, slots=False)
class Translation:
    """The jobs that stand for one source job, and the verdict; there are no pieces when nothing is to run."""

    pieces: tuple[Piece, ...] = ()
    verdict: Verdict
