"""What the adapter of LangGraph asks of a server, and what it makes of lists that move; without a server.

tests/platforms/langgraph has the proof on the real one.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from migrator.errors import NotFoundError, ProtocolError, TransientError
from migrator.providers import langgraph, open_adapter, scopes_of
from migrator.providers.base import Connection, Record
from migrator.providers.langgraph import LangGraph
from migrator.providers.registry import PROVIDERS

URL = "http://127.0.0.1:2024"
THREAD = "01a22a86-e458-7089-ba28-88bbad37800c"


class Crons:
    """A list of crons as the server gives it: by offset, oldest first.

    Attributes:
        ids: of the crons.
        asked: the requests, each with its body.
        made: the runs of its one thread, or the threads of runs that it keeps, the newest first.
        between: called before each page, with the number of the request.
    """

    def __init__(self, number: int) -> None:
        self.ids = [f"cron-{n}" for n in range(number)]
        self.asked: list[tuple[httpx.Request, Any]] = []
        self.made: list[dict[str, Any]] = []
        self.between: Callable[[int], None] = lambda _nth: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        body = json.loads(request.content) if request.content else None
        self.asked.append((request, body))
        match request.method, request.url.path:
            case "POST", "/runs/crons/search" if "metadata" in body:
                return httpx.Response(200, json=[{"cron_id": "cron-1", "metadata": body["metadata"]}])
            case "POST", "/threads/search":
                return httpx.Response(200, json=self.made[body["offset"] : body["offset"] + body["limit"]])
            case "GET", path if path == f"/threads/{THREAD}/runs":
                first = int(request.url.params["offset"])
                return httpx.Response(200, json=self.made[first : first + int(request.url.params["limit"])])
            case "POST", "/runs/crons/search":
                self.between(len(self.asked))
                page = self.ids[body["offset"] : body["offset"] + body["limit"]]
                return httpx.Response(200, json=[{"cron_id": key} for key in page])
            case "GET", "/info":
                return httpx.Response(200, json={"version": "0.16.7"})
            case "POST", _:
                return httpx.Response(200, json={"cron_id": "cron-new", **body})
            case _:
                return httpx.Response(404, json={"detail": "Not Found"})


@asynccontextmanager
async def connected(server: Callable[[httpx.Request], httpx.Response], **given: Any) -> AsyncIterator[LangGraph]:
    """An adapter for a server."""
    connection = Connection(provider="langgraph", base_url=URL, **{"rate": "1000/s burst 1000", **given})
    async with open_adapter(connection, transport=httpx.MockTransport(server)) as adapter:
        assert isinstance(adapter, LangGraph)
        yield adapter


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langgraph, "PAGE_SIZE", 5)


async def listed(adapter: LangGraph) -> list[str]:
    """The ids of a list, in its order."""
    return [record.raw["cron_id"] async for record in adapter.list_jobs()]


@pytest.mark.parametrize("number", [0, 1, 4, 5, 6, 9, 10, 23])
async def test_every_cron_once(number: int) -> None:
    """Whatever the length of the list, each cron comes once, oldest first."""
    server = Crons(number)
    async with connected(server) as adapter:
        assert await listed(adapter) == server.ids
    assert all(body["sort_by"] == "created_at" and body["sort_order"] == "asc" for _request, body in server.asked)


@pytest.mark.parametrize("gone", [0, 3, 4, 5, 7])
async def test_a_cron_that_is_deleted_meanwhile_hides_no_other(gone: int) -> None:
    """The later ones move up by one, and one of them would be on no page: the list is read again."""
    server = Crons(14)
    wanted = {*server.ids} - {server.ids[gone]}
    server.between = lambda nth: server.ids.pop(gone) and None if nth == 2 else None
    async with connected(server) as adapter:
        assert wanted <= set(found := await listed(adapter))
    assert len(found) == len(set(found))


async def test_a_cron_that_is_made_meanwhile_moves_nothing() -> None:
    """New ones stand at the end, so that one reading is enough."""
    server = Crons(12)
    server.between = lambda _nth: server.ids.append(f"cron-{len(server.ids)}")
    async with connected(server) as adapter:
        found = await listed(adapter)
    assert server.ids[: len(found)] == found
    assert [body["offset"] for _request, body in server.asked] == [0, 4, 8, 12, 16][: len(server.asked)]


async def test_a_list_that_never_stands_still() -> None:
    """After some readings it is given up, and nothing is made of it."""
    server = Crons(400)
    server.between = lambda _nth: server.ids.pop(0) and None
    async with connected(server) as adapter:
        with pytest.raises(TransientError, match="deleted during each of 5 readings"):
            await listed(adapter)


async def test_a_list_that_is_none() -> None:
    """An object in place of a list is no list of crons."""
    async with connected(lambda _request: httpx.Response(200, json={"crons": []})) as adapter:
        with pytest.raises(ProtocolError, match="not a JSON list"):
            await listed(adapter)


async def test_where_a_cron_is_made() -> None:
    """One of a thread is made below the thread; the name in its metadata is what messages call it."""
    server = Crons(0)
    async with connected(server) as adapter:
        (scope,) = adapter.scopes
        made = await adapter.create_job(scope, {"assistant_id": "a", "metadata": {"name": "Weekly"}})
        await adapter.create_job(scope, {"assistant_id": "a", "thread_id": THREAD})
    assert made.id == "cron-new"
    assert [(request.url.path, body) for request, body in server.asked] == [
        ("/runs/crons", {"assistant_id": "a", "metadata": {"name": "Weekly"}}),
        (f"/threads/{THREAD}/runs/crons", {"assistant_id": "a"}),
    ]


@pytest.mark.parametrize(
    ("status", "told", "hint"),
    [
        (404, "Assistant 'x' not found", "check action.agent"),
        (404, "Thread with ID 'x' not found", "check action.thread"),
    ],
)
async def test_refusals_say_what_to_look_at(status: int, told: str, hint: str) -> None:
    """The message of the server names what is not there."""
    async with connected(lambda _request: httpx.Response(status, json={"detail": told})) as adapter:
        with pytest.raises(NotFoundError) as caught:
            await adapter.create_job(adapter.scopes[0], {})
    assert hint in caught.value.hint


@pytest.mark.parametrize(("token", "headers"), [("", {}), ("lsv2_x", {"x-api-key": "lsv2_x"})])
async def test_a_token_is_sent_where_there_is_one(token: str, headers: dict[str, str]) -> None:
    """A server of one's own has none."""
    server = Crons(1)
    async with connected(server, token=token) as adapter:
        probe = await adapter.probe(adapter.scopes[0], writing=True)
        findings = await PROVIDERS["langgraph"].examine(adapter.connection, adapter)
    sent = [{name: value for name, value in request.headers.items() if "key" in name} for request, _ in server.asked]
    assert sent == [headers] * len(sent)
    assert (probe.jobs, probe.may_write, [found.status for found in findings]) == (1, True, ["ok"])
    assert server.asked[1][1] == {"enabled": False}


