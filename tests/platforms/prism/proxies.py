"""Prism between migrator and the simulators: it judges every request and every answer by an OpenAPI document."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import httpx
from attrs import field, frozen

from migrator.sandbox import World, settings
from tests.platforms.installer import Installed
from tests.platforms.servers import free_port, listens, serving
from tests.platforms.software import FOLDER

HTTP: Final = ("omni", "devin", "scrip")
SECONDS: Final = 120.0
"""How long a proxy may take for one request on a busy machine."""
_RECEIVED: Final = "Request received"
_FAULT: Final = re.compile(r"Request terminated with error: (?!FetchError)")
"""What it calls a fault; a connection that the server ended at the same moment is none, and is tried again."""
_MARK: Final = "/judged/"
"""Path of a request that only marks a place in the log."""
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


@frozen(kw_only=True)
class Judge:
    """One proxy.

    Attributes:
        provider: whose document it judges by.
        port: where it listens.
        log: what it writes.
    """

    provider: str
    port: int
    log: Path
    _seen: list[int] = field(factory=lambda: [0], init=False)

    @property
    def url(self) -> str:
        """Its root."""
        return f"http://127.0.0.1:{self.port}"

    def judged(self) -> tuple[int, list[str]]:
        """Return how many requests it judged since it was last asked, and what its log says of those that failed."""
        log = self._log_until(f"{_MARK}{self._seen[0]}")
        new, self._seen[0] = log[self._seen[0] :], len(log)
        lines = [line for line in new.splitlines() if _MARK not in line]
        return sum(_RECEIVED in line for line in lines), [line for line in lines if _FAULT.search(line)]

    def _log_until(self, mark: str) -> str:
        """Return the log up to a request for a path, which is sent first: the log is written after the answers."""
        httpx.get(f"{self.url}{mark}", timeout=SECONDS, trust_env=False)
        until = time.monotonic() + SECONDS
        while mark not in (log := _COLOUR.sub("", self.log.read_text("utf-8"))):
            assert time.monotonic() < until, f"Prism does not log: {log[-1000:]}"
            time.sleep(0.05)
        return log[: log.index(mark)]


@contextmanager
def judges(installed: Installed, port: int, folder: Path) -> Iterator[dict[str, Judge]]:
    """Run a strict proxy before each simulator of the world that a port serves, for as long as the block lasts.

    A request that fits the document is passed on; one that does not is answered with an error, and so is an answer
    that does not fit. The world may be another one for each test: a proxy connects when a request comes.
    """
    reach = settings(World(), port)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:

        def judge(name: str) -> Judge:
            own, here = folder / name, free_port()
            own.mkdir(parents=True)
            command = [installed.program("prism"), "proxy", FOLDER / "openapi" / f"{name}.yaml"]
            command += [reach[name]["base_url"], "--port", str(here), "--errors", "true", "--cors", "false"]
            stack.enter_context(serving(command, folder=own, ready=listens(here)))
            return Judge(provider=name, port=here, log=own / "server.log")

        yield dict(zip(HTTP, pool.map(judge, HTTP), strict=True))  # they start at once: each takes seconds
