"""The Omni simulator against the rules of Omni's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from migrator.sandbox import Options, World
from tests.sandbox.examples import MODEL, ROUTINE, Connect

R = "/v1/ai/routines"
COLLEAGUE = "0b7e4c5a-1f7d-4c38-9d52-5a1c6d0e0002"
OWNER = "0b7e4c5a-1f7d-4c38-9d52-5a1c6d0e0001"
MISSING = "880e8400-e29b-41d4-a716-446655440003"
GROUP = "7a61c2d4-90ab-4f3e-a1b5-3c9e8d000001"
FIELDS = {
    "id", "name", "prompt", "description", "modelId", "branchId", "topicName", "schedule", "timezone", "destination",
    "recipientCount", "disabled", "systemDisabled", "systemDisabledReason", "lastRun", "createdAt", "updatedAt",
}  # fmt: skip


async def made(omni: httpx.AsyncClient, **changes: Any) -> str:
    answer = await omni.post(R, json=ROUTINE | changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_create_answers_only_the_id(omni: httpx.AsyncClient) -> None:
    """Create answers 201 with an id and nothing else."""
    answer = await omni.post(R, json=ROUTINE)
    assert (answer.status_code, set(answer.json())) == (201, {"id"})


async def test_create_takes_null_for_what_may_be_none(omni: httpx.AsyncClient) -> None:
    """The page of create lets description, branchId and topicName be null, which is none."""
    none = dict.fromkeys(("description", "branchId", "topicName"))
    routine = (await omni.get(f"{R}/{await made(omni, **none)}")).json()
    assert none == {name: routine[name] for name in none}


async def test_a_new_routine_is_live_and_whole(omni: httpx.AsyncClient) -> None:
    """A created routine reads back with all seventeen fields, active, with what was not given as null."""
    routine = (await omni.get(f"{R}/{await made(omni)}")).json()
    assert set(routine) == FIELDS
    assert {name: routine[name] for name in ("disabled", "systemDisabled", "description", "lastRun")} == {
        "disabled": False,
        "systemDisabled": False,
        "description": None,
        "lastRun": None,
    }
    assert {name: routine[name] for name in ROUTINE if name != "destination"} == {
        name: value for name, value in ROUTINE.items() if name != "destination"
    }


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"disabled": True}, "disabled"),
        ({"name": ""}, "name"),
        ({"name": "x" * 513}, "name"),
        ({"prompt": ""}, "prompt"),
        ({"description": "x" * 2001}, "description"),
        ({"topicName": "x" * 257}, "topicName"),
        ({"modelId": "m"}, "modelId"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"schedule": "0 9 * * 1"}, "schedule"),
        ({"schedule": "0 9 * * * *"}, "schedule"),
        ({"schedule": "0 9 ? * ? *"}, "schedule"),
        ({"schedule": "0 9 1 * MON *"}, "schedule"),
        ({"schedule": "0 9 ? * 8 *"}, "schedule"),
        ({"schedule": "0 9 ? * 0 *"}, "schedule"),
        ({"schedule": "0 9 ? * MON/2 *"}, "schedule"),
        ({"schedule": "0 9 LW * ? *"}, "schedule"),
        ({"schedule": "daily"}, "schedule"),
        ({"schedule": "*/60 * * * ? *"}, "schedule"),
        ({"schedule": "*/15 * * * ? *"}, "schedule"),
        ({"schedule": "0,30 9 * * ? *"}, "schedule"),
        ({"destination": {"type": "webhook"}}, "destination"),
        ({"destination": {"type": "email"}}, "destination"),
        ({"destination": {"type": "email", "recipientEmails": ["nobody"]}}, "destination"),
        ({"destination": {"type": "email", "recipientEmails": ["a@b.c"] * 101}}, "destination"),
        ({"destination": {"type": "email", "recipientEmails": ["a@b.c"], "recipientCount": 1}}, "recipientCount"),
        ({"destination": {"type": "slack", "recipientId": "C1"}}, "destination"),
    ],
)
async def test_create_refuses(omni: httpx.AsyncClient, changes: dict[str, Any], named: str) -> None:
    """Create answers 400 with a detail that names the field, and makes nothing."""
    answer = await omni.post(R, json=ROUTINE | changes)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert named in answer.json()["detail"]
    assert (await omni.get(R)).json()["records"] == []


@pytest.mark.parametrize("name", ["modelId", "name", "prompt", "schedule", "timezone", "destination"])
async def test_create_requires(omni: httpx.AsyncClient, name: str) -> None:
    """Each of the six required fields is missed."""
    answer = await omni.post(R, json={key: value for key, value in ROUTINE.items() if key != name})
    assert (answer.status_code, answer.json()["detail"]) == (400, f"{name}: Required")


@pytest.mark.parametrize(
    "schedule", ["0 9 L * ? *", "0 9 1W * ? *", "0 9 ? * TUE#2 *", "0 9 ? * 6L *", "5 0/6 1,15 * ? 2027"]
)
async def test_create_takes_what_eventbridge_knows(omni: httpx.AsyncClient, schedule: str) -> None:
    """L, W, #, steps from a number and years are accepted and kept as they were written."""
    routine = (await omni.get(f"{R}/{await made(omni, schedule=schedule)}")).json()
    assert routine["schedule"] == schedule


