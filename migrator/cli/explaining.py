"""explain: what a cron expression means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, get_args

from attrs import evolve

from migrator.cli.options import Settings
from migrator.cli.work import open_screen, read_mappings
from migrator.config import Mode
from migrator.config.shapes import choose
from migrator.cron import DIALECTS, Recurring, next_fires, parse, translate
from migrator.cron.ambiguous import meanings_of
from migrator.cron.fires import check_zone
from migrator.cron.parser import AMBIGUOUS
from migrator.errors import ScheduleError, UsageError
from migrator.report.documents.explain import explain_document
from migrator.report.explanations import Explanation, explanation_lines

_FIRES: Final = 5
_MODES: Final[dict[str, Mode]] = {mode: mode for mode in get_args(Mode)}
_HORIZON: Final = timedelta(days=8)
"""Least time that a rolling translation must be exact: the default of a sync."""


def explain(
    settings: Settings, expression: str, *, source: str, timezone: str, target: str | None, mode: str | None
) -> int:
    """Explain a cron expression."""
    screen, now = open_screen(settings), datetime.now(UTC)
    chosen = _MODES[choose(mode, _MODES, "unknown mode")] if mode else "auto"
    dialect, _zone, _interval, title = _dialect(source, settings)
    try:
        check_zone(timezone, dialect)
        meanings = meanings_of(expression, dialect, timezone)
        cron = evolve(meanings[0].cron, flags=AMBIGUOUS) if meanings else parse(expression, dialect)
        fires = next_fires(cron, timezone, now, _FIRES, dialect=dialect)
        readings = tuple((m, next(iter(next_fires(m.cron, timezone, now, 1, dialect=dialect)), None)) for m in meanings)
    except ScheduleError as error:  # elsewhere a job's fault, here what was typed
        raise UsageError(
            error.what, where=error.where, actual=error.actual, allowed=error.choices or error.allowed, hint=error.hint
        ) from error
    told = Explanation(cron=cron, timezone=timezone, fires=tuple(fires), readings=readings, source_title=title)
    if target is not None:
        wanted, only, interval, title = _dialect(target, settings)
        translation = translate(
            Recurring(cron, timezone),
            source=dialect,
            target=wanted,
            target_timezone=only,
            now=now,
            horizon=_HORIZON,
            min_interval=interval,
            mode=chosen,
        )
        told = evolve(told, target=wanted, target_timezone=only, translation=translation, target_title=title)
    screen.result(explain_document(told), explanation_lines(told))
    return 0


def _dialect(name: str, settings: Settings) -> tuple[str, str | None, int | None, str]:
    """Return a dialect by its own name or a provider's, the only time zone and minimum interval, and the platform."""
    spoken = {rules.provider: rules for rules in read_mappings(settings) if rules.dialect}
    known = {**DIALECTS, **spoken}
    choose(name, known, "unknown dialect")
    rules = spoken.get(name) or next((rules for rules in spoken.values() if rules.dialect == name), None)
    title = spoken[name].title if name in spoken else ""
    zone, interval = (rules.timezone or None, rules.min_interval or None) if rules else (None, None)
    return rules.dialect if rules else name, zone, interval, title
