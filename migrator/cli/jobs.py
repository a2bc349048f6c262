"""Commands that read the jobs of a connection: list, export and audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli import completion
from migrator.cli.app import app
from migrator.cli.exit_codes import Exit
from migrator.cli.options import ConnectionName, JobsOption, OutFile, ReportFiles, Settings, takes_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from typing import TextIO

    from migrator.config import Select
    from migrator.document import JobRecord
    from migrator.export import UnreadRecord
    from migrator.store import State
    from migrator.sync.endpoints import Runtime

ModeOption = Annotated[
    str,
    typer.Option(
        metavar="window|year|single|exact",
        help="How schedules are converted, as a sync's schedule.mode.",
        autocompletion=completion.one_of(completion.MODES),
    ),
]
RetiredOption = Annotated[
    bool, typer.Option("--retired", help="Instead: jobs removed at source that live on at a target.")
]
SelectOption = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help='Only jobs that match: name="Weekly *", id=ID or enabled=true; repeatable.'),
]
TargetProvider = Annotated[
    str,
    typer.Option("--to", metavar="PROVIDER", help="The provider to migrate to.", autocompletion=completion.providers),
]
WindowOption = Annotated[int, typer.Option(min=1, max=366, metavar="N", help="Length of the window, in days.")]


@app.command(name="list")
@takes_settings
def list_(settings: Settings, connection: ConnectionName) -> int:
    """List the jobs of a connection.

    Name, state, next fire and schedule in words of each, and whether migrator manages it. Nothing is written to any
    provider.
    """
    import asyncio
    import time

    from migrator.cli.environment import open_runtime, open_screen, opened_state
    from migrator.report.documents.listing import list_document
    from migrator.report.listings import list_lines
    from migrator.report.outcomes import cost_lines
    from migrator.sync import commands

    screen, runtime = open_screen(settings), open_runtime(settings)
    began = time.monotonic()
    with opened_state(settings, runtime) as state, screen.activity(f"reading {connection}", waited=runtime.delay):
        found = asyncio.run(commands.list_jobs(runtime, state, connection))
    screen.result(list_document(found), list_lines(found))
    screen.say(cost_lines(found.requests, time.monotonic() - began))
    return Exit.DONE


@app.command()
@takes_settings
def export(
    settings: Settings,
    connection: ConnectionName,
    *,
    out: OutFile = None,
    retired: RetiredOption = False,
    select: SelectOption = None,
) -> int:
    """Print every job of a connection as canonical JSON.

    Nothing is written to any provider; the document can be a connection of its own (provider = "json").
    """
    import asyncio
    import tempfile

    from migrator.cli.environment import open_runtime, open_screen, opened_state, show_progress
    from migrator.report.text import count, line

    screen, runtime, wanted = open_screen(settings), open_runtime(settings), _selection(select or ())
    state = settings.at_end.enter_context(opened_state(settings, runtime)) if retired else None
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:  # complete before it is printed: a listing may fail
        with show_progress(screen, runtime, f"reading {connection}"):
            work = _write_jobs(runtime, connection, file, wanted=wanted, state=state, hide=screen.hide)
            number, problems = asyncio.run(work)
        _copy_out(file, out, to_stdout=out is None or settings.json)
    if out is not None:
        screen.say([line(f"{count(number, 'job')} written to {out}")])
    if problems:
        screen.say([line(f"{count(len(problems), 'record')} could not be read; see problems in the document:")])
        screen.say(line(f"{problem['name'] or problem['id']}: {problem['error']}", indent=2) for problem in problems)
    return Exit.PARTLY_FAILED if problems else Exit.DONE


def _copy_out(file: TextIO, out: Path | None, *, to_stdout: bool) -> None:
    """Copy a document to the file of --out and to stdout."""
    import shutil
    import sys

    from migrator.cli.files import new_file

    if out is not None:
        with new_file(out) as copy:
            file.seek(0)
            shutil.copyfileobj(file, copy)
    if to_stdout:
        file.seek(0)
        shutil.copyfileobj(file, sys.stdout)
        sys.stdout.flush()


def _selection(words: Sequence[str]) -> Select:
    """Return what `--select` selects, with the meaning of a sync's `select`.

    Raises:
        UsageError: a key or a value is unknown.
    """
    from migrator.config import Select
    from migrator.errors import UsageError

    names, ids, enabled = list[str](), list[str](), list[bool]()
    for text in words:
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


async def _write_jobs(
    runtime: Runtime,
    connection: str,
    file: TextIO,
    *,
    wanted: Select,
    state: State | None,
    hide: Callable[[str], str],
) -> tuple[int, list[UnreadRecord]]:
    """Write the document job by job, so that memory does not grow with their number.

    Returns:
        The number of jobs written, and the records that could not be read.
    """
    import sys

    import attrs

    from migrator import export as exports
    from migrator.report.screen import takes_unicode

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


@app.command()
@takes_settings
def audit(
    settings: Settings,
    connection: ConnectionName,
    *,
    provider: TargetProvider,
    days: WindowOption = 8,
    mode: ModeOption = "window",
    job: JobsOption = None,
    report: ReportFiles = None,
) -> int:
    """Show what a migration to another provider would do.

    Which jobs can migrate and how exactly, what data they lose, and which settings a sync needs. It needs no access to
    the other provider.
    """
    import asyncio
    import time

    from migrator.cli.environment import open_runtime, open_screen, schedule_mode, show_progress
    from migrator.cli.files import check_reports, write_reports
    from migrator.config import Schedule
    from migrator.config.shapes import choose
    from migrator.providers.registry import PROVIDERS
    from migrator.report.audits import audit_lines
    from migrator.report.documents.audit import audit_document
    from migrator.report.outcomes import cost_lines
    from migrator.report.views.audits import audit_view
    from migrator.sync import commands

    check_reports(report or ())
    screen, runtime = open_screen(settings), open_runtime(settings)
    choose(provider, PROVIDERS, "unknown provider")
    schedule, began = Schedule(mode=schedule_mode(mode), days=days), time.monotonic()
    with show_progress(screen, runtime, f"reading {connection}"):
        found = asyncio.run(commands.audit(runtime, connection, provider, schedule, jobs=job or ()))
    document, view = audit_document(found), audit_view(found)
    write_reports(report or (), lambda: document, view, screen)
    screen.result(document, audit_lines(view, verbose=settings.verbose))
    screen.say(cost_lines(found.requests, time.monotonic() - began))
    return Exit.DONE
