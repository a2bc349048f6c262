"""doctor: whether everything that a run needs is in order."""

from __future__ import annotations

import asyncio
import os
from typing import Final

from migrator import checkup
from migrator.checkup import Check
from migrator.cli.options import Settings
from migrator.cli.work import config_file, open_screen, read_config, state_url
from migrator.config import Config
from migrator.errors import ConfigError
from migrator.report.checkups import checkup_document, checkup_lines
from migrator.report.words import count
from migrator.session import Runtime
from migrator.transport.clock import REAL

_CONFIG: Final = "config"


def doctor(settings: Settings) -> int:
    """Run every check, and print the result of each."""
    screen = open_screen(settings)
    config, checks = _config(settings)
    url = state_url(settings)
    if config:
        runtime = Runtime(config=config, environ=os.environ, mappings=settings.mappings, secrets=settings.secrets)
        with screen.activity("asking the platforms"):
            checks += asyncio.run(checkup.check_connections(runtime))
        checks += checkup.check_notify(config, os.environ)
    checks += checkup.check_state(url, now=REAL.now)
    checks += (checkup.check_time_zones(REAL.now()), *checkup.check_extras(config, url))
    screen.result(checkup_document(checks), checkup_lines(checks))
    return max((check.exit_code for check in checks if check.status == "fault"), default=0)


def _config(settings: Settings) -> tuple[Config | None, tuple[Check, ...]]:
    """Return the config, if it is without errors, and its check."""
    path = str(config_file(settings))
    try:
        config = read_config(settings)
    except ConfigError as error:
        problems = error.problems or (error,)
        return None, tuple(
            checkup.of_error(_CONFIG, "file", problem, otherwise="fix it; migrator schema config describes it")
            for problem in problems
        )
    told = f"{path}: {count(len(config.connections), 'connection')}, {count(len(config.syncs), 'sync')}"
    if not config.syncs:
        todo = "add [syncs.NAME] with a source and a target"
        return config, (Check(about=_CONFIG, what="file", status="advice", found=told, todo=todo),)
    return config, (Check(about=_CONFIG, what="file", status="ok", found=told),)
