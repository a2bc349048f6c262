"""The command line: what can be typed, and what a command ends with.

Here stand the names, arguments and help of the commands, and nothing that is slow to import; what they do stands in the
other modules of this package, which are loaded when they are first used.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from migrator import __version__
from migrator.cli.options import (
    ConfigOption,
    DebugOption,
    JsonOption,
    MappingsOption,
    Settings,
    StateOption,
    VerboseOption,
    takes_settings,
)


def _when_used(name: str) -> ModuleType:
    """A module that is loaded when something in it is first asked for."""
    spec = importlib.util.find_spec(f"{__name__}.{name}")
    assert spec
    assert spec.loader
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from migrator.cli import endings, explaining, local, moving, telling
else:
    endings, explaining, local, moving, telling = map(
        _when_used, ("endings", "explaining", "local", "moving", "telling")
    )

_WRONG_USAGE: Final[type[Any]] = typer.BadParameter.__mro__[1]
"""The parser's error for everything that was typed wrongly; it has moved from one package to another over time."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    asked = Settings(json="--json" in typed, debug="--debug" in typed)
    try:
        task = typer.main.get_command(app).main(typed or ["--help"], prog_name="migrator", standalone_mode=False)
    except _WRONG_USAGE as error:
        return endings.wrong_usage(error.format_message(), error.ctx and error.ctx.command_path, asked)
    return endings.finish(task, asked) if callable(task) else int(task or 0)


def _version(asked: bool) -> None:  # noqa: FBT001 (the parser calls it so)
    if asked:
        sys.stdout.write(f"migrator {__version__}\n")
        raise typer.Exit


@app.callback()
def migrator(
    context: typer.Context,
    *,
    config: ConfigOption = None,
    state: StateOption = None,
    mappings: MappingsOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
    verbose: VerboseOption = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and stop.")
    ] = False,
) -> None:
    """Move scheduled AI jobs between platforms, and keep them in step.

    Exit codes: 0 done or nothing to do; 1 failed; 2 wrong usage or configuration; 3 something was refused as unsafe or
    lossy; 4 something failed on the way; 5 another run holds the lock; 10 changes are pending (--detailed-exitcode).
    """
    del version
    context.obj = Settings(config=config, state=state, mappings=mappings, json=json, debug=debug, verbose=verbose)


SyncName = Annotated[str, typer.Argument(metavar="SYNC", help="A sync of the config file.")]
OutFile = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the document to a file.")]


@app.command()
@takes_settings
def demo(settings: Settings) -> int:
    """Tell the whole story on local stand-ins: both sides, the plan, the move, and a second plan that is empty."""
    return local.demo(settings)


@app.command()
@takes_settings
def sandbox(
    settings: Settings,
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 takes a free one.")] = 0,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the stand-ins' jobs in a file, and load them from there.")
    ] = None,
    load: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROVIDER=FILE", help="Jobs instead of the samples, as the provider answers them; repeatable."
        ),
    ] = None,
    omni_contract: Annotated[
        str, typer.Option(metavar="put|patch", help="Which of its two published ways to update Omni takes.")
    ] = "patch",
    config_out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the config to a file, too.")] = None,
) -> int:
    """Serve stand-ins of the providers on 127.0.0.1; stdout is a ready migrator.toml."""
    return local.sandbox(
        settings, port=port, state=state, loads=load or (), omni_contract=omni_contract, config_out=config_out
    )


@app.command()
@takes_settings
def export(
    settings: Settings,
    connection: Annotated[str, typer.Argument(metavar="CONNECTION", help="A connection of the config file.")],
    *,
    out: OutFile = None,
) -> int:
    """Print every job of a connection as canonical JSON; writes to no provider."""
    return moving.export(settings, connection, out=out)


@app.command()
@takes_settings
def plan(
    settings: Settings,
    sync: SyncName,
    *,
    out: OutFile = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End with 10 when changes are pending and none is blocked.")
    ] = False,
) -> int:
    """Show what a sync would change; writes to no provider."""
    return moving.plan(settings, sync, out=out, detailed_exitcode=detailed_exitcode)


@app.command()
@takes_settings
def apply(
    settings: Settings,
    what: Annotated[str, typer.Argument(metavar="SYNC|PLAN.json", help="A sync, or a plan saved with plan -o.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Carry out a sync or a saved plan; asks first."""
    return moving.apply(settings, what, yes=yes)


@app.command()
@takes_settings
def explain(
    settings: Settings,
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="A cron expression, in quotes.")],
    *,
    source: Annotated[str, typer.Option("--from", metavar="DIALECT", help="What it is written in, or for whom.")],
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Whose wall clock it follows.")] = "UTC",
    target: Annotated[
        str | None, typer.Option("--to", metavar="DIALECT", help="What to translate it to, or for whom.")
    ] = None,
) -> int:
    """Say what a cron expression means, when it fires next, and how another platform says it."""
    return explaining.explain(settings, expression, source=source, timezone=timezone, target=target)


@app.command()
@takes_settings
def providers(settings: Settings) -> int:
    """Show what each provider can hold."""
    return telling.providers(settings)


@app.command()
@takes_settings
def init(settings: Settings) -> int:
    """Write a commented config file to start from."""
    return telling.init(settings)


@app.command()
@takes_settings
def schema(
    settings: Settings, name: Annotated[str, typer.Argument(metavar="NAME", help="config, plan, apply, ...")]
) -> int:
    """Print the JSON Schema of the config or of a document."""
    return telling.schema(settings, name)
