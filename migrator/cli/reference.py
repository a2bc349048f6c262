"""Commands that read no connection: explain, providers, schema and completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from migrator.cli import completion as completions
from migrator.cli.app import app
from migrator.cli.exit_codes import Exit
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from migrator.config import Mode
    from migrator.mapping.rules import Rules
    from migrator.report.explanations import Explanation

_FIRES: Final = 5
"""Number of fires that `explain` prints."""
_HORIZON_DAYS: Final = 8
"""Least time that a translation which expires must be exact: the default of a sync."""
_BASH_RETURN: Final = "    return 0\n"
_BASH_NO_FILES: Final = '    [[ "${COMP_WORDS[COMP_CWORD-1]}" == --job ]] && compopt +o default 2>/dev/null\n'
"""Added to bash's script: Typer's proposes files where nothing else fits, and no file is a job."""

Expression = Annotated[str, typer.Argument(metavar="EXPR", help="A cron expression, in quotes.")]
SourceDialect = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="DIALECT",
        help="The dialect or provider that it is written for.",
        autocompletion=completions.dialects,
    ),
]
TargetDialect = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="DIALECT",
        help="The dialect or provider to translate it to.",
        autocompletion=completions.dialects,
    ),
]
ZoneOption = Annotated[str, typer.Option(metavar="ZONE", help="The time zone of the expression.")]
ModeOption = Annotated[
    str | None,
    typer.Option(
        metavar="window|year|single|exact",
        help="As in a sync's schedule. [default: the most faithful]",
        autocompletion=completions.one_of(completions.MODES),
    ),
]
SchemaName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help=f"One of {', '.join(completions.SCHEMAS)}.",
        autocompletion=completions.one_of(completions.SCHEMAS),
    ),
]
ShellName = Annotated[
    str,
    typer.Argument(metavar="bash|zsh|fish", help="The shell.", autocompletion=completions.one_of(completions.SHELLS)),
]


@app.command()
@takes_settings
def explain(
    settings: Settings,
    expression: Expression,
    *,
    source: SourceDialect,
    timezone: ZoneOption = "UTC",
    target: TargetDialect = None,
    mode: ModeOption = None,
) -> int:
    """Explain what a cron expression means and when it fires.

    With --to, also its translation to another dialect, and how exact that is. Name a dialect or a provider; `migrator
    providers` lists both.
    """
    from migrator.cli.environment import now, open_screen, read_mappings, schedule_mode
    from migrator.errors import ScheduleError, UsageError
    from migrator.report.documents.explain import explain_document
    from migrator.report.explanations import explanation_lines

    screen, at, mappings = open_screen(settings), now(), read_mappings(settings)
    chosen = schedule_mode(mode) if mode else "auto"
    try:
        found = _explanation(expression, source, timezone, at, mappings)
    except ScheduleError as error:  # elsewhere an error of a job, here of the command line
        raise UsageError(
            error.what, where=error.where, actual=error.actual, allowed=error.choices or error.allowed, hint=error.hint
        ) from error
    if target is not None:
        found = _translated(found, target, at, chosen, mappings)
    screen.result(explain_document(found), explanation_lines(found))
    return Exit.DONE


def _explanation(expression: str, source: str, timezone: str, at: datetime, mappings: Iterable[Rules]) -> Explanation:
    """Return the meaning of an expression and its next fires.

    Raises:
        ScheduleError: the expression or the time zone is wrong.
    """
    from attrs import evolve

    from migrator.cron import next_fires, parse
    from migrator.cron.ambiguous import meanings_of
    from migrator.cron.fires import check_zone
    from migrator.cron.parser import AMBIGUOUS
    from migrator.report.explanations import Explanation

    dialect, _zone, _interval, title = _dialect(source, mappings)
    check_zone(timezone, dialect)
    meanings = meanings_of(expression, dialect, timezone)
    cron = evolve(meanings[0].cron, flags=AMBIGUOUS) if meanings else parse(expression, dialect)
    fires = next_fires(cron, timezone, at, _FIRES, dialect=dialect)
    readings = tuple((m, next(iter(next_fires(m.cron, timezone, at, 1, dialect=dialect)), None)) for m in meanings)
    return Explanation(cron=cron, timezone=timezone, fires=tuple(fires), readings=readings, source_title=title)


def _translated(
    found: Explanation, target: str, at: datetime, mode: Mode | Literal["auto"], mappings: Iterable[Rules]
) -> Explanation:
    """Return an explanation with the translation to another dialect."""
    from datetime import timedelta

    from attrs import evolve

    from migrator.cron import Recurring, translate

    dialect, zone, interval, title = _dialect(target, mappings)
    translation = translate(
        Recurring(found.cron, found.timezone),
        source=found.cron.dialect,
        target=dialect,
        target_timezone=zone,
        now=at,
        horizon=timedelta(days=_HORIZON_DAYS),
        min_interval=interval,
        mode=mode,
    )
    return evolve(found, target=dialect, target_timezone=zone, translation=translation, target_title=title)


def _dialect(name: str, mappings: Iterable[Rules]) -> tuple[str, str | None, int | None, str]:
    """Return a dialect by its own name or a provider's, the only time zone and minimum interval, and the platform."""
    from migrator.config.shapes import choose
    from migrator.cron import DIALECTS

    spoken = {rules.provider: rules for rules in mappings if rules.dialect}
    choose(name, {**DIALECTS, **spoken}, "unknown dialect")
    rules = spoken.get(name) or next((rules for rules in spoken.values() if rules.dialect == name), None)
    title = spoken[name].title if name in spoken else ""
    zone, interval = (rules.timezone or None, rules.min_interval or None) if rules else (None, None)
    return rules.dialect if rules else name, zone, interval, title


@app.command()
@takes_settings
def providers(settings: Settings) -> int:
    """Show what each provider supports."""
    from migrator.catalog import catalog
    from migrator.cli.environment import open_screen
    from migrator.report.capabilities import capability_lines
    from migrator.report.documents.providers import providers_document

    screen, found = open_screen(settings), catalog(directory=settings.mappings)
    screen.result(providers_document(found), capability_lines(found, verbose=settings.verbose, width=screen.width))
    return Exit.DONE


@app.command()
@takes_settings
def schema(settings: Settings, name: SchemaName) -> int:
    """Print the JSON Schema of the config or of a document."""
    from migrator.cli.environment import open_screen
    from migrator.config.shapes import choose
    from migrator.report.schemas import SCHEMAS
    from migrator.soundness import json_text

    screen = open_screen(settings)
    screen.text(json_text(SCHEMAS[choose(name, SCHEMAS, "unknown document")]()) + "\n")
    return Exit.DONE


@app.command()
@takes_settings
def completion(settings: Settings, shell: ShellName) -> int:
    """Print the completion script of a shell.

    Add this line to the shell's start-up file: source <(migrator completion bash)
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # typer re-exports it

    from migrator.cli.environment import open_screen
    from migrator.config.shapes import choose
    from migrator.report.documents.local import CompletionDocument

    choose(shell, completions.SHELLS, "unknown shell")
    script = get_completion_script(prog_name="migrator", complete_var=completions.VARIABLE, shell=shell) + "\n"
    script = script.replace(_BASH_RETURN, _BASH_NO_FILES + _BASH_RETURN)
    screen = open_screen(settings)
    if settings.json:
        screen.document(CompletionDocument(shell=shell, script=script))
    else:
        screen.text(script)
    return Exit.DONE
