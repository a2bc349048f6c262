"""LangGraph as its users know it: a running server, and how one simple cron looks there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

from migrator.providers.langgraph import PAGE_SIZE
from migrator.testing.platform import Platform, Raw, Wish, hour_of
from tests.platforms.installer import install
from tests.platforms.langgraph.server import FastClock, HeldClock, Server, running

AGENT: Final = "fe096781-5601-53d2-b2f6-0d3403f7e9ca"
"""The assistant of the graph "agent": the server derives its id from that name."""


class LangGraphServer(Platform):
    """The server, as people use it who give their crons names.

    Args:
        clock: that of the server, where it is not the time of day.

    Attributes:
        server: the running server.
    """

    provider: ClassVar[str] = "langgraph"
    needs: Mapping[str, Any] = {"action.agent": AGENT}
    listing: ClassVar[str] = "POST */search"
    reads: ClassVar[tuple[str, ...]] = ("GET *", "POST */search")
    changing: ClassVar[frozenset[str]] = frozenset({"next_run_date", "updated_at"})
    volume: ClassVar[int] = PAGE_SIZE + 20
    translates: Mapping[str, Mapping[str, str]] = {"action.agent": {"claude": AGENT, "devin": AGENT}}

    def __init__(self, clock: HeldClock | FastClock | None = None) -> None:
        self.clock = clock
        self.server: Server | None = None
        if clock:
            self.now = clock.now

    @contextmanager
    def start(self, folder: Path) -> Iterator[Mapping[str, Any]]:
        """Run a server."""
        env = {**self.clock.environment, "CRON_SCHEDULER_SLEEP_TIME": "1"} if self.clock else {}
        with running(install("langgraph"), folder, env=env) as server:
            assert server.agent == AGENT
            self.server = server
            if isinstance(self.clock, FastClock):
                self.clock.align(server)
            yield {"base_url": server.url}

    def write(self, number: int, wanted: Wish) -> Raw:
        """A cron."""
        return {
            "assistant_id": AGENT,
            "schedule": f"0 {wanted.hour} * * *",
            "timezone": "UTC",
            "enabled": wanted.enabled,
            "input": {"messages": [{"role": "user", "content": wanted.text}]},
            "metadata": {"name": wanted.name, "description": wanted.description},
        }

    def read(self, raw: Raw) -> Wish:
        """What a cron stands for."""
        return Wish(
            name=raw["metadata"]["name"],
            text=raw["payload"]["input"]["messages"][0]["content"],
            hour=hour_of(raw["schedule"]),
            description=raw["metadata"].get("description"),
            enabled=raw["enabled"],
        )
