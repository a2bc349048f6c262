"""list and show: look at the jobs of a connection, and at a saved plan."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from migrator import pipeline
from migrator.cli.moving import command_of
from migrator.cli.options import Settings
from migrator.cli.work import open_runtime, open_screen, opened_state, read_file
from migrator.plan.document import plan_from_json
from migrator.report.listings import list_document, list_lines
from migrator.report.outcomes import cost_lines
from migrator.report.plans import plan_document, plan_lines


def list_jobs(settings: Settings, connection: str) -> int:
    """List the jobs of a connection."""
    screen, runtime = open_screen(settings), open_runtime(settings)
    began = time.monotonic()
    with opened_state(settings, runtime) as state, screen.activity(f"reading {connection}", held=runtime.held):
        found = asyncio.run(pipeline.list_jobs(runtime, state, connection))
    screen.result(list_document(found), list_lines(found))
    screen.say(cost_lines(found.requests, time.monotonic() - began))
    return 0


def show(settings: Settings, file: Path) -> int:
    """Show a saved plan as `plan` showed it."""
    screen = open_screen(settings)
    found = plan_from_json(read_file(file), where=str(file))
    command = command_of(settings, "apply", str(file))
    screen.result(plan_document(found), plan_lines(found, command=command, verbose=settings.verbose))
    return 0
