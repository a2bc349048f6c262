"""The document of explain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from attrs import frozen

from migrator.convert.schedule import PartSchedule, Verdict, parts_of
from migrator.cron import Translation, describe
from migrator.cron.zones import load_zone
from migrator.json_document import Document, filled
from migrator.json_types import Timestamp
from migrator.report.explanations import Explanation


@frozen(kw_only=True)
class Fire:
    """An instant by the expression's clock, and in UTC."""

    local: Timestamp
    utc: datetime


@frozen(kw_only=True)
class ExplainedReading:
    """One of the meanings of an expression that engines read differently.

    Attributes:
        cron: the answers of a connection that choose it.
        fires_a_week: how often, on average.
    """

    cron: Mapping[str, str]
    meaning: str
    fires_a_week: float
    next: datetime | None


@frozen(kw_only=True)
class TranslationResult:
    """A translation to another dialect.

    Attributes:
        target_timezone: the only one that the target evaluates; null for any.
        evidence: numbers that prove the verdict.
    """

    target: str
    target_timezone: str | None
    verdict: Verdict
    reason: str
    until: datetime | None
    flags: tuple[str, ...]
    pieces: tuple[PartSchedule, ...]
    evidence: Mapping[str, Any]


@frozen(kw_only=True)
class ExplainDocument(Document):
    """What a cron expression means.

    Attributes:
        fires: the next ones.
        readings: its readings, where engines disagree.
    """

    NAME: ClassVar[str] = "explain"
    text: str
    dialect: str
    timezone: str
    meaning: str
    flags: tuple[str, ...]
    fires: tuple[Fire, ...]
    readings: tuple[ExplainedReading, ...]
    translation: TranslationResult | None


def explain_document(found: Explanation) -> ExplainDocument:
    """Return an explanation."""
    zone = load_zone(found.timezone)
    return filled(
        ExplainDocument,
        found,
        text=found.cron.text,
        dialect=found.cron.dialect,
        meaning=describe(found.cron, found.timezone),
        flags=tuple(sorted(found.cron.flags)),
        fires=tuple(Fire(local=at.astimezone(zone).isoformat(), utc=at) for at in found.fires),
        readings=tuple(filled(ExplainedReading, one, cron=dict(one.answers), next=at) for one, at in found.readings),
        translation=found.translation and _translation(found, found.translation),
    )


def _translation(found: Explanation, translation: Translation) -> TranslationResult:
    verdict = translation.verdict
    return filled(
        TranslationResult,
        verdict,
        target=found.target,
        target_timezone=found.target_timezone,
        verdict=verdict.kind,
        flags=tuple(sorted(verdict.flags)),
        pieces=parts_of(translation.pieces, found.target),
    )
