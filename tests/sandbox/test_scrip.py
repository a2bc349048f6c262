"""The Scrip simulator against the rules of Scrip's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from migrator.sandbox import Options, World
from tests.sandbox.examples import AUTOMATION, SCRIP, Connect

CRON = {"type": "cron", "cron_expression": "0 9 * * 1"}
ONCE = {"type": "one_time", "trigger_at": "2026-12-01T10:00:00Z"}
STATE = {"type": "participant_state", "schedule_type": "INTERVAL", "schedule_config": {"every": "P1D"}}


async def made(scrip: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await scrip.post(SCRIP, json=AUTOMATION | changes)
    assert answer.status_code == 201, answer.text
    automation: dict[str, Any] = answer.json()
    return automation


async def test_create_is_nested_and_answers_are_flat(scrip: httpx.AsyncClient) -> None:
    """The schedule goes in under `trigger` and comes back flat; what does not apply is absent; it is active."""
    automation = await made(scrip)
    assert {
        n: automation[n] for n in ("trigger_type", "cron_expression", "timezone", "status", "source", "next_run_at")
    } == {
        "trigger_type": "cron",
        "cron_expression": "0 9 * * 1",
        "timezone": "Europe/Berlin",
        "status": "active",
        "source": "api",
        "next_run_at": "2026-11-23T08:00:00Z",
    }
    assert {"trigger", "trigger_at", "description", "execution_status"} & set(automation) == set()
    assert (await scrip.get(f"{SCRIP}/{automation['id']}")).json() == automation


async def test_the_zone_is_utc_unless_given(scrip: httpx.AsyncClient) -> None:
    """Without a timezone the cron text is read in UTC."""
    automation = await made(scrip, trigger=CRON)
    assert (automation["timezone"], automation["next_run_at"]) == ("UTC", "2026-11-23T09:00:00Z")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"event_name": None}, "event_name"),
        ({"scope": "world"}, "scope"),
        ({"trigger": {}}, "trigger.type"),
        ({"trigger": {"type": "cron"}}, "trigger.cron_expression"),
        ({"trigger": {"type": "immediate"}}, "scope"),
        ({"trigger": STATE}, "scope"),
        ({"scope": "participants", "trigger": STATE | {"schedule_type": "HOURLY"}}, "trigger.schedule_type"),
        ({"trigger": CRON | {"trigger_at": "2026-12-01T10:00:00Z"}}, "trigger.trigger_at"),
        ({"trigger": ONCE | {"trigger_at": "2026-12-01T10:00:00"}}, "trigger.trigger_at"),
        ({"trigger": ONCE | {"trigger_at": "2026-11-20T10:00:00Z"}}, "trigger.trigger_at"),
        ({"trigger": CRON | {"timezone": "CET+1"}}, "trigger.timezone"),
        ({"participant_id": "p1"}, "participant_id"),
        ({"payload": "x"}, "payload"),
        ({"filter_hints": ["x"]}, "filter_hints"),
        ({"description": 1}, "description"),
        *(
            ({"trigger": {"type": "cron", "cron_expression": text}}, "trigger.cron_expression")
            for text in (
                "CRON_TZ=UTC 0 9 * * 1", "TZ=UTC 0 9 * * 1", "0 9 * * 7", "0 9 * * 5-1", "0 9 L * *", "0 9 15W * *",
                "0 9 * * 1#2", "0 9 * * 1 2027", "@daily", "60 9 * * *",
            )
        ),
    ],
)  # fmt: skip
async def test_create_refuses(scrip: httpx.AsyncClient, changes: dict[str, Any], field: str) -> None:
    """Create answers 400 {code, message, details} that names the field, and makes nothing."""
    answer = await scrip.post(SCRIP, json=AUTOMATION | changes)
    assert (answer.status_code, answer.json()["code"], answer.json()["details"]["field"]) == (
        400,
        "validation_error",
        field,
    )
    assert (await scrip.get(SCRIP)).json()["data"] == []


@pytest.mark.parametrize(
    "text", ["0 9 ? * MON-FRI", "5/15 * * * *", "0 9 1-15/2,20 jan,MAR *", "0 0 30 2 *", "*/90 * * * *"]
)
async def test_create_takes_what_robfig_takes(scrip: httpx.AsyncClient, text: str) -> None:
    """`?`, names in any case, open steps and days that never come are accepted."""
    assert (await made(scrip, trigger={"type": "cron", "cron_expression": text}))["cron_expression"] == text


async def test_names_are_unique_in_a_program(scrip: httpx.AsyncClient, world: World) -> None:
    """A second automation of the same name is a conflict, in create and in update; another program's name is not."""
    first = await made(scrip)
    other = await made(scrip, name="Other")
    world.load("scrip", [first | {"id": "x", "program_id": "p2", "name": "Elsewhere"}])
    answers = [
        await scrip.post(SCRIP, json=AUTOMATION),
        await scrip.patch(f"{SCRIP}/{other['id']}", json={"name": "Digest"}),
    ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(409, "conflict")] * 2
    assert (await scrip.patch(f"{SCRIP}/{other['id']}", json={"name": "Elsewhere"})).status_code == 200


