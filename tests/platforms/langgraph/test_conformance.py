"""The conformance table on the real server: every scenario between it and a file of jobs, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest

from migrator.providers.langgraph import PAGE_SIZE
from migrator.testing.conformance import Conformance
from migrator.testing.platform import Platform, Raw, Wish, hour_of
from tests.platforms.installer import install
from tests.platforms.langgraph.server import running

AGENT: Final = "fe096781-5601-53d2-b2f6-0d3403f7e9ca"
"""The assistant of the graph "agent": the server derives its id from that name."""


class LangGraphServer(Platform):
    """The server, as people use it who give their crons names."""

    provider: ClassVar[str] = "langgraph"
    needs: Mapping[str, Any] = {"action.agent": AGENT}
    listing: ClassVar[str] = "POST */search"
    reads: ClassVar[tuple[str, ...]] = ("GET *", "POST */search")
    changing: ClassVar[frozenset[str]] = frozenset({"next_run_date", "updated_at"})
    volume: ClassVar[int] = PAGE_SIZE + 20

    @contextmanager
    def start(self, folder: Path) -> Iterator[Mapping[str, Any]]:
        """Run a server."""
        with running(install("langgraph"), folder) as server:
            assert server.agent == AGENT
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


@pytest.mark.usefixtures("installed")
class TestLangGraph(Conformance):
    """Every scenario."""

    platform = LangGraphServer()

    @pytest.fixture(autouse=True)
    @classmethod
    def _counted(cls, figures: Any) -> None:
        """Count the scenarios."""
        figures["scenarios"] += 1
