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
    from migrator.cli import endings, local, moving, telling
else:
    endings, local, moving, telling = map(_when_used, ("endings", "local", "moving", "telling"))

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
def migrator(  # noqa: PLR0913 (each is an option)
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
