"""I/O of commands: the config, the state, files, signals, answers."""

from __future__ import annotations

import asyncio
import io
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO

from attrs import define, field

from migrator.catalog import catalog
from migrator.cli.options import Settings
from migrator.config import Config, load
from migrator.errors import MigratorError, UsageError
from migrator.files import replacing
from migrator.http.clock import REAL
from migrator.instrumentation import Instrumentation, Listeners
from migrator.mapping.rules import Rules
from migrator.providers.registry import PROVIDERS
from migrator.report.screen import Activity, Screen
from migrator.report.text import Line, clean, line
from migrator.store import State, open_state
from migrator.sync.endpoints import Runtime
from migrator.telemetry import watching

_CONFIG: Final = Path("migrator.toml")
_STAGES: Final = {
    "list": "reading source and target",
    "settle": "looking for unresolved writes",
    "plan": "planning",
    "apply": "applying",
    "switch": "switching jobs, each between two of its fires",
    "verify": "verifying",
    "audit": "auditing",
}
"""The stages of a run that are shown, in words."""
_STEPS: Final = 100
_STATES: Final = ("sqlite:///", "postgresql://")


def config_file(settings: Settings) -> Path:
    """The config file."""
    return settings.config or _CONFIG


def read_config(settings: Settings) -> Config:
    """The config file, read."""
    return load(config_file(settings), providers=PROVIDERS)


def read_mappings(settings: Settings) -> list[Rules]:
    """Return the mapping of every provider that can be used."""
    return [entry.mapping.rules for entry in catalog(directory=settings.mappings).entries.values()]


def open_screen(settings: Settings, *, quiet: bool = False) -> Screen:
    """Return the output; a quiet one prints no messages."""
    return Screen(
        as_json=settings.json,
        verbose=settings.verbose,
        plain=settings.no_color,
        quiet=quiet,
        options=shlex.join(settings.shared),
        hide=settings.secrets.hide,
    )


def reminders(runtime: Runtime, *syncs: str) -> list[Line]:
    """Return what a person must still do after a run of these syncs that has changed jobs."""
    known = [runtime.config.syncs[name] for name in syncs if name in runtime.config.syncs]
    ends = dict.fromkeys(end for sync in known for end in (sync.target, sync.source))
    connections = [runtime.config.connections[end] for end in ends if end in runtime.config.connections]
    said = (PROVIDERS[connection.provider].afterwards(connection) for connection in connections)
    return [line(text) for text in dict.fromkeys(said) if text]


class DismissedError(MigratorError):
    """A question was answered with Ctrl-C."""

    code = "interrupted"
    exit_code = 130

    def __init__(self) -> None:
        super().__init__("interrupted at the prompt; nothing was changed")


class Shown(Listeners):
    """Shows the stages of a run as an activity, and warnings at once."""

    def __init__(self, to: Instrumentation, warn: Callable[[str], None]) -> None:
        super().__init__(to)
        self.activity: Activity | None = None
        self._warn, self._warned = warn, set[str]()
        self._stage = ""

    @contextmanager
    def stage(self, name: str, **about: str) -> Iterator[None]:
        """A stage, by its name in plain words."""
        before, self._stage = self._stage, _STAGES.get(name, "")
        if self.activity and self._stage:
            self.activity.tell(self._stage)
        try:
            with self.to.stage(name, **about):
                yield
        finally:
            self._stage = before

    def step(self, done: int, total: int | None = None) -> None:
        """Show the progress of the stage at every hundredth job: more often would slow it down."""
        self.to.step(done, total)
        if self.activity and self._stage and (done % _STEPS == 0 or done == total):
            of = f" of {total:,}" if total else ""
            self.activity.tell(f"{self._stage}: {done:,}{of} jobs")

    def warn(self, text: str) -> None:
        """A warning, once."""
        if text not in self._warned:
            self._warned.add(text)
            self._warn(text)


