"""What the server does that its documentation does not say, and what the adapter makes of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from migrator.canonical import flatten
from migrator.errors import NotFoundError, RejectedError, UncertainError
from migrator.http.clock import Clock
from migrator.mapping import ProviderMapping, load_mapping
from migrator.providers import langgraph, open_adapter
from migrator.providers.base import Connection, Raw
from migrator.providers.langgraph import LangGraph
from migrator.providers.registry import PROVIDERS
from tests.platforms.installer import Installed
from tests.platforms.langgraph.server import HeldClock, Server, running

START: Final = datetime(2027, 1, 4, 8, tzinfo=UTC)
PATIENCE: Final = 60.0
"""Real seconds that the server has for starting a run; it looks every second."""


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> HeldClock:
    """The clock of the server."""
    held = HeldClock(tmp_path_factory.mktemp("clock") / "now")
    held.set(START)
    return held


@pytest.fixture(scope="module")
def server(installed: Installed, clock: HeldClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose clock is in hand."""
    env = {**clock.environment, "CRON_SCHEDULER_SLEEP_TIME": "1"}
    with running(installed, tmp_path_factory.mktemp("server"), env=env) as found:
        yield found


@pytest.fixture
def mapping() -> ProviderMapping:
    """The mapping."""
    return load_mapping("langgraph", documented=PROVIDERS["langgraph"].documented)


@pytest.fixture
async def adapter(server: Server, clock: HeldClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LangGraph]:
    """An adapter with short pages on a server without crons."""
    monkeypatch.setattr(langgraph, "PAGE_SIZE", 5)
    connection = Connection(provider="langgraph", base_url=server.url, rate="1000/s burst 1000", concurrency=1)
    async with open_adapter(connection, clock=Clock(now=clock.now)) as opened:
        assert isinstance(opened, LangGraph)
        async for record in opened.list_jobs():
            await opened.delete_job(record.scope, record.raw["cron_id"])
        yield opened


def body(server: Server, text: str = "Hi", **changes: Any) -> Raw:
    """What makes a cron."""
    message = {"role": "user", "content": text}
    return {
        "assistant_id": server.agent,
        "schedule": "0 9 * * *",
        "enabled": False,
        "input": {"messages": [message]},
        "metadata": {"name": text},
        **changes,
    }


async def made(adapter: LangGraph, payload: Raw) -> str:
    """Make a cron; its id."""
    return (await adapter.create_job(adapter.scopes[0], payload)).id


async def listed(adapter: LangGraph) -> list[str]:
    """The ids of the list."""
    return [record.raw["cron_id"] async for record in adapter.list_jobs()]


async def test_crons_deleted_while_the_list_is_read(adapter: LangGraph, server: Server) -> None:
    """None of the others is missing, although the pages of the server skip one."""
    keys = [await made(adapter, body(server, f"Job {n}")) for n in range(14)]
    found = []
    async for record in adapter.list_jobs():
        found.append(record.raw["cron_id"])
        if len(found) == 2:
            await adapter.delete_job(adapter.scopes[0], keys[0])
    assert set(keys) == set(found)
    assert keys[1:] == await listed(adapter)


async def test_a_failure_of_the_server_makes_nothing_twice_and_spoils_no_other_request(
    adapter: LangGraph, server: Server
) -> None:
    """A body that it does not expect is answered 500, and it then resets that connection."""
    for number in range(5):
        with pytest.raises(UncertainError):
            await adapter.create_job(adapter.scopes[0], {"schedule": "0 9 * * *"})
        await made(adapter, body(server, f"Job {number}"))
    assert len(await listed(adapter)) == 5


async def test_crons_of_a_thread(adapter: LangGraph, server: Server, mapping: ProviderMapping) -> None:
    """They are listed with the others, and read with their thread; an unknown thread is named."""
    thread = (await adapter.client.request("POST", "/threads", json={}) or {})["thread_id"]
    scope = adapter.scopes[0]
    key = await made(adapter, body(server, thread_id=thread))
    await made(adapter, body(server))

    job = mapping.read((await adapter.get_job(scope, key)).raw, scope=scope)
    assert (job.residue, job.unknown, flatten(job)["action.thread"]) == ((), {}, thread)
    assert len(await listed(adapter)) == 2
    with pytest.raises(NotFoundError, match="Thread") as caught:
        await made(adapter, body(server, thread_id="00000000-0000-4000-8000-000000000000"))
    assert "action.thread" in caught.value.hint


