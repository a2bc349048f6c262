"""Commands that need no platform: explain, providers, schema and completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from migrator.cli import proposing
from migrator.cli.menu.app import app, when_used
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from migrator.cli import explaining, telling
else:
    explaining, telling = map(when_used, ("explaining", "telling"))

_NAMES: Final = f"One of {', '.join(proposing.SCHEMAS)}."


@app.command()
@takes_settings
def explain(
    settings: Settings,
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="A cron expression, in quotes.")],
    *,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="DIALECT",
            help="The dialect or provider that it is written for.",
            autocompletion=proposing.dialects,
        ),
    ],
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="The time zone of the expression.")] = "UTC",
    target: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="DIALECT",
            help="The dialect or provider to translate it to.",
            autocompletion=proposing.dialects,
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="window|year|single|exact",
            help="As in a sync's schedule. [default: the most faithful]",
            autocompletion=proposing.one_of(proposing.MODES),
        ),
    ] = None,
) -> int:
    """Explain what a cron expression means and when it fires.

    With --to, also its translation to another dialect, and how exact that is. Name a dialect or a provider; `migrator
    providers` lists both.
    """
    return explaining.explain(settings, expression, source=source, timezone=timezone, target=target, mode=mode)


@app.command()
@takes_settings
def providers(settings: Settings) -> int:
    """Show what each provider supports."""
    return telling.providers(settings)


@app.command()
@takes_settings
def schema(
    settings: Settings,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help=_NAMES, autocompletion=proposing.one_of(proposing.SCHEMAS))
    ],
) -> int:
    """Print the JSON Schema of the config or of a document."""
    return telling.schema(settings, name)


@app.command()
@takes_settings
def completion(
    settings: Settings,
    shell: Annotated[
        str,
        typer.Argument(metavar="bash|zsh|fish", help="The shell.", autocompletion=proposing.one_of(proposing.SHELLS)),
    ],
) -> int:
    """Print the completion script of a shell.

    Add this line to the shell's start-up file: source <(migrator completion bash)
    """
    return telling.completion(settings, shell)
