"""sync: plan and apply within the limits, without asking."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from attrs import evolve

from migrator.cli.filing import check_reports, write_round_reports
from migrator.cli.options import Settings
from migrator.cli.work import Interruption, open_runtime, open_screen, opened_state, showing
from migrator.errors import UsageError
from migrator.execute.outcomes import Outcome
from migrator.notify import send
from migrator.plan.changes import Plan
from migrator.report.documents.sync_run import run_document
from migrator.report.failures import trace
from migrator.report.notices import notice_of
from migrator.report.screen import Screen
from migrator.report.sync_runs import round_lines, synced_line
from migrator.report.text import clean, line
from migrator.sync.endpoints import Runtime
from migrator.sync.results import SyncResult, SyncRun
from migrator.sync.sync_run import SyncRunner


def sync(
    settings: Settings,
    names: Sequence[str],
    *,
    everything: bool,
    dry_run: bool = False,
    quiet: bool = False,
    jobs: Sequence[str] = (),
    reports: Sequence[Path] = (),
) -> int:
    """Run syncs, or only plan them, and print the result of each; quietly, only of those that need attention."""
    check_reports(reports)
    screen, runtime = open_screen(settings, quiet=quiet), open_runtime(settings, quiet=quiet)
    if bool(names) == everything:
        what = "--all and the names of syncs were both given" if everything else "no sync was named"
        raise UsageError(what, actual=" ".join(names), allowed="the names of syncs, or --all without a name")
    chosen = list(runtime.config.syncs) if everything else names
    if jobs and len(set(chosen)) != 1:
        raise UsageError("--job needs exactly one sync", where="--job", allowed="migrator sync SYNC --job NAME")
    with opened_state(settings, runtime) as state, showing(screen, runtime, "syncing") as activity:

        async def run() -> SyncRun:
            stopping = [line("Stopping after the writes in progress; interrupt again to stop at once.")]
            interruption = Interruption(warn=lambda: screen.say(stopping))

            def began(plan: Plan) -> None:
                interruption.writing = True
                activity.expect(len(plan.pending))

            def advanced(_outcome: Outcome) -> None:
                activity.advance()

            def ended(found: SyncResult) -> None:
                if found.error and settings.debug:
                    sys.stderr.write(screen.hide(trace(found.error)))
                screen.say([synced_line(found)])

            syncing = SyncRunner(
                runtime=runtime,
                state=state,
                jobs=tuple(jobs),
                stop=interruption.stop,
                dry_run=dry_run,
                began=began,
                ended=ended,
                progress=advanced,
            )
            with interruption.listening(), runtime.instrumentation.stage("round"):
                return await syncing.all(chosen)

        found = asyncio.run(run())
    document = cache(lambda: run_document(found))
    if not quiet or any(result.needs_a_look for result in found.results):
        screen.result(document, round_lines(found))
    if not dry_run:
        _notify(screen, runtime, found)
    write_round_reports(reports, document, found, screen)
    return found.exit_code


def _notify(screen: Screen, runtime: Runtime, found: SyncRun) -> None:
    """Send the notice; a recipient that was not reached is printed, and changes nothing."""
    config = runtime.config
    if config.notify is None or (notice := notice_of(found, config.notify.on)) is None:
        return
    notice = evolve(notice, title=screen.hide(notice.title), body=screen.hide(notice.body))
    failed = send(notice, config.notify.to, environ=runtime.environ, base_dir=config.path.parent)
    screen.say(line(f"notification not sent: {clean(why)}") for why in failed)
