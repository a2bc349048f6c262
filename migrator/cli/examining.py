"""doctor: whether everything that a run needs is in order."""

from __future__ import annotations

import asyncio
import os
from typing import Final

from migrator import doctor as checks_of
from migrator.cli.options import Settings
from migrator.cli.work import config_file, open_screen, read_config, state_url
from migrator.config import Config
from migrator.doctor.check import Check
from migrator.errors import ConfigError
from migrator.http.clock import REAL
from migrator.report.doctor import checkup_lines
from migrator.report.documents.looking import doctor_document
from migrator.report.text import count
from migrator.sync.endpoints import Runtime

_CONFIG: Final = "config"


def doctor(settings: Settings) -> int:
    """Run every check, and print the result of each."""
    screen = open_screen(settings)
    config, checks = _config(settings)
    url = state_url(settings)
    if config:
        runtime = Runtime(config=config, environ=os.environ, mappings=settings.mappings, secrets=settings.secrets)
        with screen.activity("asking the platforms"):
            checks += asyncio.run(checks_of.check_connections(runtime))
        checks += checks_of.check_notify(config, os.environ)
    checks += checks_of.check_state(url, now=REAL.now)
    checks += (checks_of.check_time_zones(REAL.now()), *checks_of.check_extras(config, url))
    screen.result(doctor_document(checks), checkup_lines(checks))
    return max((check.exit_code for check in checks if check.status == "fault"), default=0)


def _config(settings: Settings) -> tuple[Config | None, tuple[Check, ...]]:
    """Return the config, if it is without errors, and its check."""
    path = str(config_file(settings))
    try:
        config = read_config(settings)
    except ConfigError as error:
        problems = error.problems or (error,)
        return None, tuple(
            checks_of.of_error(_CONFIG, "file", problem, otherwise="fix it; migrator schema config describes it")
            for problem in problems
        )
    told = f"{path}: {count(len(config.connections), 'connection')}, {count(len(config.syncs), 'sync')}"
    if not config.syncs:
        todo = "add [syncs.NAME] with a source and a target"
        return config, (Check(about=_CONFIG, what="file", status="advice", found=told, todo=todo),)
    return config, (Check(about=_CONFIG, what="file", status="ok", found=told),)
