"""sync: plan and apply within the limits, for nights when nobody is there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from migrator.apply.values import Outcome
from migrator.cli.filing import check_reports, write_round_reports
from migrator.cli.options import Settings
from migrator.cli.work import Interruption, open_runtime, open_screen, opened_state
from migrator.errors import UsageError
from migrator.plan.values import Plan
from migrator.report.failures import trace
from migrator.report.rounds import round_document, round_lines, synced_line
from migrator.report.words import line
from migrator.sync import Round, Synced, Syncing


def sync(settings: Settings, names: Sequence[str], *, everything: bool, reports: Sequence[Path] = ()) -> int:
    """Carry syncs out, and tell what came of each."""
    check_reports(reports)
    screen, runtime = open_screen(settings), open_runtime(settings)
    if bool(names) == everything:
        raise UsageError("say what to sync", allowed="the names of syncs, or --all")
    chosen = list(runtime.config.syncs) if everything else names
    with opened_state(settings, runtime) as state, screen.activity("syncing") as activity:

        async def run() -> Round:
            stopping = [line("Stopping when what is under way is finished; interrupt again to stop at once.")]
            interruption = Interruption(warn=lambda: screen.say(stopping))

            def began(_plan: Plan) -> None:
                interruption.writing = True

            def advanced(_outcome: Outcome) -> None:
                activity.advance()

            def ended(found: Synced) -> None:
                if found.error and settings.debug:
                    sys.stderr.write(trace(found.error))
                screen.say([synced_line(found)])

            syncing = Syncing(
                runtime=runtime, state=state, stop=interruption.stop, began=began, ended=ended, progress=advanced
            )
            with interruption.listening():
                return await syncing.all(chosen)

        found = asyncio.run(run())
    document = round_document(found)
    screen.result(document, round_lines(found))
    write_round_reports(reports, document, found, screen)
    return found.exit_code
