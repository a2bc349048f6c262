"""The published client of Devin's API against the simulator: it takes what it is answered, and means the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define

from migrator.sandbox import BackgroundServer, World, load_samples, migrator_toml, settings
from migrator.sandbox.devin import PLAYBOOK, USER
from tests.platforms.installer import Installed, environment

FULL: Final[dict[str, Any]] = {
    "name": "Full",
    "prompt": "Everything at once.\n世界",
    "frequency": "*/30 8-18 * * 1-5",
    "schedule_type": "recurring",
    "agent": "data_analyst",
    "notify_on": "always",
    "playbook_id": PLAYBOOK,
    "interval_count": 2,
    "bypass_approval": True,
    "tags": ["a", "b"],
    "slack_channel_id": "C1",
    "slack_team_id": "T1",
    "create_as_user_id": USER,
}
ONCE: Final[dict[str, Any]] = {
    "name": "Once",
    "prompt": "Later.",
    "schedule_type": "one_time",
    "scheduled_at": "2099-01-02T03:04:05Z",
    "target_devin_id": "devin-1",
}
PLAIN: Final[dict[str, Any]] = {"name": "Plain", "prompt": "x", "frequency": "0 9 * * 1"}
CHANGES: Final[list[dict[str, Any]]] = [
    {"name": "Renamed"},
    {"prompt": "Another"},
    {"frequency": "5 4 * * 0"},
    {"agent": "advanced"},
    {"agent": "devin"},
    {"notify_on": "never"},
    {"enabled": False},
    {"enabled": True},
    {"interval_count": 3},
    {"bypass_approval": True},
    {"tags": ["c"]},
    {"tags": None},
    {"slack_channel_id": "C2", "slack_team_id": "T2"},
    {"slack_channel_id": None, "slack_team_id": None},
    {"schedule_type": "one_time", "scheduled_at": "2099-01-02T03:04:05Z"},
    {"schedule_type": "recurring", "frequency": "0 9 * * 1", "scheduled_at": None},
]
"""Every field that the client can change, to a value and to none."""
EMPTY: Final[dict[str, Any]] = dict.fromkeys(
    ("agent", "name", "prompt", "frequency", "notify_on", "enabled", "interval_count", "bypass_approval")
)
"""Null for what cannot be empty: the client may send it, and it changes nothing."""


@define
class Client:
    """The client in its own process; it counts its calls."""

    process: subprocess.Popen[str]
    calls: Counter[str]

    def told(self, call: str, **arguments: Any) -> dict[str, Any]:
        """Return what a call came to: `answer`, or `error` and `text`."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"call": call, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        self.calls["calls of the client"] += 1
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def __call__(self, call: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer of a call that must succeed, validated by the client."""
        told = self.told(call, **arguments)
        assert "answer" in told, told
        answer: dict[str, Any] = told["answer"]
        return answer


@contextmanager
def clients(installed: Installed, world: World, calls: Counter[str]) -> Iterator[tuple[Client, int]]:
    """Serve a world; yield a client of its Devin, and the port."""
    with BackgroundServer(world) as server:
        reach = settings(world, server.port)["devin"]
        here = Path(__file__).with_name("client.py")
        command = [installed.python, here, reach["base_url"], reach["token"], reach["org_id"]]
        with subprocess.Popen(
            list(map(str, command)), env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield Client(process, calls), server.port
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=30)


@pytest.fixture
def client(installed: Installed, figures: Counter[str]) -> Iterator[Client]:
    """A client of an empty Devin."""
    with clients(installed, World(), figures) as (found, _port):
        yield found


@pytest.mark.parametrize("given", [FULL, ONCE, PLAIN, {**PLAIN, "agent": "advanced"}], ids=lambda given: given["name"])
def test_what_the_client_creates_is_read_back(client: Client, given: dict[str, Any]) -> None:
    """Every field that is answered holds what was given."""
    made = client("create", **given)
    found = client("retrieve", schedule_id=made["scheduled_session_id"])

    expected = {name: value for name, value in given.items() if name not in {"playbook_id", "create_as_user_id"}}
    assert made == found
    assert expected == {name: found[name] for name in expected}
    assert given.get("playbook_id") == (found["playbook"] or {}).get("playbook_id")


def test_every_field_changes(client: Client) -> None:
    """Each change is answered, and nothing else changes with it."""
    made = client("create", **PLAIN)
    key, before = made["scheduled_session_id"], made
    for change in CHANGES:
        after = client("update", schedule_id=key, **change)
        assert {**before, **change, "updated_at": after["updated_at"]} | _untold(after) == after
        before = after
    assert before == client("update", schedule_id=key, **EMPTY) | {"updated_at": before["updated_at"]}


def _untold(answer: dict[str, Any]) -> dict[str, Any]:
    """What may change by itself: who edited, which the client does not know of."""
    return {name: answer[name] for name in ("last_edited_by", "platform") if name in answer}


def test_pages_hold_every_schedule_once(client: Client) -> None:
    """The client pages by offset, and sees each schedule once."""
    made = {client("create", **{**PLAIN, "name": f"Job {n}"})["scheduled_session_id"] for n in range(7)}
    seen, offset = list[str](), 0
    while True:
        page = client("list", limit=3, offset=offset)
        seen += [item["scheduled_session_id"] for item in page["items"]]
        offset += len(page["items"])
        if not page["has_next_page"]:
            break

    assert made == set(seen)
    assert len(made) == len(seen) == page["total"]


def test_what_is_gone_or_wrong_is_told_as_the_client_expects(client: Client) -> None:
    """A deleted schedule is answered once, then not found; a bad expression is a bad request."""
    made = client("create", **PLAIN)
    key = made["scheduled_session_id"]

    assert made == client("delete", schedule_id=key)
    assert "NotFoundError" == client.told("retrieve", schedule_id=key)["error"]
    assert "NotFoundError" == client.told("delete", schedule_id=key)["error"]
    assert "BadRequestError" == client.told("create", **{**PLAIN, "frequency": "61 9 * * *"})["error"]
    assert "UnprocessableEntityError" == client.told("create", name="x", prompt="x")["error"]


def test_the_client_reads_what_migrator_made(installed: Installed, tmp_path: Path, figures: Counter[str]) -> None:
    """Schedules that a sync created are valid to the client, each with the name that its source has."""
    world = World(clock=None)
    load_samples(world)
    with clients(installed, world, figures) as (client, port):
        before = {item["scheduled_session_id"] for item in client("list")["items"]}
        (tmp_path / "migrator.toml").write_text(migrator_toml(world, port), "utf-8")
        tokens = {way["env"]: way["token"] for way in settings(world, port).values() if "env" in way}
        command = [sys.executable, "-m", "migrator", "apply", "omni-to-devin", "--yes", "--json"]
        ran = subprocess.run(command, cwd=tmp_path, env=os.environ | tokens, capture_output=True, text=True, check=True)
        outcomes = json.loads(ran.stdout)["outcomes"]
        created = [outcome["name"] for outcome in outcomes if outcome["action"] == "create"]
        after = [item for item in client("list")["items"] if item["scheduled_session_id"] not in before]

        assert created
        assert sorted(created) == sorted(item["name"] for item in after)
        for item in after:
            assert item == client("retrieve", schedule_id=item["scheduled_session_id"])


def test_the_client_can_find_fault(installed: Installed, figures: Counter[str]) -> None:
    """An answer of the wrong type is an error of the client's."""
    world = World()
    load_samples(world)
    store = world.stores["devin"]
    row = next(iter(store.rows.values()))
    store.put(row.changed(consecutive_failures="many"))
    with clients(installed, world, figures) as (client, _port):
        assert "APIResponseValidationError" == client.told("retrieve", schedule_id=row.id)["error"]