@pytest.mark.parametrize(("reserve", "status"), [(True, 409), (False, 201)])
async def test_an_archived_name_may_be_reserved(connect: Connect, reserve: bool, status: int) -> None:
    """Whether an archived automation keeps its name is an option, because the pages do not say."""
    scrip = connect(World(options=Options(scrip_reserve_names=reserve)), "scrip")
    await scrip.delete(f"{SCRIP}/{(await made(scrip))['id']}")
    assert (await scrip.post(SCRIP, json=AUTOMATION)).status_code == status


async def test_update_is_partial(scrip: httpx.AsyncClient, world: World) -> None:
    """PATCH is flat, changes what it names, and moves the next run."""
    before = await made(scrip, payload={"a": 1, "b": 2}, description="d")
    world.advance(by=timedelta(hours=1))
    change = {"cron_expression": "0 10 * * 2", "timezone": "UTC", "payload": {"a": 3}, "description": None}
    after = (await scrip.patch(f"{SCRIP}/{before['id']}", json=change)).json()
    assert {name: after[name] for name in before if before[name] != after[name]} == {
        "cron_expression": "0 10 * * 2",
        "timezone": "UTC",
        "payload": {"a": 3},
        "next_run_at": "2026-11-24T10:00:00Z",
        "updated_at": "2026-11-21T01:00:00Z",
    }


async def test_what_cannot_change_is_ignored(scrip: httpx.AsyncClient) -> None:
    """Trigger type, scope, program and source are no fields of update."""
    before = await made(scrip)
    change = {
        "trigger_type": "one_time",
        "scope": "participants",
        "program_id": "p",
        "source": "rule_action",
        "trigger": ONCE,
    }
    assert (await scrip.patch(f"{SCRIP}/{before['id']}", json=change)).json() == before


@pytest.mark.parametrize(
    "change",
    [
        {"status": "archived"},
        {"trigger_at": "2026-12-02T10:00:00Z"},
        {"cron_expression": "0 9 * * 7"},
        {"timezone": "?"},
        {"name": ""},
    ],
)
async def test_update_refuses(scrip: httpx.AsyncClient, change: dict[str, Any]) -> None:
    """Only active and paused can be set, a field of another trigger type never."""
    assert (await scrip.patch(f"{SCRIP}/{(await made(scrip))['id']}", json=change)).status_code == 400


async def test_pause_and_resume(scrip: httpx.AsyncClient, world: World) -> None:
    """A paused automation has no next run and does not fire; resumed, it does not make up for what it missed."""
    key = (await made(scrip))["id"]
    paused = (await scrip.patch(f"{SCRIP}/{key}", json={"status": "paused"})).json()
    assert (paused["status"], "next_run_at" in paused) == ("paused", False)
    world.advance(by=timedelta(days=7))
    assert (await scrip.patch(f"{SCRIP}/{key}", json={"status": "active"})).json()[
        "next_run_at"
    ] == "2026-11-30T08:00:00Z"
    assert [fire["at"] for fire in world.advance(by=timedelta(days=7))] == ["2026-11-30T08:00:00Z"]


async def test_delete_archives(scrip: httpx.AsyncClient) -> None:
    """Archived: hidden from lists unless asked for, readable by id, never to be changed again."""
    key = (await made(scrip))["id"]
    assert (await scrip.delete(f"{SCRIP}/{key}")).json()["status"] == "archived"
    assert (await scrip.get(SCRIP)).json()["data"] == []
    assert [a["id"] for a in (await scrip.get(SCRIP, params={"status": "archived"})).json()["data"]] == [key]
    assert (await scrip.get(f"{SCRIP}/{key}")).json()["status"] == "archived"
    assert [
        (await scrip.request(m, f"{SCRIP}/{key}", json={"status": "active"})).status_code for m in ("PATCH", "DELETE")
    ] == [400, 400]


async def test_immediate_fires_at_creation(scrip: httpx.AsyncClient, world: World) -> None:
    """An immediate automation runs when it is made, and is completed."""
    automation = await made(scrip, scope="participants", trigger={"type": "immediate"})
    assert (automation["status"], automation["execution_status"]) == ("completed", "completed")
    assert [(fire["cause"], fire["at"]) for fire in world.fires] == [("immediate", "2026-11-21T00:00:00Z")]


