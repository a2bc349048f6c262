"""What a command works with: the config, the mappings, the state, the screen and the runtime."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, get_args

from migrator.catalog import catalog
from migrator.cli.options import Settings
from migrator.config import Config, Mode, load
from migrator.config.shapes import choose
from migrator.errors import UsageError
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
"""Stages of a run, and what the progress says of them."""
_STEPS: Final = 100
_STATES: Final = ("sqlite:///", "postgresql://")
_MODES: Final[dict[str, Mode]] = {mode: mode for mode in get_args(Mode)}


def now() -> datetime:
    """Return the time of day of commands that open no connection."""
    return REAL.now()


def schedule_mode(name: str) -> Mode:
    """Return how schedules are converted, by its name.

    Raises:
        UsageError: the name is unknown.
    """
    return _MODES[choose(name, _MODES, "unknown mode")]


def config_file(settings: Settings) -> Path:
    """Return the path of the config file."""
    return settings.config or _CONFIG


def read_config(settings: Settings) -> Config:
    """Return the config, read from its file."""
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


def reminders(runtime: Runtime, *syncs: str, at_source: bool = False) -> list[Line]:
    """Return what a person must still do after a run of these syncs that has changed jobs, `at_source` those there."""
    known = [runtime.config.syncs[name] for name in syncs if name in runtime.config.syncs]
    sources = (sync.source for sync in known if sync.two_way or at_source)
    ends = dict.fromkeys((*(sync.target for sync in known), *sources))
    connections = [runtime.config.connections[end] for end in ends if end in runtime.config.connections]
    said = (PROVIDERS[connection.provider].afterwards(connection) for connection in connections)
    return [line(text) for text in dict.fromkeys(said) if text]


class StageProgress(Listeners):
    """Shows the stages of a run as the progress of the command, and prints warnings at once."""

    def __init__(self, to: Instrumentation, warn: Callable[[str], None]) -> None:
        super().__init__(to)
        self.activity: Activity | None = None
        self._warn, self._warned = warn, set[str]()
        self._stage = ""

    @contextmanager
    def stage(self, name: str, **about: str) -> Iterator[None]:
        """Show a stage while the block lasts."""
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
        """Print a warning, once."""
        if text not in self._warned:
            self._warned.add(text)
            self._warn(text)


@contextmanager
def show_progress(screen: Screen, runtime: Runtime, what: str) -> Iterator[Activity]:
    """Show the progress of a command, and its stages, while the block lasts."""
    with screen.activity(what, waited=runtime.delay) as activity:
        instrumentation = runtime.instrumentation
        if isinstance(instrumentation, StageProgress):
            instrumentation.activity = activity
        try:
            yield activity
        finally:
            if isinstance(instrumentation, StageProgress):
                instrumentation.activity = None


def open_runtime(settings: Settings, *, quiet: bool = False) -> Runtime:
    """Return what the pipeline needs; telemetry is flushed when the command ends."""
    config, screen = read_config(settings), open_screen(settings, quiet=quiet)

    def say(text: str) -> None:
        screen.say([line(text)])

    def warn(text: str) -> None:
        screen.say([line(("warning: ", "yellow"), clean(text))])

    instrumentation = StageProgress(
        settings.at_end.enter_context(watching(os.environ, config.collector, say=say)), warn
    )
    return Runtime(
        config=config,
        environ=os.environ,
        mappings=settings.mappings,
        instrumentation=instrumentation,
        secrets=settings.secrets,
    )


def state_url(settings: Settings) -> str:
    """Return the URL of the state: that of --state, or that of a file beside the config.

    Raises:
        UsageError: the kind of database is not supported.
    """
    url = settings.state or f"sqlite:///{config_file(settings).parent / 'migrator.db'}"
    if not url.startswith(_STATES):  # the value itself is not shown: it may hold a password
        allowed = "sqlite:///FILE or postgresql://USER@HOST/NAME"
        raise UsageError("unsupported state URL", where="--state", allowed=allowed)
    return url


@contextmanager
def opened_state(
    settings: Settings, runtime: Runtime | None = None, *, must_exist: bool = False, upgrade: bool = False
) -> Iterator[State]:
    """Open the state for as long as the block lasts.

    Args:
        settings: name the state.
        runtime: has the clock, where the command opens connections.
        must_exist: raise an error when there is no state yet.
        upgrade: bring an older state to this version's schema, after a backup.

    Raises:
        UsageError: the kind of database is not supported.
        StateError: the state cannot be opened.
    """
    now = (runtime.clock if runtime else REAL).now
    state = open_state(state_url(settings), now=now, must_exist=must_exist, upgrade=upgrade)
    try:
        yield state
    finally:
        state.close()
