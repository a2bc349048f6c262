"""A sync run at the command line: its progress, its interruption and its notice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from attrs import evolve

from migrator.cli.environment import show_progress
from migrator.cli.prompts import Interruption
from migrator.config import Config
from migrator.errors import UsageError
from migrator.notify import send
from migrator.plan.changes import Plan
from migrator.report.failures import trace
from migrator.report.notices import notice_of
from migrator.report.screen import Screen
from migrator.report.sync_runs import synced_line
from migrator.report.text import clean, line
from migrator.store import State
from migrator.sync.endpoints import Runtime
from migrator.sync.results import SyncResult, SyncRun
from migrator.sync.sync_run import SyncRunner


def sync_names(names: Sequence[str], config: Config, *, everything: bool, narrowed: bool) -> Sequence[str]:
    """Return the syncs to run.

    Raises:
        UsageError: none is named, or --all and names are given, or --job is given with several.
    """
    if bool(names) == everything:
        what = "--all and the names of syncs were both given" if everything else "no sync was named"
        raise UsageError(what, actual=" ".join(names), allowed="the names of syncs, or --all without a name")
    chosen = list(config.syncs) if everything else names
    if narrowed and len(set(chosen)) != 1:
        raise UsageError("--job needs exactly one sync", where="--job", allowed="migrator sync SYNC --job NAME")
    return chosen


def run_syncs(
    names: Sequence[str],
    runtime: Runtime,
    state: State,
    screen: Screen,
    *,
    jobs: Sequence[str],
    dry_run: bool,
    debug: bool,
) -> SyncRun:
    """Return the results of syncs; print each when it ends."""
    with show_progress(screen, runtime, "syncing") as activity:
        stopping = [line("Stopping after the writes in progress; interrupt again to stop at once.")]
        interruption = Interruption(warn=lambda: screen.say(stopping))

        def began(plan: Plan) -> None:
            interruption.writing = True
            activity.expect(len(plan.pending))

        runner = SyncRunner(
            runtime=runtime,
            state=state,
            jobs=tuple(jobs),
            stop=interruption.stop,
            dry_run=dry_run,
            began=began,
            ended=partial(_print_result, screen, debug=debug),
            progress=lambda _outcome: activity.advance(),
        )

        async def run() -> SyncRun:
            with interruption.listening(), runtime.instrumentation.stage("round"):
                return await runner.all(names)

        return asyncio.run(run())


def _print_result(screen: Screen, found: SyncResult, *, debug: bool) -> None:
    if found.error and debug:
        sys.stderr.write(screen.hide(trace(found.error)))
    screen.say([synced_line(found)])


def notify(screen: Screen, runtime: Runtime, found: SyncRun) -> None:
    """Send the notice of a sync run; print the recipients that were not reached."""
    config = runtime.config
    if config.notify is None or (notice := notice_of(found, config.notify.on)) is None:
        return
    notice = evolve(notice, title=screen.hide(notice.title), body=screen.hide(notice.body))
    failed = send(notice, config.notify.to, environ=runtime.environ, base_dir=config.path.parent)
    screen.say(line(f"notification not sent: {clean(why)}") for why in failed)
