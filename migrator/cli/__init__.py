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
    Task,
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
    from migrator.cli import checking, endings, explaining, local, moving, recovering, telling
else:
    checking, endings, explaining, local, moving, recovering, telling = map(
        _when_used, ("checking", "endings", "explaining", "local", "moving", "recovering", "telling")
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
    return endings.finish(task) if isinstance(task, Task) else int(task or 0)


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


_NAMES: Final = (
    "One of apply, audit, config, demo, error, explain, history, init, jobs, plan, providers, sandbox, settle, status, "
    "verify."
)
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run, as apply names it and migrator history lists it.")]
SyncName = Annotated[str, typer.Argument(metavar="SYNC", help="A sync of the config file.")]
OutFile = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the document to a file.")]


@app.command()
@takes_settings
def demo(settings: Settings) -> int:
    """Play the whole story on local stand-ins.

    Both sides, the plan, the move, and a second plan that is empty. Nothing leaves this machine.
    """
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
    """Serve stand-ins of the providers on this machine.

    They listen on 127.0.0.1 until interrupted; stdout is a ready migrator.toml, with the tokens to export.
    """
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
    """Print every job of a connection as canonical JSON.

    Nothing is written to any provider; the document can be a connection of its own (provider = "json").
    """
    return moving.export(settings, connection, out=out)


@app.command()
@takes_settings
def audit(
    settings: Settings,
    connection: Annotated[str, typer.Argument(metavar="CONNECTION", help="A connection of the config file.")],
    *,
    provider: Annotated[str, typer.Option("--to", metavar="PROVIDER", help="Where its jobs would go.")],
    days: Annotated[int, typer.Option(min=1, max=366, metavar="N", help="Length of the window.")] = 8,
    mode: Annotated[
        str, typer.Option(metavar="window|year|single|exact", help="How schedules would reach it.")
    ] = "window",
) -> int:
    """Show what would become of a connection's jobs elsewhere.

    What would move and how faithfully, what would be lost, and what a sync has to say. It needs no access to the other
    provider.
    """
    return checking.audit(settings, connection, provider=provider, mode=mode, days=days)


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
    """Show what a sync would change.

    Nothing is written to any provider. A plan that is saved with -o can be applied as it was looked at.
    """
    return moving.plan(settings, sync, out=out, detailed_exitcode=detailed_exitcode)


@app.command()
@takes_settings
def apply(
    settings: Settings,
    what: Annotated[
        str | None, typer.Argument(metavar="SYNC|PLAN.json", help="A sync, or a plan saved with plan -o.")
    ] = None,
    *,
    yes: YesOption = False,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Instead: what that run has left of its plan.")
    ] = None,
    max_deletes: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Change nothing when more jobs than that would be deleted.")
    ] = None,
) -> int:
    """Carry out a sync or a saved plan, after asking."""
    return moving.apply(settings, what, yes=yes, resume=resume, max_deletes=max_deletes)


@app.command()
@takes_settings
def verify(
    settings: Settings,
    sync: SyncName,
    *,
    days: Annotated[
        int | None,
        typer.Option(
            min=1, max=366, metavar="N", help="How long fires have to agree. [default: the window less a day]"
        ),
    ] = None,
) -> int:
    """Prove, job by job, that the target does what the source says.

    Both sides are read again, and their fires compared. Ends with 1 when a job differs, is absent, or cannot be proved.
    """
    return checking.verify(settings, sync, days=days)


@app.command()
@takes_settings
def rollback(settings: Settings, run: RunId, *, yes: YesOption = False) -> int:
    """Put the target back as it was before a run, after asking.

    What the run changed is changed back, what it made is removed, what it deleted is made anew under a new id. A job
    that somebody has changed since is left alone. It is a run of its own, and can be rolled back like any other.
    """
    return recovering.rollback(settings, run, yes=yes)


@app.command()
@takes_settings
def settle(
    settings: Settings,
    run: RunId,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Id or name of the source job.")],
    *,
    created: Annotated[
        str | None, typer.Option(metavar="ID", help="The job was made: this is its id at the target.")
    ] = None,
    not_created: Annotated[
        bool, typer.Option("--not-created", help="The job was not made; the next run makes it.")
    ] = False,
) -> int:
    """Decide a write that nobody knows the end of.

    `migrator status` lists them. The job stays blocked until then, so that it is never made twice.
    """
    return recovering.settle(settings, run, job, created=created, not_created=not_created)


@app.command()
@takes_settings
def status(settings: Settings) -> int:
    """Show what is unsettled, unfinished or under way.

    It looks at the state only, and asks no provider.
    """
    return recovering.status(settings)


@app.command()
@takes_settings
def history(
    settings: Settings,
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="Show every write of this run.")] = None,
    *,
    sync: Annotated[str | None, typer.Option(metavar="SYNC", help="Only the runs of this sync.")] = None,
) -> int:
    """Show the runs so far, or every write of one."""
    return recovering.history(settings, run, sync=sync)


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
    """Say what a cron expression means and when it fires.

    With --to, also how another platform says it, and how faithfully. Dialects go by their own names or by the
    provider's; `migrator providers` lists both.
    """
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
def schema(settings: Settings, name: Annotated[str, typer.Argument(metavar="NAME", help=_NAMES)]) -> int:
    """Print the JSON Schema of the config or of a document."""
    return telling.schema(settings, name)
