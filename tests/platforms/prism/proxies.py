"""Prism between migrator and the simulators: it judges every request and every answer by an OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from attrs import field, frozen

from migrator.sandbox import World, settings
from tests.platforms.installer import Installed
from tests.platforms.servers import free_port, listens, serving
from tests.platforms.software import FOLDER

HTTP: Final = ("omni", "devin", "scrip")
_RECEIVED: Final = "Request received"
_FAULT: Final = re.compile(r"Violation: (.*)|(Request terminated with error: (?!FetchError).*)")
"""What it calls a fault; a connection that the server ended at the same moment is none, and is tried again."""
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
        """Return how many requests it judged since it was last asked, and what it found wrong."""
        text = _COLOUR.sub("", self.log.read_text("utf-8"))
        new, self._seen[0] = text[self._seen[0] :], len(text)
        faults = [next(filter(None, found.groups())) for found in _FAULT.finditer(new)]
        return new.count(_RECEIVED), faults


@contextmanager
def judges(installed: Installed, world: World, port: int, folder: Path) -> Iterator[dict[str, Judge]]:
    """Run a strict proxy before each simulator of a served world, for as long as the block lasts.

    A request that fits the document is passed on; one that does not is answered with an error, and so is an answer
    that does not fit.
    """
    with ExitStack() as stack:
        made = {}
        for name in HTTP:
            own, here = folder / name, free_port()
            own.mkdir(parents=True)
            document, behind = FOLDER / "openapi" / f"{name}.yaml", settings(world, port)[name]["base_url"]
            command = [installed.program("prism"), "proxy", document, behind, "--port", str(here)]
            command += ["--errors", "true", "--cors", "false"]
            stack.enter_context(serving(command, folder=own, ready=listens(here)))
            made[name] = Judge(provider=name, port=here, log=own / "server.log")
        yield made
