"""Whatever is sent, a simulator answers in its provider's shape."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.sandbox import DOCUMENTED, Options, World, create_app
from migrator.sandbox.devin import body as devin_body
from migrator.sandbox.omni import body as omni_body
from migrator.sandbox.scrip import body as scrip_body
from tests.sandbox.examples import BODIES, PATHS, TOKENS

NAMES = {
    "omni": [*omni_body.CREATE, "isActive"],
    "devin": [*devin_body.CREATE, *devin_body.UPDATE],
    "scrip": [*scrip_body.PLAIN, *scrip_body.OWN, "scope", "status", "timezone", "trigger", "participant_id"],
}
INNER = [
    "type",
    "recipientEmails",
    "userGroupIds",
    "recipientId",
    "slackRecipientType",
    "cron_expression",
    "schedule_type",
]
WORDS = [
    "",
    "UTC",
    "0 9 * * 1",
    "0 9 ? * MON *",
    "one_time",
    "cron",
    "participants",
    "email",
    "2027-01-01T00:00:00Z",
    "\ud800",
]
LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.sampled_from(WORDS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(INNER), inner, max_size=3),
    max_leaves=6,
)
SHAPES = {
    "omni": [{"detail", "status"}],
    "devin": [{"detail"}],
    "scrip": [{"code", "message"}, {"code", "message", "details"}],
}


async def _send(provider: str, changes: dict[str, Any], update: str) -> list[httpx.Response]:
    world = World(options=Options(omni_update="put" if update == "PUT" else "patch"))
    headers = {"Authorization": f"Bearer {TOKENS[provider]}", "Content-Type": "application/json"}
    transport = httpx.ASGITransport(app=create_app(world))
    async with httpx.AsyncClient(transport=transport, base_url=DOCUMENTED[provider], headers=headers) as client:
        made = (await client.post(PATHS[provider], json=BODIES[provider])).json()
        key = made.get("id") or made["scheduled_session_id"]
        created = await client.post(PATHS[provider], content=json.dumps(BODIES[provider] | changes))
        updated = await client.request(update, f"{PATHS[provider]}/{key}", content=json.dumps(changes))
        listed = await client.get(PATHS[provider])
    return [created, updated, listed]


@pytest.mark.parametrize(
    ("provider", "update"), [("omni", "PATCH"), ("omni", "PUT"), ("devin", "PATCH"), ("scrip", "PATCH")]
)
@settings(max_examples=60)
@given(data=st.data())
def test_any_body_is_answered(provider: str, update: str, data: st.DataObject) -> None:
    """A body of any values is taken or refused with 4xx in the provider's shape, and the list still works."""
    changes = data.draw(st.dictionaries(st.sampled_from(NAMES[provider]), VALUES, max_size=4))
    *writes, listed = asyncio.run(_send(provider, changes, update))
    assert listed.status_code == 200
    refused = [answer for answer in writes if not answer.is_success]
    assert [a.status_code for a in refused if not 400 <= a.status_code < 500] == []
    assert [set(a.json()) for a in refused if set(a.json()) not in SHAPES[provider]] == []


@pytest.mark.parametrize("provider", ["omni", "devin", "scrip"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
async def test_what_is_no_object_is_refused(provider: str, content: bytes) -> None:
    """A body that is no JSON object answers 4xx."""
    headers = {"Authorization": f"Bearer {TOKENS[provider]}"}
    transport = httpx.ASGITransport(app=create_app(World()))
    async with httpx.AsyncClient(transport=transport, base_url=DOCUMENTED[provider], headers=headers) as client:
        answer = await client.post(PATHS[provider], content=content)
    assert answer.status_code == (422 if provider == "devin" else 400)
