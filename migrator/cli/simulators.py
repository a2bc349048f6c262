"""The simulators that `migrator sandbox` serves: what they hold, and their server."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from migrator.cli.files import read_file, write_file
from migrator.config.shapes import choose
from migrator.errors import UsageError
from migrator.report.documents.local import SandboxDocument
from migrator.report.screen import Screen
from migrator.report.text import count, line
from migrator.sandbox import OPEN, Options, World, load_samples, migrator_toml, serve
from migrator.sandbox import settings as connections_of

_RECORDS: Final = "a JSON array of objects, or an object that holds one"


def serve_world(world: World, port: int, *, screen: Screen, config_out: Path | None) -> None:
    """Serve the simulators until interrupted; print their config when they are ready.

    Raises:
        UsageError: the port cannot be used.
    """

    def ready(chosen: int) -> None:
        text = migrator_toml(world, chosen)
        if config_out is not None:
            write_file(config_out, text, screen)
        if screen.as_json:
            connections = connections_of(world, chosen)
            screen.document(SandboxDocument(port=chosen, connections=connections, config=text))
        else:
            screen.text(text)
        jobs = ", ".join(f"{count(len(world.records(name)), 'job')} in {name}" for name in world.providers)
        screen.say([line(f"Serving {jobs} on 127.0.0.1:{chosen}. To stop it: Ctrl+C.")])

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        serve(world, port, ready=ready)
    except OSError as error:
        what = f"nothing can be served on 127.0.0.1:{port}"
        raise UsageError(what, actual=error.strerror or str(error), hint="choose another --port") from error


def load_world(state: Path | None, loads: Sequence[str], choices: Sequence[str]) -> World:
    """Return the saved simulators, those with the records of files, or those with the samples.

    Args:
        state: the file of saved simulators.
        loads: files of records, each as "PROVIDER=FILE".
        choices: options of the simulators, as they are typed.

    Raises:
        UsageError: a file cannot be read, or an option is unknown.
    """
    options = _options(choices)
    known = state is not None and state.exists()
    try:
        world = World(clock=None, state=state, options=options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "name another file with --state, or remove this one to start with the samples"
        what = "the sandbox's state cannot be read"
        raise UsageError(what, where=str(state), actual=str(error), hint=hint) from error
    for load in loads:
        _load(world, load)
    if not known and not loads:
        load_samples(world)
    return world


def _load(world: World, load: str) -> None:
    """Load the records of a file, named as "PROVIDER=FILE", into a simulator."""
    name, _, path = load.partition("=")
    provider = choose(name, world.providers, "unknown simulator")
    records = _records(Path(path))
    try:
        world.load(provider, records)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"the records are not such as {provider} answers"
        allowed = f"what the list pages of {provider} hold"
        raise UsageError(what, where=path, actual=f"{type(error).__name__}: {error}", allowed=allowed) from error


def _records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file: an array, or an object with one array, as list pages are."""
    try:
        data = json.loads(read_file(path))
    except ValueError as error:
        raise UsageError("the file is not JSON", where=str(path), actual=str(error), allowed=_RECORDS) from error
    parts = data.values() if isinstance(data, dict) else [data]
    lists = [part for part in parts if isinstance(part, list)]
    if len(lists) != 1 or not all(isinstance(record, dict) for record in lists[0]):
        raise UsageError("the file holds no list of records", where=str(path), allowed=_RECORDS)
    found: list[dict[str, Any]] = lists[0]
    return found


def _options(words: Sequence[str]) -> Options:
    """Return the choices where the documentation leaves something open, typed as "--NAME VALUE" or "--NAME=VALUE".

    Raises:
        UsageError: a name or a value is unknown.
    """
    given: dict[str, Any] = {}
    rest = [part for word in words for part in word.split("=", 1)]
    while rest:
        word = rest.pop(0)
        choice = OPEN[choose(word.removeprefix("--"), OPEN, "unknown option of the sandbox")]
        value = choose(rest.pop(0) if rest else "", choice.values, f"unknown value of {word}")
        given[choice.option] = choice.values[value]
    return Options(**given)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
