"""A real browser for reports: the Chromium of this machine, driven over its own protocol, without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import define, field
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import NO_BROWSER

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)


def chromium() -> str | None:
    """The browser's program, None where there is none."""
    named = os.environ.get("MIGRATOR_CHROMIUM")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of a module; it ends with them, because its event loop stands in the way of others."""
    program = chromium()
    if program is None:
        pytest.skip(NO_BROWSER)  # they need a real one
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@define
class Opened:
    """A report in the browser, and what it did that it should not.

    Attributes:
        page: the page.
        requests: what it asked for, besides its own file.
        complaints: what stands in the console, and what went wrong in its script.
    """

    page: Page
    requests: list[str] = field(factory=list)
    complaints: list[str] = field(factory=list)


Open = Callable[..., Opened]


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open a text as a file in the browser: `open_report(text, width=390, color_scheme="dark")`."""
    contexts = []

    def open_report(text: str, *, width: int = 1280, script: bool = True, **options: str) -> Opened:
        file = tmp_path / "report.html"
        file.write_text(text, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            offline=True,
            **options,  # type: ignore[arg-type]  # color_scheme and the like: literals of the browser's driver
        )
        contexts.append(context)
        context.set_default_timeout(5_000)
        opened = Opened(context.new_page())
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.goto(file.as_uri())
        opened.requests.remove(file.as_uri())
        return opened

    yield open_report
    for context in contexts:
        context.close()
