"""Commands that show runs and what they left: status and history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from migrator.cli import completion
from migrator.cli.app import app
from migrator.cli.exit_codes import Exit
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from migrator.active_side import ActiveStatus
    from migrator.report.journal import SyncStatus
    from migrator.store import State
    from migrator.sync.endpoints import Runtime

_HORIZON_DAYS: Final = 400
"""Schedules that expire later than this are not read; none is exact for longer than a year."""

OptionalSync = Annotated[
    str | None,
    typer.Argument(
        metavar="SYNC",
        help="Also read both endpoints, and show the active side of each job.",
        autocompletion=completion.syncs,
    ),
]
OptionalRun = Annotated[
    str | None, typer.Argument(metavar="RUN", help="Show every write of this run.", autocompletion=completion.runs)
]
OfSync = Annotated[
    str | None, typer.Option(metavar="SYNC", help="Only the runs of this sync.", autocompletion=completion.syncs)
]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=0, metavar="N", help="At most N runs; 0 for all.")]


@app.command()
@takes_settings
def status(settings: Settings, sync: OptionalSync = None) -> int:
    """Show unresolved writes, unfinished runs and locks.

    Without SYNC it reads only the state. With SYNC it also reads both endpoints, and shows the active side of each job.
    """
    import asyncio

    from migrator.cli.environment import open_runtime, open_screen, opened_state, show_progress
    from migrator.cutover import commands
    from migrator.report.documents.journal import status_document
    from migrator.report.journal import status_lines

    screen, runtime = open_screen(settings), open_runtime(settings)
    with opened_state(settings, runtime) as state:
        name = sync and runtime.config.sync(sync).name
        jobs = None
        if name:
            with show_progress(screen, runtime, "reading source and target"):
                jobs = asyncio.run(commands.active_statuses(runtime, state, name))
        found = _status(runtime, state, name, jobs)
    screen.result(status_document(found), status_lines(found))
    return Exit.PARTLY_FAILED if found.inactive else Exit.DONE


def _status(runtime: Runtime, state: State, name: str | None, jobs: Sequence[ActiveStatus] | None) -> SyncStatus:
    """Return what the state says of all syncs, or of one."""
    from datetime import timedelta

    from migrator.report.journal import SyncStatus
    from migrator.sync.checkpoint import known_duplicates, trouble_of
    from migrator.sync.orphaned import orphans

    runs, horizon = state.runs(name), runtime.clock.now() + timedelta(days=_HORIZON_DAYS)
    syncs = list(dict.fromkeys(run.sync for run in runs))
    soonest = {one: state.lapsing(one, horizon)[:1] for one in syncs}
    return SyncStatus(
        runs=runs,
        unresolved=[write for write in state.all_unresolved_writes() if name in {None, write.sync}],
        owners=state.owners(),
        in_order=state.in_order(),
        place=state.shown,
        until={one: expiry.until for one, found in soonest.items() for expiry in found},
        ledger=state.missed(name),
        orphans=[one for one in orphans(runtime.config, state) if name in {None, one.home.sync}],
        jobs=jobs,
        inactive=state.inactive_jobs(name),
        duplicates=known_duplicates(state, [name] if name else runtime.config.syncs),
        trouble=[trouble for one in syncs for trouble in trouble_of(state, one)],
    )


@app.command()
@takes_settings
def history(settings: Settings, run: OptionalRun = None, *, sync: OfSync = None, limit: LimitOption = 20) -> int:
    """Show the latest runs, or every write of one."""
    from migrator.cli.environment import open_runtime, open_screen, opened_state
    from migrator.report.documents.journal import history_document
    from migrator.report.journal import history_lines
    from migrator.report.text import count, line
    from migrator.sync import runs as sync_runs

    screen, runtime = open_screen(settings), open_runtime(settings)
    with opened_state(settings, runtime) as state:
        one = None if run is None else sync_runs.run_of(state, run)
        found = (one,) if one else state.runs(sync and runtime.config.sync(sync).name)
        writes = state.writes(one.id) if one else None
        ledger = [entry for entry in state.missed() if one and entry.run == one.id]
    shown = found[:limit] if limit else found
    screen.result(history_document(shown, writes, ledger), history_lines(shown, writes, ledger))
    if more := len(found) - len(shown):
        screen.say([line((f"{count(more, 'older run')} not shown; --limit 0 shows all", "dim"))])
    return Exit.DONE
