"""sandbox and demo: everything on this machine."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from migrator.cli.options import Settings
from migrator.cli.work import open_screen, read_file, write_file
from migrator.config.shapes import choose
from migrator.errors import UsageError
from migrator.report.documents.demo import demo_document
from migrator.report.documents.local import SandboxDocument
from migrator.report.text import count, line

try:
    from migrator import demo as story
    from migrator.sandbox import Options, World, load_samples, migrator_toml, serve
    from migrator.sandbox import settings as ways_in
except ImportError as missing:
    hint = 'pip install "migrator[sandbox]"'
    raise UsageError(f"the sandbox needs the package {missing.name}", hint=hint) from missing

_RECORDS: Final = "a JSON array of objects, or an object that holds one"
_ANEW: Final = "name another file with --state, or remove this one to start with the samples"


def sandbox(
    settings: Settings,
    *,
    port: int,
    state: Path | None,
    loads: Sequence[str],
    omni_contract: str,
    config_out: Path | None,
) -> int:
    """Serve the simulators until interrupted."""
    screen = open_screen(settings)
    choose(omni_contract, ("patch", "put"), "unknown contract of Omni")
    world = _world(state, loads, Options(omni_update="put" if omni_contract == "put" else "patch"))

    def ready(chosen: int) -> None:
        text, ways = migrator_toml(world, chosen), ways_in(world, chosen)
        if config_out is not None:
            write_file(config_out, text, screen)
        if settings.json:
            screen.document(SandboxDocument(port=chosen, connections=ways, config=text))
        else:
            screen.text(text)
        held = ", ".join(f"{count(len(world.records(name)), 'job')} in {name}" for name in world.providers)
        screen.say([line(f"Serving {held} on 127.0.0.1:{chosen}. To stop it: Ctrl+C.")])

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        serve(world, port, ready=ready)
    except OSError as error:
        what = f"nothing can be served on 127.0.0.1:{port}"
        raise UsageError(what, actual=error.strerror or str(error), hint="choose another --port") from error
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _world(state: Path | None, loads: Sequence[str], options: Options) -> World:
    """The saved world, the records of the files, or the samples."""
    known = state is not None and state.exists()
    try:
        world = World(clock=None, state=state, options=options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "the sandbox's state cannot be read", where=str(state), actual=str(error), hint=_ANEW
        ) from error
    for load in loads:
        name, _, path = load.partition("=")
        provider = choose(name, world.providers, "unknown simulator")
        records = _records(Path(path))
        try:
            world.load(provider, records)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            what = f"the records are not such as {provider} answers"
            allowed = f"what the list pages of {provider} hold"
            raise UsageError(what, where=path, actual=f"{type(error).__name__}: {error}", allowed=allowed) from error
    if not known and not loads:
        load_samples(world)
    return world


def _records(path: Path) -> list[dict[str, Any]]:
    """The records of a file: an array, or an object with one array, as list pages are."""
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


def demo(settings: Settings) -> int:
    """Play a whole migration on the simulators."""
    screen = open_screen(settings)
    with screen.activity("playing"):
        told = story.run()
    screen.result(demo_document(told), told.lines())
    return 0 if told.is_well else 1