async def test_unknown_model_or_branch_is_404(omni: httpx.AsyncClient) -> None:
    """A model, and a branch of it, must be accessible to the owner."""
    statuses = [
        (await omni.post(R, json=ROUTINE | extra)).status_code
        for extra in ({"modelId": MISSING}, {"branchId": MISSING})
    ]
    assert statuses == [404, 404]


async def test_recipients_are_read_back_resolved(omni: httpx.AsyncClient) -> None:
    """Addresses come back in one spelling and once; both lists are there; groups count with their members."""
    first = await made(omni, destination={"type": "email", "recipientEmails": ["Ada@Example.com", "ada@example.com"]})
    second = await made(omni, destination={"type": "email", "userGroupIds": [GROUP]})
    routines = [(await omni.get(f"{R}/{key}")).json() for key in (first, second)]
    assert [(r["destination"], r["recipientCount"]) for r in routines] == [
        ({"type": "email", "recipientEmails": ["ada@example.com"], "userGroupIds": []}, 1),
        ({"type": "email", "recipientEmails": [], "userGroupIds": [GROUP]}, 4),
    ]


async def test_slack_counts_one(omni: httpx.AsyncClient) -> None:
    """A Slack destination is one channel or person."""
    slack = {"type": "slack", "recipientId": "C1", "slackRecipientType": "channel"}
    routine = (await omni.get(f"{R}/{await made(omni, destination=slack)}")).json()
    assert (routine["destination"], routine["recipientCount"]) == (slack, 1)


