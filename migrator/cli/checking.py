"""audit and verify: check the jobs before and after a migration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args

from migrator.cli.filing import check_reports, write_reports
from migrator.cli.moving import command_of
from migrator.cli.options import Settings
from migrator.cli.work import open_runtime, open_screen, opened_state, showing
from migrator.config import Mode, Schedule
from migrator.config.shapes import choose
from migrator.providers import PROVIDERS
from migrator.report.audits import audit_lines
from migrator.report.documents.audit import audit_document
from migrator.report.documents.verify import verify_document
from migrator.report.outcomes import cost_lines
from migrator.report.overview.audits import audit_overview
from migrator.report.proofs import verify_lines
from migrator.sync import commands

_MODES: Final[dict[str, Mode]] = {mode: mode for mode in get_args(Mode)}

_DONE: Final = 0
_FAILED: Final = 1


def audit(
    settings: Settings,
    connection: str,
    *,
    provider: str,
    mode: str,
    days: int,
    jobs: Sequence[str] = (),
    reports: Sequence[Path] = (),
) -> int:
    """Show what a migration of a connection's jobs to a provider would do."""
    check_reports(reports)
    screen, runtime = open_screen(settings), open_runtime(settings)
    choose(provider, PROVIDERS, "unknown provider")
    schedule = Schedule(mode=_MODES[choose(mode, _MODES, "unknown mode")], days=days)
    began = time.monotonic()
    with showing(screen, runtime, f"reading {connection}"):
        found = asyncio.run(commands.audit(runtime, connection, provider, schedule, jobs=jobs))
    document = audit_document(found)
    write_reports(reports, lambda: document, lambda: audit_overview(found), screen)
    screen.result(document, audit_lines(found, verbose=settings.verbose))
    screen.say(cost_lines(found.requests, time.monotonic() - began))
    return _DONE


def verify(settings: Settings, sync: str, *, days: int | None) -> int:
    """Prove that the target fires as the source does."""
    screen, runtime = open_screen(settings), open_runtime(settings)
    began = time.monotonic()
    with opened_state(settings, runtime) as state, showing(screen, runtime, "reading source and target"):
        found = asyncio.run(commands.verify(runtime, state, sync, days=days))
    command = command_of(settings, "apply", sync)
    screen.result(verify_document(found), verify_lines(found, command=command, verbose=settings.verbose))
    screen.say(cost_lines(found.requests, time.monotonic() - began))
    return _DONE if found.is_well else _FAILED
