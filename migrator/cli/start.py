"""Commands that prepare the first run: init and doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.cli.app import app
from migrator.cli.exit_codes import Exit
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from migrator.config import Config
    from migrator.doctor.check import Check


@app.command()
@takes_settings
def init(settings: Settings) -> int:
    """Write a commented config file to start from.

    On a terminal it asks for the platforms, the settings of each connection and where its secret is kept, and checks
    each connection by reading. Elsewhere it asks nothing. An existing file is not changed.
    """
    import shlex

    from migrator.cli import interview
    from migrator.cli.environment import config_file, open_screen
    from migrator.config import examples, starter
    from migrator.providers.registry import PROVIDERS
    from migrator.report.documents.start import InitDocument
    from migrator.report.text import line

    screen, path = open_screen(settings), config_file(settings)
    interview.check_absent(path)
    drafts, advice = examples(PROVIDERS), "Delete those that you do not have. "
    source, target = drafts[:2]
    if screen.can_ask and not settings.json:
        drafts, advice = interview.connections(screen, path, drafts), ""
        source, target = interview.endpoints(screen, drafts)
    interview.create(path, starter(drafts, source=source, target=target, advice=advice))
    config = ["-c", str(settings.config)] if settings.config else []
    steps = (["doctor"], ["audit", source.name, "--to", target.provider.name], ["plan", "nightly"])
    commands = [line((shlex.join(["migrator", *step, *config]), "bold"), indent=2) for step in steps]
    head = line(f"{path} is written. Fill in what is missing, then run, in this order:")
    screen.result(InitDocument(path=str(path)), [head, *commands])
    return Exit.DONE


@app.command()
@takes_settings
def doctor(settings: Settings) -> int:
    """Check the config, the connections and the state.

    Each connection is checked for reachability, authentication and write permission; clocks, time zones and rate limits
    are checked too. Each problem has its fix. Nothing is changed; ends with 1 or 2 when a run would fail.
    """
    import asyncio
    import os

    from migrator import doctor as checks_of
    from migrator.catalog import catalog
    from migrator.cli.environment import open_screen, state_url
    from migrator.http.clock import REAL
    from migrator.report.doctor import doctor_lines
    from migrator.report.documents.start import doctor_document
    from migrator.sync.endpoints import Runtime

    screen = open_screen(settings)
    config, checks = _config_checks(settings)
    url = state_url(settings)
    if config:
        runtime = Runtime(config=config, environ=os.environ, mappings=settings.mappings, secrets=settings.secrets)
        with screen.activity("asking the platforms"):
            checks += asyncio.run(checks_of.check_connections(runtime))
        checks += checks_of.check_notify(config, os.environ)
    checks += checks_of.check_packages(catalog(directory=settings.mappings))
    checks += checks_of.check_state(url, now=REAL.now)
    checks += (checks_of.check_time_zones(REAL.now()), *checks_of.check_extras(config, url))
    screen.result(doctor_document(checks), doctor_lines(checks))
    return max((check.exit_code for check in checks if check.status == "fault"), default=Exit.DONE)


def _config_checks(settings: Settings) -> tuple[Config | None, tuple[Check, ...]]:
    """Return the config, if it has no errors, and its checks."""
    from migrator import doctor as checks_of
    from migrator.cli.environment import config_file, read_config
    from migrator.doctor.check import Check
    from migrator.errors import ConfigError
    from migrator.report.text import count

    try:
        config = read_config(settings)
    except ConfigError as error:
        otherwise = "fix it; migrator schema config describes it"
        problems = error.problems or (error,)
        return None, tuple(checks_of.of_error("config", "file", one, otherwise=otherwise) for one in problems)
    found = (
        f"{config_file(settings)}: {count(len(config.connections), 'connection')}, {count(len(config.syncs), 'sync')}"
    )
    if not config.syncs:
        todo = "add [syncs.NAME] with a source and a target"
        return config, (Check(about="config", what="file", status="advice", found=found, todo=todo),)
    return config, (Check(about="config", what="file", status="ok", found=found),)
