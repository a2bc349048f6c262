"""list and show: look at the jobs of a connection, and at a saved plan."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import attrs

from migrator.cli.moving import command_of
from migrator.cli.options import Settings
from migrator.cli.work import open_runtime, open_screen, opened_state, read_file, state_url
from migrator.plan.document import PlanDocument, plan_document, plan_from_json
from migrator.report.documents.looking import list_document
from migrator.report.listings import list_lines
from migrator.report.outcomes import cost_lines
from migrator.report.plans import plan_lines
from migrator.report.text import line
from migrator.store.database import inspect
from migrator.sync import commands


def list_jobs(settings: Settings, connection: str) -> int:
    """List the jobs of a connection."""
    screen, runtime = open_screen(settings), open_runtime(settings)
    began = time.monotonic()
    with opened_state(settings, runtime) as state, screen.activity(f"reading {connection}", held=runtime.held):
        found = asyncio.run(commands.list_jobs(runtime, state, connection))
    screen.result(list_document(found), list_lines(found))
    screen.say(cost_lines(found.requests, time.monotonic() - began))
    return 0


def show(settings: Settings, file: Path) -> int:
    """Show a saved plan as `plan` showed it."""
    screen, text, where = open_screen(settings), read_file(file), str(file)
    found = plan_from_json(text, where=where, key=None)
    if inspect(state_url(settings)).layout is not None:
        with opened_state(settings) as state:
            is_ours, key = state.lineage_of(found.sync) == found.lineage, state.seal()
    else:
        is_ours, key = False, b""
    if is_ours:
        found = plan_from_json(text, where=where, key=key)
    else:
        screen.say([line("Not verified: another state made this plan, so edits to it cannot be detected here.")])
    command = command_of(settings, "apply", where)

    def document() -> PlanDocument:
        return attrs.evolve(plan_document(found), digest=json.loads(text).get("digest"))

    screen.result(document, plan_lines(found, command=command, verbose=settings.verbose))
    return 0
