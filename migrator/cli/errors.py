"""Exit codes and error output, the same for every command."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from attrs import evolve

from migrator.cli.options import Settings, Task
from migrator.errors import MigratorError, UsageError
from migrator.report.commands import completed
from migrator.report.documents.error import error_document
from migrator.report.failures import failure_lines, failure_of, trace
from migrator.report.screen import Screen


def finish(task: Task) -> int:
    """Run a command, and return its exit code; an error is printed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a stream that lacks a sign gets its number, not an error
    try:
        with _logged(task.settings.secrets.hide) if task.settings.verbose else nullcontext(), task.settings.at_end:
            code = task.run()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has seen enough
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError) as error:
        hint = "run the command again; it first reconciles unresolved writes"
        return fail(MigratorError("interrupted", hint=hint), task.settings, where=task.command, cause=error)
    except Exception as error:  # noqa: BLE001 (the last place where an error can be put into words)
        return fail(error, task.settings, where=task.command)
    return code


class _Hiding(logging.Formatter):
    """Formats a record without secrets."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        super().__init__()
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one text."""
        return self._hide(super().format(record))


@contextmanager
def _logged(hide: Callable[[str], str]) -> Iterator[None]:
    """Print the log on stderr, without secrets, for as long as the block lasts."""
    log, handler = logging.getLogger("migrator"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Hiding(hide))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def wrong_usage(message: str, command: str | None, settings: Settings) -> int:
    """Print an error of the command line, and return its exit code."""
    command = command or "migrator"
    return fail(UsageError(message.rstrip("."), hint=f"{command} --help"), settings, where=command)


def fail(error: Exception, settings: Settings, *, where: str, cause: BaseException | None = None) -> int:
    """Print an error, and return its exit code.

    Args:
        error: the error.
        settings: how to print it.
        where: the command, for an error that names no other place.
        cause: the exception whose stack trace --debug prints, where it is another one.
    """
    failure = failure_of(error)
    if not failure.where and not failure.problems:
        failure = evolve(failure, where=where)
    options = shlex.join(settings.shared)
    failure = evolve(failure, hint=completed(failure.hint, options))
    screen = Screen(as_json=settings.json, plain=settings.no_color, options=options, hide=settings.secrets.hide)
    if settings.debug:
        sys.stderr.write(settings.secrets.hide(trace(cause or error)))
    screen.say(failure_lines(failure))
    if settings.json:
        screen.document(error_document(failure))
    return failure.exit_code
