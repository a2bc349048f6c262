"""What the capabilities of Acme are used for; test_write_a_provider.py puts it beside the page's own test."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from server import Acme as Server
from test_acme import Acme

from migrator.sync import commands
from migrator.testing.base import FILE, Base, MakeLab, Pair, synchronous


class Watched(Acme):
    """Acme on a clock that a test moves on, with its server at hand."""

    ahead = timedelta()

    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC) + self.ahead

    @contextmanager
    def start(self, _folder: Path) -> Iterator[Mapping[str, Any]]:
        """Run the server."""
        with Server() as self.server:
            Thread(target=self.server.serve_forever, daemon=True).start()
            yield {"base_url": f"http://127.0.0.1:{self.server.server_port}", "workspace": "w-1", "token": "secret"}
            self.server.shutdown()


class TestCapabilities(Base):
    """Uses of them that the table does not show."""

    platform = Watched()

    @classmethod
    def pairs(cls) -> list[Pair]:
        """To Acme."""
        return [(FILE, cls.platform)]

    @synchronous
    async def test_a_lost_create_is_asked_for_by_its_tag(self, make_lab: MakeLab) -> None:
        """It is done in the same run, without another list."""
        lab = make_lab()
        lab.source.wish(1)
        await lab.run()
        lab.source.wish(2)
        lab.forget_requests()
        self.platform.server.asked.clear()
        lab.target.proxy.fault(nth=1, kind="reset", after=True, match="POST *")
        _planned, applied = await lab.carry_out()
        assert [outcome.status for outcome in applied.outcomes] == ["done"]
        (tag,) = self.platform.server.asked
        assert tag.startswith("migrator:json:")
        assert [one.request.split()[0] for one in lab.target.proxy.requests] == ["GET", "POST", "GET"]
        await lab.settled()

    @synchronous
    async def test_the_log_tells_which_fires_took_place(self, make_lab: MakeLab) -> None:
        """Of three days one fire is missing, and one start was not due; of a job that is new, no fire was due."""
        lab = make_lab()
        lab.source.wish(1, hour=9)
        await lab.run()
        (key,) = lab.made
        (before,) = (await commands.verify(lab.runtime, lab.state, "it")).proofs
        assert before.logged == ()

        days = [(self.platform.now() + timedelta(days=day)).replace(hour=9, minute=0, second=7) for day in range(1, 5)]
        fired = [days[0], days[0].replace(hour=17), days[2]]
        self.platform.server.fires[key] = [at.isoformat() for at in fired]
        type(self.platform).ahead = days[2] + timedelta(hours=2) - datetime.now(UTC)
        try:
            (after,) = (await commands.verify(lab.runtime, lab.state, "it")).proofs
        finally:
            type(self.platform).ahead = timedelta()
        (logged,) = after.logged
        assert days[1].replace(second=0, microsecond=0) in logged.missing
        assert logged.extra == (fired[1],)
        assert (logged.due - logged.fired, after.status) == (len(logged.missing), "proved")
        assert {at.date() for at in logged.missing} <= {days[1].date(), datetime.now(UTC).date()}
