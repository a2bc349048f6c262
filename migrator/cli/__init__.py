"""The command line: `main` runs a command and returns its exit code.

One module per group of commands: `sandbox`, `start`, `jobs`, `migrate`, `cutover`, `status`, `recover`, `state` and
`reference`. A command is one function, which declares its arguments and does the work. It imports what it needs in its
body, because help and completion load all commands and must be fast; the modules without commands are its helpers.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import typer

from migrator.cli import sandbox, start, jobs, migrate, cutover, status, recover, state, reference  # isort: skip  # noqa: F401 (help lists the commands in this order)
from migrator.cli import completion
from migrator.cli.app import app
from migrator.cli.options import Settings, Task

_GC_THRESHOLD: Final = 50_000
"""Number of new objects before a garbage collection: starting alone makes more, and they stay."""

_WRONG_USAGE: Final[type[Any]] = typer.BadParameter.__mro__[1]
"""The parser's error for everything that was typed wrongly; it has moved from one package to another over time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code."""
    gc.set_threshold(_GC_THRESHOLD)
    atexit.register(gc.freeze)  # the process ends and frees its memory; a last garbage collection takes 0.2 s
    parser = typer.main.get_command(app)
    if completion.VARIABLE in os.environ:
        return completion.answer(parser)
    typed = list(sys.argv[1:] if arguments is None else arguments)
    settings = Settings(json="--json" in typed, debug="--debug" in typed, no_color="--no-color" in typed)
    try:
        task = parser.main(typed or ["--help"], prog_name="migrator", standalone_mode=False)
    except _WRONG_USAGE as error:
        from migrator.cli import errors

        return errors.wrong_usage(error.format_message(), error.ctx and error.ctx.command_path, settings)
    if not isinstance(task, Task):
        return int(task or 0)
    from migrator.cli import errors

    return errors.finish(task)
