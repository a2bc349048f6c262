"""Faults of records: another form, another encoding, a field that nobody knows."""

from __future__ import annotations

import json

import httpx

from migrator.sandbox import World
from migrator.sandbox.normalise import ADDED
from tests.sandbox.examples import DEVIN, SCHEDULE

TEXT = " Cafe\u0301\r\nsecond \n"


async def test_what_is_written_is_kept_in_another_form(world: World, devin: httpx.AsyncClient) -> None:
    """Trimmed, composed, with LF, sorted, and with a label; the answer says so and reading it again, too."""
    world.fault("normalise", times=0, drops="\u200b")
    answer = await devin.post(DEVIN, json={**SCHEDULE, "prompt": TEXT, "name": "a\u200bb", "tags": ["z", "a"]})
    made = answer.json()
    assert ("Caf\u00e9\nsecond", "ab", ["a", ADDED, "z"]) == (made["prompt"], made["name"], made["tags"])
    (listed,) = (await devin.get(DEVIN)).json()["items"]
    assert made == listed

    key = made["scheduled_session_id"]
    changed = (await devin.patch(f"{DEVIN}/{key}", json={"tags": ["Z", "a"]})).json()
    assert ["Z", "a"] == changed["tags"]


async def test_encodings(world: World, devin: httpx.AsyncClient) -> None:
    """UTF-8 under a wrong label, and Latin-1 without one."""
    await devin.post(DEVIN, json={**SCHEDULE, "name": "Caf\u00e9"})
    world.fault("charset")
    mislabelled = await devin.get(DEVIN)
    assert "ISO-8859-1" in mislabelled.headers["content-type"]
    assert "Caf\u00e9" in mislabelled.content.decode("utf-8")
    world.fault("latin1")
    unlabelled = await devin.get(DEVIN)
    assert "charset" not in unlabelled.headers["content-type"]
    assert b"Caf\xe9" in unlabelled.content


async def test_a_field_that_nobody_knows(world: World, devin: httpx.AsyncClient) -> None:
    """It stands in every record of a list and in a record alone, and is not kept."""
    made = (await devin.post(DEVIN, json=SCHEDULE)).json()
    world.fault("unknown_field", times=2, name="only_if", value=[1])
    (listed,) = (await devin.get(DEVIN)).json()["items"]
    alone = (await devin.get(f"{DEVIN}/{made['scheduled_session_id']}")).json()
    assert [1] == listed["only_if"] == alone["only_if"]
    assert "only_if" not in json.dumps(world.records("devin"))