async def test_doctor_names_crons_that_stop_a_development_server() -> None:
    """Paused ones, and those without an end, are none."""
    crons = [
        {"cron_id": "a", "enabled": True, "end_time": "2027-01-01T00:00:00Z"},
        {"cron_id": "b", "enabled": False, "end_time": "2027-01-01T00:00:00Z"},
        {"cron_id": "c", "enabled": True, "end_time": None},
    ]

    def server(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"version": "0.16.7"} if request.method == "GET" else crons)

    async with connected(server) as adapter:
        _server, ending = await PROVIDERS["langgraph"].examine(adapter.connection, adapter)
    assert (ending.status, ending.found.partition(":")[0]) == ("advice", "end_time on a")


@pytest.mark.parametrize(
    ("given", "scope"),
    [
        ({"base_url": "http://localhost:2024/"}, "127.0.0.1"),
        ({"base_url": "https://Team.example.com/agents/"}, "team.example.com/agents"),
        ({"base_url": URL, "identity": "agents"}, "agents"),
    ],
)
def test_the_scope_is_the_server(given: dict[str, Any], scope: str) -> None:
    """Its host and path in one spelling, or the name that it is given."""
    assert scopes_of(Connection(provider="langgraph", **given)) == (scope,)


TAG = "migrator:json:1a2b3c4d:job-1:1/1"
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)


async def test_crons_are_asked_for_by_their_tag() -> None:
    """One request, which the server narrows to the tag in the metadata."""
    server = Crons(12)
    async with connected(server) as adapter:
        (found,) = await adapter.tagged_jobs(adapter.scopes[0], TAG)
    assert found.raw["cron_id"] == "cron-1"
    assert [body["metadata"] for _request, body in server.asked] == [{"migrator": TAG}]


def run_at(hours: int, cron: str = "cron-1") -> dict[str, Any]:
    """A run that was made so many hours after nine."""
    at = (NINE + timedelta(hours=hours)).isoformat()
    return {"created_at": at, "kwargs": {"config": {"configurable": {"cron_id": cron}}}}


@pytest.mark.parametrize(
    ("record", "hours"),
    [
        ({"thread_id": THREAD}, [0, 2, *range(4, 11)]),
        ({"on_run_completed": "keep", "metadata": {"migrator": TAG}}, [*range(11)]),
    ],
)
async def test_runs_of_a_thread_and_threads_that_are_kept(record: dict[str, Any], hours: list[int]) -> None:
    """Those of this cron, since the instant in question, over as many pages as it takes; what is older is not read."""
    server = Crons(0)
    server.made = [run_at(hour, "other" if hour in {1, 3} else "cron-1") for hour in range(10, -20, -1)]
    async with connected(server) as adapter:
        asked = Record(scope=adapter.scopes[0], raw={"cron_id": "cron-1", **record})
        found = await adapter.fires(asked, NINE)
    assert found == tuple(NINE + timedelta(hours=hour) for hour in hours)
    assert len(server.asked) == 3


@pytest.mark.parametrize("record", [{}, {"on_run_completed": "delete", "metadata": {"migrator": TAG}}])
async def test_a_cron_that_leaves_nothing_behind(record: dict[str, Any]) -> None:
    """There is no log where the thread of each run is deleted with it."""
    server = Crons(0)
    async with connected(server) as adapter:
        assert await adapter.fires(Record(scope=adapter.scopes[0], raw={"cron_id": "cron-1", **record}), NINE) is None
    assert server.asked == []


async def test_a_run_without_a_time() -> None:
    """It is an answer that cannot be used."""
    server = Crons(0)
    server.made = [{"created_at": "soon"}]
    async with connected(server) as adapter:
        with pytest.raises(ProtocolError, match="does not say when it was made"):
            await adapter.fires(Record(scope=adapter.scopes[0], raw={"thread_id": THREAD}), NINE)
