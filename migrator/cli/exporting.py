"""export: every job of a connection, written down as it is read, so that many take no more room than one."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final, TextIO

import attrs

from migrator import export as exports
from migrator.cli.options import Settings
from migrator.cli.work import drafting, open_runtime, open_screen, opened_state, showing
from migrator.config import Select
from migrator.document import JobRecord
from migrator.errors import UsageError
from migrator.export import UnreadRecord
from migrator.report.screen import Screen, takes_unicode
from migrator.report.text import count, line
from migrator.store import State
from migrator.sync.endpoints import Runtime

_DONE: Final = 0
_SOME_FAILED: Final = 4


def export(
    settings: Settings, connection: str, *, out: Path | None, select: Sequence[str] = (), retired: bool = False
) -> int:
    """Write the jobs of a connection as canonical JSON; nothing of it where the listing is not complete."""
    screen, runtime, wanted = open_screen(settings), open_runtime(settings), _selection(select)
    state = settings.at_end.enter_context(opened_state(settings, runtime)) if retired else None
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        number, problems = _written(screen, runtime, connection, file, wanted=wanted, state=state)
        if out is not None:
            with drafting(out) as copy:
                file.seek(0)
                shutil.copyfileobj(file, copy)
            screen.say([line(f"{count(number, 'job')} written to {out}")])
        if out is None or settings.json:
            file.seek(0)
            _print(file)
    if problems:
        screen.say([line(f"{count(len(problems), 'record')} could not be read; see problems in the document:")])
        screen.say(line(f"{problem['name'] or problem['id']}: {problem['error']}", indent=2) for problem in problems)
    return _SOME_FAILED if problems else _DONE


def _print(file: TextIO) -> None:
    shutil.copyfileobj(file, sys.stdout)
    sys.stdout.flush()


def _selection(said: Sequence[str]) -> Select:
    """Return what `--select` asks for, with the meaning of a sync's `select`.

    Raises:
        UsageError: it names an unknown key or value.
    """
    names, ids, enabled = list[str](), list[str](), list[bool]()
    for text in said:
        key, is_pair, value = text.partition("=")
        match key if is_pair else "", value:
            case "name", _:
                names.append(value)
            case "id", _:
                ids.append(value)
            case "enabled", "true" | "false":
                enabled.append(value == "true")
            case _:
                allowed = "name=PATTERN, id=ID, enabled=true or enabled=false"
                raise UsageError("unknown selection", where="--select", actual=text, allowed=allowed)
    return Select(name=tuple(names) or None, id=tuple(ids) or None, enabled=enabled[-1] if enabled else None)


def _written(
    screen: Screen, runtime: Runtime, connection: str, file: TextIO, *, wanted: Select, state: State | None
) -> tuple[int, list[UnreadRecord]]:
    """Return how many jobs were written, and what could not be read."""
    with showing(screen, runtime, f"reading {connection}"):
        return asyncio.run(_write(runtime, connection, file, wanted=wanted, state=state, hide=screen.hide))


async def _write(
    runtime: Runtime,
    connection: str,
    file: TextIO,
    *,
    wanted: Select,
    state: State | None,
    hide: Callable[[str], str],
) -> tuple[int, list[UnreadRecord]]:
    number = 0
    async with exports.exporting(runtime, connection, wanted, state) as found:

        async def counted() -> AsyncIterator[JobRecord]:
            nonlocal number
            async for job in found.jobs:
                number += 1
                yield job

        async for part in attrs.evolve(found, jobs=counted()).streamed(ascii_only=not takes_unicode(sys.stdout)):
            file.write(hide(part))
        return number, found.problems
