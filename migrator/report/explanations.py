"""A cron expression: its meaning, its next fires, and its translation to another dialect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import frozen

from migrator.convert.schedule import parts_of
from migrator.cron import Cron, Translation, describe
from migrator.cron.ambiguous import Meaning, often_words
from migrator.report.schedules import piece_words, verdict_words
from migrator.report.text import Line, clean, columns, instant, line

SCHEMA: Final = "migrator/explain@1"


@frozen(kw_only=True)
class Explanation:
    """An expression, explained.

    Attributes:
        cron: what it means.
        timezone: whose wall clock it follows.
        fires: the next ones.
        readings: what engines may take it for, each with its next fire, where they disagree.
        target: the dialect that it was translated to.
        target_timezone: the only one that the target evaluates, None when it takes any.
        translation: how that came out; None when it was not asked for.
        source_title: the platform that the text was written for; "" where a dialect was named.
        target_title: the platform that it was translated for; "" where a dialect was named.
    """

    cron: Cron
    timezone: str
    fires: tuple[datetime, ...]
    readings: tuple[tuple[Meaning, datetime | None], ...] = ()
    target: str = ""
    target_timezone: str | None = None
    translation: Translation | None = None
    source_title: str = ""
    target_title: str = ""

    @property
    def source_words(self) -> str:
        """The source dialect, with the platform where one was named: "Acme, quartz"."""
        return ", ".join(filter(None, [self.source_title, self.cron.dialect]))

    @property
    def target_words(self) -> str:
        """The target dialect, with the platform where one was named: "On Acme (vixie cron, UTC)"."""
        said = f"{self.target} cron" + (f", {self.target_timezone}" if self.target_timezone else "")
        return f"On {self.target_title} ({said})" if self.target_title else f"In {said}"


def explanation_lines(told: Explanation) -> Iterator[Line]:
    """Yield an explanation as text."""
    yield line((clean(told.cron.text), "bold"), f" ({told.source_words}, {told.timezone})")
    if told.readings:
        yield from _reading_lines(told)
        if told.translation and "ambiguous_source" in told.translation.verdict.flags:
            yield line("")
            yield line((f"{told.target_words}: ", "bold"), ("refused until the connection decides", "bold red"))
        return
    yield line(describe(told.cron, told.timezone), indent=2)
    yield line("")
    if not told.fires:
        yield line("Expired: no fire is left.")
    else:
        yield line(("Next", "bold"))
        rows = [(instant(at, told.timezone), told.timezone, f"{instant(at)} UTC") for at in told.fires]
        local = [row[:2] if told.timezone == "UTC" else row for row in rows]
        yield from (line(row, indent=2) for row in columns(local))
    if told.translation:
        yield line("")
        yield from _translation_lines(told, told.translation)


def _reading_lines(told: Explanation) -> Iterator[Line]:
    """The readings of an ambiguous text, side by side."""
    questions = ", ".join(dict.fromkeys(f"{q} = …" for meaning, _ in told.readings for q, _ in meaning.answers))
    what = f"It has {len(told.readings)} meanings, depending on the platform's engine."
    yield line((what, "yellow"), indent=2)
    yield line(f"Decide it in the connection: cron = {{ {questions} }}", indent=2)
    yield line("")
    for meaning, at in told.readings:
        yield line((", ".join(f'{question} = "{answer}"' for question, answer in meaning.answers), "bold"), indent=2)
        yield line(meaning.meaning, indent=4)
        coming = f"next {instant(at, told.timezone)} {told.timezone}" if at else "expired"
        yield line(f"{often_words(meaning.fires_a_week)}, {coming}", indent=4)


def _translation_lines(told: Explanation, translation: Translation) -> Iterator[Line]:
    verdict = translation.verdict
    said = verdict_words(verdict.kind, verdict, pieces=len(translation.pieces))
    yield line((f"{told.target_words}: ", "bold"), (said, "green" if verdict.faithful else "bold red"))
    if not verdict.faithful:
        yield line(clean(verdict.reason), indent=2)
    yield from (line((piece_words(piece), "bold"), indent=2) for piece in parts_of(translation.pieces, told.target))
