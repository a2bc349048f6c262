"""The pictures of docs/reports.md: an audit and a plan of the sandbox's samples, in the browser of this machine.

python -m tests.report.screenshots docs/images
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import evolve
from playwright.sync_api import Browser, sync_playwright

from migrator.audit import Audit
from migrator.config import Schedule, load
from migrator.http.clock import Clock
from migrator.plan.changes import Plan
from migrator.providers.registry import PROVIDERS
from migrator.report.html.pages import jobs_page
from migrator.report.views.audits import audit_view
from migrator.report.views.plans import plan_view
from migrator.sandbox import BackgroundServer, World, load_samples, migrator_toml, settings
from migrator.store import open_state
from migrator.sync import commands
from migrator.sync.endpoints import Runtime
from tests.report.conftest import ARGUMENTS, chromium

SYNC = "omni-to-devin"
ALLOWED = ("description", "action.model", "action.topic", "delivery.email")
WIDTH = 1280


@contextmanager
def sandbox(folder: Path) -> Iterator[tuple[World, Runtime]]:
    """The samples, served on a clock that stands still, with one loss that nobody has allowed."""
    world = World()
    load_samples(world)
    with BackgroundServer(world) as server:
        path = folder / "migrator.toml"
        path.write_text(migrator_toml(world, server.port), encoding="utf-8")
        config = load(path, providers=PROVIDERS)
        config = evolve(config, syncs={SYNC: evolve(config.sync(SYNC), allow_loss=ALLOWED)})
        environ = {way["env"]: way["token"] for way in settings(world, server.port).values() if "env" in way}
        yield world, Runtime(config=config, environ=environ, clock=Clock(now=world.now))


def sample_audit(source: str, target: str) -> Audit:
    """What would become of a platform's samples elsewhere."""
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as (_world, runtime):
        return asyncio.run(commands.audit(runtime, source, target, Schedule()))


def sample_plan() -> Plan:
    """What there is to do some time after a move, when both sides have been edited."""
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as (world, runtime):
        state = open_state(f"sqlite:///{folder}/migrator.db", now=world.now)
        try:
            asyncio.run(commands.apply(runtime, state, SYNC, agree=_yes, stop=asyncio.Event()))
            _edit(world, "omni", "Night loads", {"prompt": "List the tables that were refreshed late, with the delay."})
            _edit(world, "omni", "Refunds", {"schedule": "15 14 ? * TUE *"})
            _edit(world, "omni", "Stock levels", {"disabled": True})
            _edit(world, "devin", "Month end close", {"prompt": "Something that somebody wrote at the target."})
            return asyncio.run(commands.plan(runtime, state, SYNC))[0]
        finally:
            state.close()


def _edit(world: World, provider: str, name: str, fields: Mapping[str, Any]) -> None:
    """Somebody edits a job."""
    (record,) = [row["record"] for row in world.records(provider) if row["record"]["name"] == name]
    world.load(provider, [{**record, **fields}])


async def _yes(_plan: Plan) -> bool:
    return True


def main(folder: Path) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    audit = jobs_page(audit_view(sample_audit("omni", "devin")))
    plan = jobs_page(plan_view(sample_plan()))
    program = chromium()
    if program is None:
        sys.exit("no Chromium on this machine; install it, or name it in MIGRATOR_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        _take(browser, audit, folder / "audit.png", height=1180)
        _take(browser, audit, folder / "audit-jobs.png", scheme="dark", opened="Weekly revenue note", height=860)
        _take(browser, plan, folder / "plan.png", opened="Night loads", height=960)
        browser.close()


def _take(browser: Browser, text: str, path: Path, *, height: int, scheme: str = "light", opened: str = "") -> None:
    """One picture: the top of a report, or its jobs with one of them opened."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": height},
        offline=True,
        color_scheme=scheme,  # type: ignore[arg-type]  # one of the driver's literals
        reduced_motion="reduce",
    )
    page = context.new_page()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        file.write_text(text, encoding="utf-8")
        page.goto(file.as_uri())
        if opened:
            page.get_by_role("button", name=opened, exact=True).click()
            page.locator("#jobs").scroll_into_view_if_needed()
            page.evaluate("document.getElementById('jobs').scrollIntoView()")
        page.screenshot(path=path)
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
