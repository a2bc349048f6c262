"""The command line: how what was typed becomes a command, and what a command ends with.

`menu` says what can be typed; what the commands do stands in the other modules of this package.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from migrator import __version__
from migrator.cli.menu.app import app, when_used
from migrator.cli.options import (
    ConfigOption,
    DebugOption,
    JsonOption,
    MappingsOption,
    NoColorOption,
    Settings,
    StateOption,
    Task,
    VerboseOption,
)
from migrator.cli.proposing import VARIABLE, answer

if TYPE_CHECKING:
    from migrator.cli import endings
else:
    endings = when_used("endings")

_SELDOM: Final = 50_000
"""Number of new objects before a garbage collection: starting alone makes more, and they stay."""

_WRONG_USAGE: Final[type[Any]] = typer.BadParameter.__mro__[1]
"""The parser's error for everything that was typed wrongly; it has moved from one package to another over time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code."""
    gc.set_threshold(_SELDOM)
    atexit.register(gc.freeze)  # memory goes with the process; to look through it for cycles first takes 0.2 s
    parser = typer.main.get_command(app)
    if VARIABLE in os.environ:
        return answer(parser)
    typed = list(sys.argv[1:] if arguments is None else arguments)
    asked = Settings(json="--json" in typed, debug="--debug" in typed, no_color="--no-color" in typed)
    try:
        task = parser.main(typed or ["--help"], prog_name="migrator", standalone_mode=False)
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
    no_color: NoColorOption = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and stop.")
    ] = False,
) -> None:
    """Migrate scheduled AI jobs between platforms, and keep them in sync.

    Exit codes: 0 done or no changes; 1 failed; 2 wrong usage or configuration; 3 refused as unsafe or lossy; 4 partly
    failed; 5 another run holds the lock; 10 changes are pending (--detailed-exitcode); 130 interrupted at a prompt.
    """
    del version
    context.obj = Settings(
        config=config, state=state, mappings=mappings, json=json, debug=debug, verbose=verbose, no_color=no_color
    )
