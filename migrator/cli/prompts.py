"""Questions at the terminal, and interruptions of a run."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from attrs import define, field

from migrator.errors import MigratorError, UsageError
from migrator.report.screen import Screen
from migrator.report.text import line

PREVIEW: Final = "preview it with --dry-run"
"""The next command of who cannot be asked."""


class DismissedError(MigratorError):
    """A question was answered with Ctrl-C."""

    code = "interrupted"
    exit_code = 130

    def __init__(self) -> None:
        super().__init__("interrupted at the prompt; nothing was changed")


@define(kw_only=True)
class Interruption:
    """SIGINT and SIGTERM: before the first write they end the run, later they let the writes in progress finish.

    Attributes:
        warn: called when the run begins to stop.
        writing: whether writes may have been sent.
        stop: set when no further change may be begun.
    """

    warn: Callable[[], None]
    writing: bool = False
    stop: asyncio.Event = field(factory=asyncio.Event, init=False)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signals for as long as the block lasts; a second one ends the run at once."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task

        def interrupt() -> None:
            if self.writing and not self.stop.is_set():
                self.stop.set()
                self.warn()
            else:
                task.cancel()

        signals = (signal.SIGINT, signal.SIGTERM)
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not on Windows, and in the main thread only
            for number in signals:
                loop.add_signal_handler(number, interrupt)
        try:
            yield
        finally:
            with suppress(NotImplementedError, RuntimeError, ValueError):  # as above
                for number in signals:
                    loop.remove_signal_handler(number)


def require_terminal(screen: Screen, *, hint: str, instead: str = "apply without asking; nothing was changed") -> None:
    """Check that a question can be asked.

    Args:
        screen: the output of the command.
        hint: the next step.
        instead: what --yes does, and what was not done.

    Raises:
        UsageError: stdin or stderr is not a terminal.
    """
    if not screen.can_ask:
        raise UsageError(f"not a terminal: pass --yes to {instead}", allowed="--yes", hint=hint)


async def ask(screen: Screen, question: str) -> bool:
    """Return whether the answer at the terminal is yes; the event loop goes on meanwhile."""
    return (await ask_for(screen, f"{question} [y/N]")).casefold() in {"y", "yes"}


async def ask_for(screen: Screen, question: str) -> str:
    """Return what the person at the terminal types; the event loop goes on meanwhile."""
    screen.question(question)
    began = time.monotonic()
    try:
        return await _typed()
    except asyncio.CancelledError:
        screen.say([line("")])
        raise DismissedError from None
    finally:
        screen.waited += time.monotonic() - began


async def _typed() -> str:
    """Return one line of stdin; the event loop goes on meanwhile."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        loop.remove_reader(sys.stdin.fileno())
        typed.set_result(sys.stdin.readline())

    try:
        loop.add_reader(sys.stdin.fileno(), read)
    except NotImplementedError:  # Windows
        answer: str = await asyncio.to_thread(sys.stdin.readline)
    else:
        try:
            answer = await typed
        finally:
            loop.remove_reader(sys.stdin.fileno())
    return answer.strip()
