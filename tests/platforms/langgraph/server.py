"""A LangGraph server in a folder of its own, on a clock that a test chooses, with a graph without a model."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from attrs import define, field, frozen

from tests.platforms.installer import Installed
from tests.platforms.servers import answers, faked, free_port, serving

_GRAPH: Final = """\
import json, time
from typing import TypedDict
from langgraph.graph import END, START, StateGraph

class Talk(TypedDict, total=False):
    messages: list

def note(talk, config):
    run = {"at": time.time(), "text": talk["messages"][-1]["content"], "cron": config["configurable"].get("cron_id")}
    with open("runs.jsonl", "a") as file:
        file.write(json.dumps(run) + "\\n")
    return {}

building = StateGraph(Talk)
building.add_node("note", note)
building.add_edge(START, "note")
building.add_edge("note", END)
graph = building.compile()
"""
"""A graph that writes down when it ran, by the clock of its process, what it was asked, and for which cron."""

_SETTINGS: Final = {"dependencies": ["."], "graphs": {"agent": "./graph.py:graph", "other": "./graph.py:graph"}}


_STARTS: Final = 2
"""How often it may be started: its threads set up logging at once, which ends it now and then on a busy machine."""


class Run(NamedTuple):
    """A run of the graph: when it began by the server's clock, what it was asked, and the cron that started it."""

    at: datetime
    text: str
    cron: str | None


@frozen
class Server:
    """A running server.

    Attributes:
        url: its address.
        folder: where it runs.
        agent: the id of an assistant.
        other: the id of another assistant.
    """

    url: str
    folder: Path
    agent: str
    other: str

    def runs(self) -> list[Run]:
        """Return the runs of the graph, in order."""
        file = self.folder / "runs.jsonl"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        told = [json.loads(line) for line in lines]
        return [Run(datetime.fromtimestamp(one["at"], UTC), one["text"], one["cron"]) for one in told]

    def now(self) -> tuple[datetime, float]:
        """Return the server's time, and when it was that by `time.monotonic`: the middle of the quickest request."""
        found = []
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            for _try in range(5):
                asked = time.monotonic()
                body = {"assistant_id": self.agent, "schedule": "0 0 1 1 *", "enabled": False}
                told = client.post("/runs/crons", json=body).raise_for_status().json()
                took = time.monotonic() - asked
                client.delete(f"/runs/crons/{told['cron_id']}").raise_for_status()
                found.append((took, datetime.fromisoformat(told["created_at"]), asked + took / 2))
        _took, at, when = min(found)
        return at, when


@define
class HeldClock:
    """A clock that a server reads from a file, so that a test can set it while the server runs.

    Attributes:
        file: where it stands.
    """

    file: Path
    _at: datetime = field(init=False)
    _since: float = field(init=False)

    def now(self) -> datetime:
        """The time that the server sees."""
        return self._at + timedelta(seconds=time.monotonic() - self._since)

    def set(self, at: datetime) -> None:
        """Let the time be `at`, from where it goes on; the file is never seen half written."""
        draft = self.file.with_suffix(".new")
        draft.write_text(f"@{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}\n", "utf-8")
        draft.replace(self.file)
        self._at, self._since = at, time.monotonic()

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables of the process whose clock it is."""
        text = self.file.read_text("utf-8").strip().removeprefix("@")
        rest = {name: value for name, value in faked(text).items() if name != "FAKETIME"}
        return {**rest, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1"}


@define
class FastClock:
    """A clock that goes faster than time, by which a server lives and, once it is aligned, whoever else should.

    Attributes:
        start: where it stands when the process of the server starts.
        speed: how many of its seconds pass in one second.
    """

    start: datetime
    speed: int
    _at: datetime = field(init=False)
    _since: float = field(init=False)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables of the process whose clock it is."""
        return faked(f"{self.start:%Y-%m-%d %H:%M:%S}", speed=self.speed)

    def align(self, server: Server) -> None:
        """Show the time that the server sees, from now on."""
        self._at, self._since = server.now()

    def off(self, server: Server) -> timedelta:
        """Return by how much the server's clock is ahead of this one."""
        at, when = server.now()
        return at - (self._at + timedelta(seconds=(when - self._since) * self.speed))

    def monotonic(self) -> float:
        """Seconds of this clock that never run backwards."""
        return time.monotonic() * self.speed

    def now(self) -> datetime:
        """The time that the server sees."""
        return self._at + timedelta(seconds=(time.monotonic() - self._since) * self.speed)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock."""
        await asyncio.sleep(seconds / self.speed)


@contextmanager
def running(installed: Installed, folder: Path, *, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server without any cron for as long as the block lasts."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (folder / "graph.py").write_text(_GRAPH, "utf-8")
    (folder / "langgraph.json").write_text(json.dumps(_SETTINGS), "utf-8")
    quiet = {"LANGSMITH_TRACING": "false", "LANGGRAPH_CLI_NO_ANALYTICS": "1", "LOG_LEVEL": "WARNING"}
    program = [installed.program("langgraph"), "dev", "--no-browser", "--no-reload"]
    command = [*program, "--host", "127.0.0.1", "--port", str(port)]
    given = {**quiet, **(env or {})}
    with ExitStack() as stack:
        for left in reversed(range(_STARTS)):
            try:
                stack.enter_context(serving(command, folder=folder, ready=answers(f"{url}/ok"), env=given))
                break
            except RuntimeError:
                if not left:
                    raise
        found = httpx.post(f"{url}/assistants/search", json={}, trust_env=False, timeout=60).json()
        ids = {one["graph_id"]: one["assistant_id"] for one in found}
        yield Server(url, folder, ids["agent"], ids["other"])
