"""Prefect's server as a calendar: the instants at which it would run a schedule, in any window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import httpx
from attrs import define

from tests.platforms.installer import Installed
from tests.platforms.servers import answers, free_port, serving

MOST: Final = 1000
"""Runs that one request materialises."""
PAGE: Final = 200
TRIES: Final = 10
Window = tuple[datetime, datetime]


class RefusedError(Exception):
    """Prefect does not take the expression; the message says why."""


@define
class Calendar:
    """A server, and a flow whose deployments carry the schedules."""

    client: httpx.Client
    flow: str
    made: int = 0

    @classmethod
    def at(cls, url: str) -> Self:
        """Connect to a server."""
        # A server error resets the connection, so none is kept.
        client = httpx.Client(
            base_url=url, timeout=120, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
        return cls(client, client.post("/flows/", json={"name": "calendar"}).json()["id"])

    def instants(self, text: str, zone: str, *windows: Window) -> list[datetime]:
        """Return the instants of an expression in the windows, each from its start up to but not including its end.

        Raises:
            RefusedError: the server does not take it.
        """
        self.made += 1
        schedule = {"schedule": {"cron": text, "timezone": zone}, "active": True}
        body = {"name": f"d{self.made}", "flow_id": self.flow, "paused": False, "schedules": [schedule]}
        answer = self._post("/deployments/", body)
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            raise RefusedError(answer.text)
        key = answer.raise_for_status().json()["id"]
        for start, end in windows:
            asked = {"start_time": start.isoformat(), "end_time": end.isoformat(), "min_runs": MOST, "max_runs": MOST}
            self._post(f"/deployments/{key}/schedule", asked).raise_for_status()
        found = sorted({datetime.fromisoformat(run["expected_start_time"]) for run in self._runs(key)})
        within = [[at for at in found if start <= at < end] for start, end in windows]
        assert max(map(len, within)) < MOST, f"{text}: a window holds more than can be asked for"
        return [at for part in within for at in part]

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Send a request, and again while the server says that its database is busy."""
        for _ in range(TRIES):
            answer = self.client.post(path, json=body)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
        return answer

    def _runs(self, deployment: str) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            chosen = {"flow_runs": {"deployment_id": {"any_": [deployment]}}}
            order = {"sort": "EXPECTED_START_TIME_ASC", "limit": PAGE, "offset": offset}
            page = self._post("/flow_runs/filter", {**chosen, **order}).raise_for_status().json()
            yield from page
            offset += len(page)
            if len(page) < PAGE:
                return


@contextmanager
def calendar(installed: Installed, folder: Path) -> Iterator[Calendar]:
    """Run a server for as long as the block lasts."""
    url = f"http://127.0.0.1:{(port := free_port())}/api"
    env = {
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
        # Its own services would run and schedule what is only to be looked at.
        "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    }
    command = [installed.program("prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with serving(command, folder=folder, ready=answers(f"{url}/health"), env=env):
        yield Calendar.at(url)