async def test_pages_run_newest_first(omni: httpx.AsyncClient) -> None:
    """Cursors lead through every routine once, newest first, and the last page says so."""
    keys = [await made(omni, name=f"n{n}") for n in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await omni.get(R, params={"pageSize": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [record["id"] for record in page["records"]]
        assert (page["pageInfo"]["totalRecords"], page["pageInfo"]["pageSize"]) == (5, 2)
        cursor = page["pageInfo"]["nextCursor"]
        assert page["pageInfo"]["hasNextPage"] is (cursor is not None)
        if cursor is None:
            break
    assert seen == keys[::-1]


async def test_pages_can_run_oldest_first(omni: httpx.AsyncClient) -> None:
    """sortDirection=asc turns the order round, across pages too."""
    keys = [await made(omni, name=f"n{n}") for n in range(3)]
    first = (await omni.get(R, params={"pageSize": 2, "sortDirection": "asc"})).json()
    rest = (
        await omni.get(R, params={"pageSize": 2, "sortDirection": "asc", "cursor": first["pageInfo"]["nextCursor"]})
    ).json()
    assert [r["id"] for r in first["records"] + rest["records"]] == keys


async def test_a_page_survives_the_loss_of_its_last_record(omni: httpx.AsyncClient) -> None:
    """A cursor still leads on when the record that it was taken from has been deleted."""
    keys = [await made(omni, name=f"n{n}") for n in range(4)]
    first = (await omni.get(R, params={"pageSize": 2})).json()
    await omni.delete(f"{R}/{keys[2]}")
    rest = (await omni.get(R, params={"pageSize": 2, "cursor": first["pageInfo"]["nextCursor"]})).json()
    assert [r["id"] for r in rest["records"]] == [keys[1], keys[0]]


@pytest.mark.parametrize(
    "query",
    [
        "pageSize=0",
        "pageSize=101",
        "pageSize=x",
        "pageSize=--5",
        "cursor=zzz",
        "cursor=WzEsSW5maW5pdHksMV0=",
        "sortDirection=up",
        "userId=me",
    ],
)
async def test_list_refuses(omni: httpx.AsyncClient, query: str) -> None:
    """Bad query parameters answer 400."""
    assert (await omni.get(f"{R}?{query}")).status_code == 400


async def test_the_default_page_is_twenty(omni: httpx.AsyncClient, world: World) -> None:
    """Without pageSize a page has twenty records."""
    for n in range(21):
        await made(omni, name=f"n{n}")
    page = (await omni.get(R)).json()
    assert (len(page["records"]), page["pageInfo"]["pageSize"], page["pageInfo"]["hasNextPage"]) == (20, 20, True)


async def test_members_see_their_own(omni: httpx.AsyncClient) -> None:
    """An organisation key acts for a member with userId; the routines of others are not listed and answer 403."""
    mine = await made(omni)
    theirs = (await omni.post(R, json=ROUTINE, params={"userId": COLLEAGUE})).json()["id"]
    lists = [
        [r["id"] for r in (await omni.get(R, params={"userId": user})).json()["records"]] for user in (OWNER, COLLEAGUE)
    ]
    assert lists == [[mine], [theirs]]
    assert (await omni.get(f"{R}/{theirs}")).status_code == 403
    assert (await omni.get(f"{R}/{theirs}", params={"userId": COLLEAGUE})).status_code == 200


async def test_keys(world: World, connect: Connect) -> None:
    """Wrong key 401; no USE_AI 403; somebody else with a personal token 403; no member 404: all as {detail, status}."""
    cases = [
        ("nonsense", ""),
        ("omni_noai_sandbox", ""),
        ("omni_pat_sandbox", COLLEAGUE),
        ("omni_org_sandbox", MISSING),
    ]
    answers = [await connect(world, "omni", key).get(R + (f"?userId={user}" if user else "")) for key, user in cases]
    assert [(a.status_code, a.json()["status"], set(a.json())) for a in answers] == [
        (status, status, {"detail", "status"}) for status in (401, 403, 403, 404)
    ]


async def test_ids_are_checked(omni: httpx.AsyncClient) -> None:
    """A bad id answers 400, one that is not there 404."""
    assert [(await omni.get(f"{R}/{key}")).status_code for key in ("nope", MISSING)] == [400, 404]


async def test_patch_changes_what_it_names(omni: httpx.AsyncClient, world: World) -> None:
    """PATCH changes the fields that it names, the destination as a whole, and answers the routine."""
    key = await made(omni, description="old")
    world.advance(by=timedelta(hours=1))
    slack = {"type": "slack", "recipientId": "U1", "slackRecipientType": "users"}
    answer = await omni.patch(f"{R}/{key}", json={"timezone": "Asia/Tokyo", "destination": slack, "description": None})
    routine = answer.json()
    assert answer.status_code == 200
    assert routine == (await omni.get(f"{R}/{key}")).json()
    assert {
        name: routine[name] for name in ("timezone", "destination", "description", "name", "createdAt", "updatedAt")
    } == {
        "timezone": "Asia/Tokyo",
        "destination": slack,
        "description": None,
        "name": "Monday figures",
        "createdAt": "2026-11-21T00:00:00Z",
        "updatedAt": "2026-11-21T01:00:00Z",
    }


@pytest.mark.parametrize(
    "body", [{"isActive": False}, {"modelId": MODEL}, {"name": None}, {"schedule": "0 9 * * * *"}, {"topicName": "t"}]
)
async def test_patch_refuses(omni: httpx.AsyncClient, body: dict[str, Any]) -> None:
    """PATCH knows six fields and no nulls but the description's."""
    assert (await omni.patch(f"{R}/{await made(omni)}", json=body)).status_code == 400


async def test_the_other_method_answers_405(world: World, omni: httpx.AsyncClient, connect: Connect) -> None:
    """A server has PATCH or PUT, not both, and its 405 says which."""
    key = await made(omni)
    refused = await omni.put(f"{R}/{key}", json={"name": "n", "prompt": "p", "schedule": "0 9 ? * MON *"})
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, HEAD, PATCH")
    other = connect(World(options=Options(omni_update="put")), "omni")
    refused = await other.patch(f"{R}/{await made(other)}", json={"name": "n"})
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")


async def test_put_can_pause_and_cannot_retime(connect: Connect) -> None:
    """PUT pauses and changes the model, and says nothing of the fields that it does not document."""
    omni = connect(World(options=Options(omni_update="put")), "omni")
    key = await made(omni)
    body = {"name": "New", "prompt": "p", "schedule": "0 10 ? * MON *", "isActive": False, "timezone": "UTC"}
    routine = (await omni.put(f"{R}/{key}", json=body)).json()
    assert {name: routine[name] for name in ("name", "schedule", "disabled", "timezone")} == {
        "name": "New",
        "schedule": "0 10 ? * MON *",
        "disabled": True,
        "timezone": "Europe/Berlin",
    }


@pytest.mark.parametrize("body", [{"name": "n"}, {"name": "x" * 256, "prompt": "p", "schedule": "0 9 ? * MON *"}])
async def test_put_refuses(connect: Connect, body: dict[str, Any]) -> None:
    """PUT needs name, prompt and schedule, and a name of at most 255 characters."""
    omni = connect(World(options=Options(omni_update="put")), "omni")
    assert (await omni.put(f"{R}/{await made(omni)}", json=body)).status_code == 400


async def test_delete_is_final(omni: httpx.AsyncClient) -> None:
    """Delete answers {deleted, id}; afterwards the routine is neither listed nor found."""
    key = await made(omni)
    assert (await omni.delete(f"{R}/{key}")).json() == {"deleted": True, "id": key}
    assert [(await omni.request(m, f"{R}/{key}")).status_code for m in ("GET", "DELETE")] == [404, 404]
    assert (await omni.get(R)).json()["records"] == []


async def test_the_quota_is_a_429_of_its_own(connect: Connect) -> None:
    """The quota counts active routines and answers {detail, status}, not the throttle's shape."""
    world = World(options=Options(omni_quota=2, omni_update="put"))
    omni = connect(world, "omni")
    first = await made(omni)
    await made(omni)
    answer = await omni.post(R, json=ROUTINE)
    assert (answer.status_code, set(answer.json())) == (429, {"detail", "status"})
    await omni.put(f"{R}/{first}", json={"name": "n", "prompt": "p", "schedule": "0 9 ? * MON *", "isActive": False})
    assert (await omni.post(R, json=ROUTINE)).status_code == 201


async def test_trigger_runs_once(omni: httpx.AsyncClient, world: World) -> None:
    """Trigger answers 202 with a run's id; a second one at once answers 409."""
    key = await made(omni)
    first, second = [await omni.post(f"{R}/{key}/trigger") for _ in range(2)]
    assert (first.status_code, set(first.json()), second.status_code) == (202, {"id"}, 409)
    world.advance(by=timedelta(minutes=1))
    assert (await omni.post(f"{R}/{key}/trigger")).status_code == 202
    assert [fire["cause"] for fire in world.fires] == ["trigger", "trigger"]


async def test_loaded_records_are_served_as_they_are(world: World, omni: httpx.AsyncClient) -> None:
    """Records keep their ids and texts, even such as create would refuse."""
    old = await made(omni)
    record = (await omni.get(f"{R}/{old}")).json() | {"id": MISSING, "schedule": "00 9 ? * ? *", "modelId": MISSING}
    world.load("omni", [record], owner=COLLEAGUE)
    assert (await omni.get(f"{R}/{MISSING}", params={"userId": COLLEAGUE})).json() == record
    assert (await omni.post(R, json=ROUTINE | {"modelId": MISSING})).status_code == 201
