"""The Devin simulator against the rules of Devin's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from migrator.sandbox import Options, World
from tests.sandbox.examples import DEVIN, SCHEDULE, Connect

LATER = ("bypass_approval", "interval_count", "tags", "target_devin_id", "platform", "last_edited_by")
PLAYBOOK = "playbook-00000000000000000000000000000b01"
USER = "user-00000000000000000000000000000a01"
ONCE = {"name": "Once", "prompt": "p", "schedule_type": "one_time", "scheduled_at": "2026-12-01T10:00:00+01:00"}


async def made(devin: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await devin.post(DEVIN, json=SCHEDULE | changes)
    assert answer.status_code == 200, answer.text
    schedule: dict[str, Any] = answer.json()
    return schedule


def path(schedule: dict[str, Any]) -> str:
    return f"{DEVIN}/{schedule['scheduled_session_id']}"


async def test_create_answers_the_whole_schedule(devin: httpx.AsyncClient) -> None:
    """Create answers 200 with all fields and the documented defaults, and GET says the same."""
    schedule = await made(devin)
    assert {
        name: schedule[name] for name in ("enabled", "agent", "notify_on", "schedule_type", "interval_count", "tags")
    } == {
        "enabled": True,
        "agent": "devin",
        "notify_on": "failure",
        "schedule_type": "recurring",
        "interval_count": 1,
        "tags": None,
    }
    assert schedule["scheduled_session_id"].startswith("sched-")
    assert (await devin.get(path(schedule))).json() == schedule


async def test_create_cannot_disable(devin: httpx.AsyncClient) -> None:
    """`enabled` is no field of create: what is made is on."""
    assert (await made(devin, enabled=False))["enabled"] is True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"prompt": 3}, "prompt"),
        ({"frequency": None}, "frequency"),
        ({"agent": "foo"}, "agent"),
        ({"notify_on": "sometimes"}, "notify_on"),
        ({"interval_count": 0}, "interval_count"),
        ({"interval_count": "2"}, "interval_count"),
        ({"bypass_approval": "yes"}, "bypass_approval"),
        ({"tags": "a"}, "tags"),
        ({"schedule_type": "one_time"}, "frequency"),
        ({"schedule_type": "one_time", "frequency": None}, "scheduled_at"),
        ({**ONCE, "frequency": None, "scheduled_at": "2026-12-01T10:00:00"}, "scheduled_at"),
        ({"target_devin_id": "devin-1"}, "target_devin_id"),
    ],
)
async def test_validation_answers_a_list(devin: httpx.AsyncClient, changes: dict[str, Any], field: str) -> None:
    """What does not fit the schema answers 422, with a list as `detail` that names the field; nothing is made."""
    answer = await devin.post(DEVIN, json=SCHEDULE | changes)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", field])
    assert (await devin.get(DEVIN)).json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"frequency": "every day"}, "cron"),
        ({"frequency": "0 9 * * 8"}, "cron"),
        ({"frequency": "0 9 ? * 1"}, "cron"),
        ({"frequency": "0 9 * * 5-1"}, "cron"),
        ({"frequency": "0 9 L * *"}, "cron"),
        ({"frequency": "5/15 * * * *"}, "cron"),
        ({"frequency": "0 0 9 * * 1"}, "cron"),
        ({"platform": "amiga"}, "linux, windows"),
        ({"playbook_id": "playbook-x"}, "playbook-x"),
        ({"create_as_user_id": "user-x"}, "user-x"),
        ({**ONCE, "frequency": None, "scheduled_at": "2026-11-21T00:00:00Z"}, "future"),
    ],
)
async def test_what_only_the_server_knows_answers_a_text(
    devin: httpx.AsyncClient, changes: dict[str, Any], word: str
) -> None:
    """A bad cron text, an unknown thing, the past: 400 with a text as `detail`."""
    answer = await devin.post(DEVIN, json=SCHEDULE | changes)
    assert answer.status_code == 400
    assert word in answer.json()["detail"].lower()


async def test_the_status_of_a_bad_cron_text_is_an_option(connect: Connect) -> None:
    """The pages do not say whether a bad cron text answers 400 or 422."""
    devin = connect(World(options=Options(devin_bad_cron=422)), "devin")
    assert (await devin.post(DEVIN, json=SCHEDULE | {"frequency": "no"})).status_code == 422


@pytest.mark.parametrize(
    "text", ["0 9 * * 1-5", "0 9 * * 7", "0 9 * * MON", "05 15-23 * JAN,MAR 1-5", "*/10 * * * *", "0 0 1-31/2 * *"]
)
async def test_create_takes_standard_cron(devin: httpx.AsyncClient, text: str) -> None:
    """Five-field texts are accepted and kept as they were written."""
    assert (await made(devin, frequency=text))["frequency"] == text


async def test_patch_leaves_what_it_does_not_name(devin: httpx.AsyncClient, world: World) -> None:
    """PATCH changes the fields in its body and the marks of the change, nothing else."""
    before = await made(devin, tags=["a"], playbook_id=PLAYBOOK)
    world.advance(by=timedelta(hours=1))
    after = (await devin.patch(path(before), json={"enabled": False})).json()
    assert {name for name in before if before[name] != after[name]} == {"enabled", "updated_at", "last_edited_by"}
    assert (await devin.get(path(before))).json() == after


async def test_null_clears(devin: httpx.AsyncClient) -> None:
    """Null empties what can be empty, and changes nothing else."""
    given = {
        "tags": ["a"],
        "playbook_id": PLAYBOOK,
        "platform": "Linux",
        "slack_channel_id": "C1",
        "slack_team_id": "T1",
    }
    schedule = await made(devin, **given)
    assert schedule["playbook"] == {"playbook_id": PLAYBOOK, "title": "House style"}
    cleared = (await devin.patch(path(schedule), json=dict.fromkeys([*given, "name", "frequency", "enabled"]))).json()
    assert [cleared[n] for n in ("tags", "playbook", "platform", "slack_channel_id", "slack_team_id")] == [None] * 5
    assert (cleared["name"], cleared["frequency"], cleared["enabled"]) == ("Nightly", "30 3 * * *", True)


async def test_identity_is_written_and_never_read(devin: httpx.AsyncClient, world: World) -> None:
    """The execution identity is kept, changed and cleared, and no answer has it."""
    schedule = await made(devin, create_as_user_id=USER)
    assert [name for name in schedule if "user_id" in name] == []
    held = [world.records("devin")[0]["hidden"]]
    await devin.patch(path(schedule), json={"name": "n"})
    held.append(world.records("devin")[0]["hidden"])
    await devin.patch(path(schedule), json={"run_as_user_id": None})
    held.append(world.records("devin")[0]["hidden"])
    assert held == [{"run_as_user_id": USER}, {"run_as_user_id": USER}, {"run_as_user_id": None}]


async def test_switching_to_one_time_keeps_the_old_cron_text(devin: httpx.AsyncClient, world: World) -> None:
    """The stale frequency stays and is ignored: the schedule fires once and switches itself off."""
    schedule = await made(devin)
    changed = await devin.patch(
        path(schedule), json={"schedule_type": "one_time", "scheduled_at": "2026-11-25T12:00:00Z"}
    )
    assert (changed.json()["schedule_type"], changed.json()["frequency"]) == ("one_time", "30 3 * * *")
    assert [fire["at"] for fire in world.advance(by=timedelta(days=30))] == ["2026-11-25T12:00:00Z"]
    after = (await devin.get(path(schedule))).json()
    assert (after["enabled"], after["last_executed_at"], after["scheduled_at"]) == (
        False,
        "2026-11-25T12:00:00Z",
        "2026-11-25T12:00:00Z",
    )


async def test_a_past_moment_is_refused_even_when_only_sent_again(devin: httpx.AsyncClient, world: World) -> None:
    """Once it has run, a PATCH may name other fields but not its own old scheduled_at."""
    schedule = (await devin.post(DEVIN, json=ONCE)).json()
    world.advance(by=timedelta(days=30))
    again = await devin.patch(path(schedule), json={"name": "n", "scheduled_at": schedule["scheduled_at"]})
    other = await devin.patch(path(schedule), json={"name": "n"})
    assert (again.status_code, other.status_code) == (400, 200)


async def test_back_to_recurring_in_one_step(devin: httpx.AsyncClient) -> None:
    """One PATCH turns a far one-time schedule into a disabled recurring one."""
    schedule = (await devin.post(DEVIN, json=ONCE)).json()
    assert schedule["scheduled_at"] == "2026-12-01T09:00:00Z"
    change = {"schedule_type": "recurring", "frequency": "0 9 * * 1", "enabled": False, "scheduled_at": None}
    after = (await devin.patch(path(schedule), json=change)).json()
    assert {name: after[name] for name in change} == change


async def test_delete_is_soft_and_reads_as_gone(devin: httpx.AsyncClient, world: World) -> None:
    """Delete answers 200 with the schedule; then it is neither found nor listed, and never fires."""
    schedule = await made(devin)
    answer = await devin.delete(path(schedule))
    assert (answer.status_code, answer.json()["scheduled_session_id"]) == (200, schedule["scheduled_session_id"])
    assert [(await devin.request(m, path(schedule), json={})).status_code for m in ("GET", "PATCH", "DELETE")] == [
        404
    ] * 3
    assert (await devin.get(DEVIN)).json()["total"] == 0
    assert world.advance(by=timedelta(days=2)) == []


async def test_pages(devin: httpx.AsyncClient) -> None:
    """Limit and offset cut the list, newest first; has_next_page is true until the end."""
    keys = [(await made(devin, name=f"n{n}"))["scheduled_session_id"] for n in range(5)]
    pages = [(await devin.get(DEVIN, params={"limit": 2, "offset": offset})).json() for offset in (0, 2, 4, 6)]
    assert [item["scheduled_session_id"] for page in pages for item in page["items"]] == keys[::-1]
    assert [(page["has_next_page"], page["end_cursor"], page["total"]) for page in pages] == [
        (True, "2", 5),
        (True, "4", 5),
        (False, None, 5),
        (False, None, 5),
    ]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "offset=-1"])
async def test_list_refuses(devin: httpx.AsyncClient, query: str) -> None:
    """Numbers out of bounds answer 422."""
    answer = await devin.get(f"{DEVIN}?{query}")
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", query.split("=", maxsplit=1)[0]])


async def test_tokens(world: World, connect: Connect) -> None:
    """Wrong token 401; without the permission 403; a reader may read and not write; all as {detail}."""
    unknown, nobody, reader = (
        connect(world, "devin", t) for t in ("apk_old", "cog_unprivileged_sandbox", "cog_readonly_sandbox")
    )
    answers = [
        await unknown.get(DEVIN),
        await nobody.get(DEVIN),
        await reader.get(DEVIN),
        await reader.post(DEVIN, json=SCHEDULE),
    ]
    assert [a.status_code for a in answers] == [401, 403, 200, 403]
    assert [set(a.json()) for a in answers if a.is_error] == [{"detail"}] * 3


async def test_self_and_other_organisations(devin: httpx.AsyncClient) -> None:
    """The caller learns its organisation, and may not look into another."""
    assert (await devin.get("/v3/self")).json()["org_id"] == "org-5a4d0c1b2e3f4a5b"
    assert (await devin.get("/v3/organizations/org-other/schedules")).status_code == 403


async def test_every_nth_occurrence(devin: httpx.AsyncClient, world: World) -> None:
    """interval_count 2 runs the first occurrence, skips the second, and so on."""
    await made(devin, frequency="0 9 * * 1", interval_count=2)
    assert [fire["at"][:10] for fire in world.advance(by=timedelta(days=30))] == ["2026-11-23", "2026-12-07"]


@pytest.mark.parametrize(
    ("shape", "absent"),
    [
        ("full", ()),
        ("newest", ("agent", "notify_on")),
        ("seed", LATER),
        ("v3beta", (*LATER, "schedule_type", "scheduled_at", "slack_channel_id", "slack_team_id")),
    ],
)
async def test_generations(world: World, connect: Connect, shape: Any, absent: tuple[str, ...]) -> None:
    """Each generation answers the fields of the full one, less those that it does not know."""
    whole = await made(connect(world, "devin"))
    devin = connect(World(options=Options(devin_shape=shape)), "devin")
    schedule = await made(devin, tags=["a"])
    assert set(schedule) == set(whole) - set(absent)
    assert (await devin.get(DEVIN)).json()["items"] == [schedule]


async def test_old_generations_have_smaller_pages(connect: Connect) -> None:
    """Older pages allow 100 and not 200."""
    devin = connect(World(options=Options(devin_shape="seed")), "devin")
    assert [(await devin.get(f"{DEVIN}?limit={n}")).status_code for n in (100, 200)] == [200, 422]


async def test_the_newest_generation_answers_problems(connect: Connect) -> None:
    """Errors are RFC 9457 problems that keep `detail`; validation errors move to `errors`."""
    devin = connect(World(options=Options(devin_shape="newest")), "devin")
    missing, wrong = await devin.get(f"{DEVIN}/sched-x"), await devin.post(DEVIN, json={"name": "n"})
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Schedule not found",
    }
    assert (wrong.json()["status"], wrong.json()["errors"][0]["loc"]) == (422, ["body", "prompt"])


async def test_loaded_records_bring_their_organisation(world: World, devin: httpx.AsyncClient) -> None:
    """A record is served in its own organisation, under its own id, with what its generation lacked."""
    record = {name: value for name, value in (await made(devin)).items() if name not in LATER}
    record |= {"scheduled_session_id": "sched-old", "org_id": "org-other", "agent": "advanced"}
    world.load("devin", [record])
    items = (await devin.get("/v3/organizations/org-other/schedules")).json()["items"]
    assert items == [record | dict.fromkeys(LATER) | {"interval_count": 1, "bypass_approval": False}]