async def test_an_update_that_is_answered_200_and_ignored(adapter: LangGraph, server: Server) -> None:
    """Another assistant is not taken over, which is why the mapping recreates the cron."""
    scope = adapter.scopes[0]
    key = await made(adapter, body(server))
    await adapter.update_job(scope, key, {"assistant_id": server.other})
    assert (await adapter.get_job(scope, key)).raw["assistant_id"] == server.agent
    with pytest.raises(RejectedError):
        await adapter.update_job(scope, key, {"timezone": "Mars/X"})


async def test_an_update_leaves_what_it_does_not_name(
    adapter: LangGraph, server: Server, mapping: ProviderMapping
) -> None:
    """The config, the context and other metadata of somebody's cron outlive our changes of its prompt and name."""
    scope = adapter.scopes[0]
    config = {"tags": ["a"], "configurable": {"k": "v"}}
    key = await made(adapter, body(server, config=config, context={"mode": "x"}, metadata={"owner": "ops"}))
    before = (await adapter.get_job(scope, key)).raw
    fields = {**flatten(mapping.read(before, scope=scope)), "name": "Named", "action.text": "Other", "labels": ("a",)}
    await adapter.update_job(
        scope, key, mapping.update_payload(fields, {"name", "action.text", "labels"}, contract="patch")
    )

    after = (await adapter.get_job(scope, key)).raw
    assert after["payload"]["config"] == before["payload"]["config"]
    assert after["payload"]["context"] == {"mode": "x"}
    assert after["metadata"] == {"owner": "ops", "name": "Named", "labels": ["a"]}
    assert flatten(mapping.read(after, scope=scope)) == fields


async def test_a_cron_that_is_enabled_late_does_not_run_at_once(
    adapter: LangGraph, server: Server, mapping: ProviderMapping, clock: HeldClock, figures: Counter[str]
) -> None:
    """The server runs what is overdue when it is enabled; with the schedule beside the switch, nothing is."""
    clock.set(START)
    scope = adapter.scopes[0]
    bare, ours = await made(adapter, body(server, "overdue")), await made(adapter, body(server, "ours"))
    clock.set(START + timedelta(hours=2))
    fields = {**flatten(mapping.read((await adapter.get_job(scope, ours)).raw, scope=scope)), "enabled": True}
    await adapter.update_job(scope, ours, mapping.update_payload(fields, {"enabled"}, contract="patch"))
    await adapter.update_job(scope, bare, {"enabled": True})

    await until_ran(server, "overdue")
    clock.set(START + timedelta(days=1, hours=1, seconds=1))
    await until_ran(server, "ours")
    runs = server.runs()
    assert [run.at.date() for run in runs if run.text == "ours"] == [START.date() + timedelta(days=1)]
    assert {run.cron for run in runs if run.text in {"ours", "overdue"}} == {bare, ours}
    figures["runs of the server watched"] += len(runs)


async def until_ran(server: Server, text: str) -> None:
    """Wait for a run of the server."""
    until = time.monotonic() + PATIENCE
    while text not in {run.text for run in server.runs()}:
        assert time.monotonic() < until, f"{text} did not run"
        await asyncio.sleep(0.2)


async def test_doctor_tells_of_end_times(adapter: LangGraph, server: Server) -> None:
    """The release of the server, and an enabled cron with an end."""
    ending = body(server, enabled=True, end_time="2028-01-01T00:00:00Z")
    key = await made(adapter, ending)
    told = await PROVIDERS["langgraph"].examine(adapter.connection, adapter)
    assert [(found.what, found.status) for found in told] == [("server", "ok"), ("end_time", "advice")]
    assert "0.16.7" in told[0].found
    assert key in told[1].found
    await adapter.delete_job(adapter.scopes[0], key)  # which stops the scheduler of this server