@contextmanager
def showing(screen: Screen, runtime: Runtime, what: str) -> Iterator[Activity]:
    """Show the activity of a command, and its stages, while the block lasts."""
    with screen.activity(what, held=runtime.held) as activity:
        instrumentation = runtime.instrumentation
        if isinstance(instrumentation, Shown):
            instrumentation.activity = activity
        try:
            yield activity
        finally:
            if isinstance(instrumentation, Shown):
                instrumentation.activity = None


def open_runtime(settings: Settings, *, quiet: bool = False) -> Runtime:
    """Return what the pipeline needs; telemetry is flushed when the command ends."""
    config, screen = read_config(settings), open_screen(settings, quiet=quiet)

    def say(text: str) -> None:
        screen.say([line(text)])

    def warn(text: str) -> None:
        screen.say([line(("warning: ", "yellow"), clean(text))])

    instrumentation = Shown(settings.at_end.enter_context(watching(os.environ, config.collector, say=say)), warn)
    return Runtime(
        config=config,
        environ=os.environ,
        mappings=settings.mappings,
        instrumentation=instrumentation,
        secrets=settings.secrets,
    )


def state_url(settings: Settings) -> str:
    """The state's URL: as it was said, or that of a file beside the config.

    Raises:
        UsageError: it names no kind of state that there is.
    """
    url = settings.state or f"sqlite:///{config_file(settings).parent / 'migrator.db'}"
    if not url.startswith(_STATES):  # the value itself is not shown: it may hold a password
        allowed = "sqlite:///FILE or postgresql://USER@HOST/NAME"
        raise UsageError("unsupported state URL", where="--state", allowed=allowed)
    return url


@contextmanager
def opened_state(settings: Settings, runtime: Runtime | None = None, *, must_exist: bool = False) -> Iterator[State]:
    """The state, for as long as the block lasts.

    Args:
        settings: the command's.
        runtime: gives the clock, where the command has one.
        must_exist: whether a state that is not there is an error.

    Raises:
        UsageError: the URL names no kind of state that there is.
        StateError: it cannot be opened.
    """
    state = open_state(state_url(settings), now=(runtime.clock if runtime else REAL).now, must_exist=must_exist)
    try:
        yield state
    finally:
        state.close()


def read_file(path: Path) -> str:
    """Return the text of a file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        hint = "check that it exists and that you may read it"
        raise UsageError(f"the file cannot be read: {error.strerror}", where=str(path), hint=hint) from error
    except UnicodeDecodeError as error:
        raise UsageError("the file is not text", where=str(path), allowed="a file in UTF-8") from error


@contextmanager
def drafting(path: Path) -> Iterator[TextIO]:
    """A file to be written, which takes its place when the block ends: whole or not at all.

    Raises:
        UsageError: it cannot be written there.
    """
    try:
        with replacing(path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
            yield text
            text.detach()
    except OSError as error:
        hint = "check that its folder exists and that you may write to it, or name another file"
        raise UsageError(f"the file cannot be written: {error.strerror}", where=str(path), hint=hint) from error


def write_file(path: Path, text: str | Iterable[str], screen: Screen | None = None) -> None:
    """Write a file without secrets, whole or not at all; a long text may come in parts.

    Raises:
        UsageError: it cannot be written there.
    """
    with drafting(path) as file:
        parts = [text] if isinstance(text, str) else text
        file.writelines(map(screen.hide, parts) if screen else parts)


@define(kw_only=True)
class Interruption:
    """SIGINT and SIGTERM: before the first write they end the run, later they let the writes in progress finish.

    Attributes:
        warn: told when the run begins to stop.
        writing: whether writes are on their way.
        stop: set when no new change may be begun.
    """

    warn: Callable[[], None]
    writing: bool = False
    stop: asyncio.Event = field(factory=asyncio.Event, init=False)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals over for as long as the block lasts; a second one ends the run at once."""
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
