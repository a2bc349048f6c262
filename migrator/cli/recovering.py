"""rollback, settle, status and history: recover from a run that failed."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from functools import partial
from typing import Final

from migrator.cli.moving import carry_out, command_of
from migrator.cli.options import Settings
from migrator.cli.work import open_runtime, open_screen, opened_state, showing
from migrator.cutover import commands as cutovers
from migrator.errors import UsageError
from migrator.plan.changes import Plan
from migrator.plan.document import plan_document
from migrator.report.documents.journal import history_document, settle_document, status_document
from migrator.report.journal import (
    SyncStatus,
    history_lines,
    settle_lines,
    status_lines,
)
from migrator.report.outcomes import cost_lines
from migrator.report.plans import plan_lines
from migrator.report.text import count, line
from migrator.sync import endpoints, execution, undo
from migrator.sync.checkpoint import known_duplicates, trouble_of
from migrator.sync.orphaned import orphans

_SOME_FAILED: Final = 4
_HORIZON: Final = timedelta(days=400)
"""Schedules that expire later than this are not read; none is exact for longer than a year."""


def rollback(settings: Settings, run: str, *, dry_run: bool, yes: bool) -> int:
    """Put the target back as it was before a run."""
    runtime = open_runtime(settings)
    if dry_run:
        return _preview(settings, runtime, run)
    return carry_out(
        settings,
        open_screen(settings),
        runtime,
        lambda state: partial(undo.rollback, runtime, state, run),
        yes=yes,
        again=["rollback", run],
    )


def _preview(settings: Settings, runtime: endpoints.Runtime, run: str) -> int:
    """Show what a rollback would change."""

    async def decline(_plan: Plan) -> bool:
        return False

    screen, began = open_screen(settings), time.monotonic()
    with opened_state(settings, runtime) as state, screen.activity("reading the target", held=runtime.held):
        back, applied = asyncio.run(undo.rollback(runtime, state, run, agree=decline, stop=asyncio.Event()))
    command = command_of(settings, "rollback", run)
    screen.result(lambda: plan_document(back), plan_lines(back, command=command, verbose=settings.verbose))
    screen.say(cost_lines(applied.requests, time.monotonic() - began))
    return 0


def settle(settings: Settings, run: str, job: str, *, created: str | None, not_created: bool) -> int:
    """Resolve an unresolved write by hand."""
    screen, runtime = open_screen(settings), open_runtime(settings)
    if (created is None) != not_created:
        raise UsageError("say whether the target job exists", allowed="--created ID, or --not-created")
    with opened_state(settings, runtime) as state:
        write = asyncio.run(undo.settle(runtime, state, run, job, created=created))
    screen.result(settle_document(write, created), settle_lines(write, created))
    return 0


def status(settings: Settings, sync: str | None) -> int:
    """Show unresolved writes and unfinished runs, and on request the active side of each job."""
    screen, runtime = open_screen(settings), open_runtime(settings)
    with opened_state(settings, runtime) as state:
        name = sync and runtime.config.sync(sync).name
        runs, horizon = state.runs(name), runtime.clock.now() + _HORIZON
        soonest = {one: state.lapsing(one, horizon)[:1] for one in {run.sync for run in runs}}
        if name:
            with showing(screen, runtime, "reading source and target"):
                jobs = asyncio.run(cutovers.standings(runtime, state, name))
        standing = SyncStatus(
            runs=runs,
            unresolved=[write for write in state.unsettled() if name in {None, write.sync}],
            owners=state.owners(),
            in_order=state.in_order(),
            place=state.shown,
            until={one: lapse.until for one, found in soonest.items() for lapse in found},
            ledger=state.missed(name),
            orphans=[one for one in orphans(runtime.config, state) if name in {None, one.home.sync}],
            jobs=jobs if name else None,
            dark=state.dark(name),
            duplicates=known_duplicates(state, [name] if name else runtime.config.syncs),
            trouble=[told for one in dict.fromkeys(run.sync for run in runs) for told in trouble_of(state, one)],
        )
    screen.result(status_document(standing), status_lines(standing))
    return _SOME_FAILED if standing.dark else 0


def history(settings: Settings, run: str | None, *, sync: str | None, limit: int) -> int:
    """Show the latest runs, or every write of one."""
    screen, runtime = open_screen(settings), open_runtime(settings)
    with opened_state(settings, runtime) as state:
        one = None if run is None else execution.run_of(state, run)
        found = (one,) if one else state.runs(sync and runtime.config.sync(sync).name)
        writes = state.writes(one.id) if one else None
        ledger = [entry for entry in state.missed() if one and entry.run == one.id]
    shown = found[:limit] if limit else found
    screen.result(history_document(shown, writes, ledger), history_lines(shown, writes, ledger))
    if more := len(found) - len(shown):
        screen.say([line((f"{count(more, 'older run')} not shown; --limit 0 shows all", "dim"))])
    return 0
