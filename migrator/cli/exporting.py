"""export: every job of a connection, written down as it is read, so that many take no more room than one."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TextIO

from migrator import pipeline
from migrator.cli.options import Settings
from migrator.cli.work import drafting, open_runtime, open_screen
from migrator.pipeline import Runtime
from migrator.report.long import closing, item, opening
from migrator.report.screen import Screen, takes_unicode
from migrator.report.words import count, line

_DONE: Final = 0
_SOME_FAILED: Final = 4


def export(settings: Settings, connection: str, *, out: Path | None) -> int:
    """Write every job of a connection as canonical JSON; nothing of it where the listing is not complete."""
    screen, runtime = open_screen(settings), open_runtime(settings)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        number, problems = _written(screen, runtime, connection, file)
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


def _written(screen: Screen, runtime: Runtime, connection: str, file: TextIO) -> tuple[int, list[Mapping[str, Any]]]:
    """How many jobs were written, and what could not be read."""
    with screen.activity(f"reading {connection}", held=runtime.held):
        return asyncio.run(_write(runtime, connection, screen, file))


async def _write(
    runtime: Runtime, connection: str, screen: Screen, file: TextIO
) -> tuple[int, list[Mapping[str, Any]]]:
    ascii_only, number = not takes_unicode(sys.stdout), 0
    async with pipeline.exporting(runtime, connection) as found:
        file.write(screen.hide(opening(found.head, "jobs", ascii_only=ascii_only)))
        async for job in found.jobs:
            file.write(screen.hide(item(job, first=number == 0, ascii_only=ascii_only)))
            number += 1
        rest = {"problems": found.problems}
        file.write(screen.hide(closing(rest, empty=number == 0, ascii_only=ascii_only)))
        return number, list(found.problems)