async def test_one_time_completes(scrip: httpx.AsyncClient, world: World) -> None:
    """A one-time automation fires once, is completed, and cannot be made active again."""
    key = (await made(scrip, trigger=ONCE, participant_id="p1"))["id"]
    assert [fire["at"] for fire in world.advance(by=timedelta(days=30))] == ["2026-12-01T10:00:00Z"]
    after = (await scrip.get(f"{SCRIP}/{key}")).json()
    assert (after["status"], after["processed_at"], "next_run_at" in after) == (
        "completed",
        "2026-12-01T10:00:00Z",
        False,
    )
    assert (await scrip.patch(f"{SCRIP}/{key}", json={"status": "active"})).status_code == 400


async def test_trigger_needs_an_active_one(scrip: httpx.AsyncClient, world: World) -> None:
    """Trigger runs an active automation now, and refuses a paused one."""
    automation = await made(scrip)
    answer = await scrip.post(f"{SCRIP}/{automation['id']}/trigger")
    assert (answer.status_code, answer.json()["next_run_at"]) == (200, "2026-11-21T00:00:00Z")
    assert [fire["cause"] for fire in world.fires] == ["trigger"]
    assert (await scrip.get(f"{SCRIP}/{automation['id']}")).json()["next_run_at"] == automation["next_run_at"]
    await scrip.patch(f"{SCRIP}/{automation['id']}", json={"status": "paused"})
    assert (await scrip.post(f"{SCRIP}/{automation['id']}/trigger")).status_code == 400


async def test_the_smaller_pages(scrip: httpx.AsyncClient) -> None:
    """Cancel marks the fan-out failed, refresh is for participant_state only, subscriptions are a list."""
    cron = await made(scrip, name="a", scope="participants")
    state = await made(scrip, name="b", scope="participants", trigger=STATE)
    assert (await scrip.post(f"{SCRIP}/{cron['id']}/cancel")).json()["execution_status"] == "failed"
    assert [(await scrip.post(f"{SCRIP}/{a['id']}/refresh-subscriptions")).status_code for a in (cron, state)] == [
        400,
        202,
    ]
    assert (await scrip.get(f"{SCRIP}/{state['id']}/subscriptions")).json()["data"] == []
    assert [p["id"] for p in (await scrip.get("/v1/programs")).json()["data"]] == [
        "c1d8b2f0-3e54-4a7b-9c66-7f0a2e000001"
    ]


async def test_pages_and_filters(scrip: httpx.AsyncClient) -> None:
    """Cursors lead through the list, newest first; filters are joined, and search looks into names."""
    keys = [(await made(scrip, name=f"Digest {n}", trigger=CRON if n % 2 else ONCE))["id"] for n in range(5)]
    first = (await scrip.get(SCRIP, params={"limit": 3})).json()
    rest = (await scrip.get(SCRIP, params={"limit": 3, "cursor": first["pagination"]["next_cursor"]})).json()
    assert [a["id"] for a in first["data"] + rest["data"]] == keys[::-1]
    assert [p["pagination"]["has_more"] for p in (first, rest)] == [True, False]
    found = (await scrip.get(SCRIP, params={"trigger_type": "cron", "search": "DIGEST 3", "source": "api"})).json()[
        "data"
    ]
    assert [a["id"] for a in found] == [keys[3]]


async def test_limits_of_pages(scrip: httpx.AsyncClient, world: World) -> None:
    """Fifty by default, two hundred at most; more, and nonsense, answers 400."""
    automation = await made(scrip)
    world.load("scrip", [automation | {"id": f"x{n}", "name": f"x{n}"} for n in range(210)])
    sizes = [len((await scrip.get(f"{SCRIP}{query}")).json()["data"]) for query in ("", "?limit=200")]
    assert sizes == [50, 200]
    refused = ("limit=0", "limit=201", "cursor=zzz")
    assert [(await scrip.get(f"{SCRIP}?{query}")).status_code for query in refused] == [400, 400, 400]


async def test_keys(world: World, connect: Connect) -> None:
    """The key goes in either header; a wrong one answers 401 {code, message}; an unknown program 404."""
    scrip = connect(world, "scrip", "nonsense")
    wrong, right = (
        await scrip.get(SCRIP),
        await scrip.get(SCRIP, headers={"X-API-Key": "sk_sandbox", "Authorization": ""}),
    )
    assert (wrong.status_code, wrong.json()["code"], right.status_code) == (401, "unauthorized", 200)
    missing = await connect(world, "scrip").get("/v1/programs/p9/automations")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_every_answer_tells_the_limit(world: World, connect: Connect) -> None:
    """Successes and errors carry the three X-RateLimit headers."""
    answers = [await connect(world, "scrip", token).get(SCRIP) for token in ("sk_sandbox", "nonsense")]
    told = [{name: a.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset")} for a in answers]
    assert told == [{"limit": "30", "remaining": "30", "reset": "1795219200"}] * 2
