"""The same simple job on every platform: how its server would hold it, how a person edits it there, how it is read.

A `Wish` is a job in plain words. It fires once a day at a time in UTC, which every platform can say exactly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import field, frozen

from migrator.sandbox import World, devin, omni, scrip
from tests.conformance import crontabs, workflows

Raw = dict[str, Any]

TEMPLATE: Final = "Handle ${event}: ${payload}"
EVENT: Final = "note.due"
BORN: Final = "2026-10-01T08:00:00Z"
_MARK: Final = re.compile(r"(?:\A|\n\n)\[migrator:[^\]]+\]\Z")


@frozen(kw_only=True)
class Wish:
    """A job in plain words.

    Attributes:
        name: visible name.
        text: the prompt, or what the event says.
        hour: it fires daily at this hour, UTC.
        description: note for people.
        enabled: the owner's wish.
    """

    name: str
    text: str = "Say what changed."
    hour: int = 9
    description: str | None = None
    enabled: bool = True


def wish(number: int, /, **changes: Any) -> Wish:
    """The wish of a number, with some of it changed."""
    return attrs.evolve(Wish(name=f"Job {number:03}", text=f"Say number {number}."), **changes)


@frozen(kw_only=True)
class Platform:
    """What the tests must know about a platform to play its users.

    Attributes:
        name: the provider.
        collection: how the path of its list ends.
        page: records that one page of our adapter holds.
        write: the record that stands for a wish, given its number.
        read: the wish that a record stands for.
        breaks: the fields whose loss makes a record unreadable.
        schedule: where the schedule stands, and one that nobody can read.
        settings: of a connection to a file, beside its path.
        load: reads the records of a file by id; None where the platform is served.
        save: writes them.
    """

    name: str
    collection: str = ""
    page: int = 0
    write: Callable[[int, Wish], Raw]
    read: Callable[[Raw], Wish]
    breaks: Mapping[str, Any]
    schedule: str = ""
    settings: Mapping[str, Any] = field(factory=dict)
    load: Callable[[Path], dict[str, Raw]] | None = None
    save: Callable[[Path, Iterable[Raw]], None] | None = None

    def id_of(self, raw: Raw) -> str:
        """A record's id."""
        return str(raw["scheduled_session_id" if self.name == "devin" else "id"])


def _number_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def _omni(number: int, wanted: Wish) -> Raw:
    return {
        "id": _number_id(number),
        "name": wanted.name,
        "prompt": wanted.text,
        "description": wanted.description,
        "modelId": omni.MODEL,
        "branchId": None,
        "topicName": None,
        "schedule": f"0 {wanted.hour} * * ? *",
        "timezone": "UTC",
        "destination": {"type": "email", "recipientEmails": ["ops@example.com"], "userGroupIds": []},
        "recipientCount": 1,
        "disabled": not wanted.enabled,
        "systemDisabled": False,
        "systemDisabledReason": None,
        "lastRun": None,
        "createdAt": BORN,
        "updatedAt": BORN,
    }


def _from_omni(raw: Raw) -> Wish:
    return Wish(
        name=raw["name"],
        text=raw["prompt"],
        hour=_hour(raw["schedule"]),
        description=_unmarked(raw["description"]),
        enabled=not raw["disabled"],
    )


def _devin(number: int, wanted: Wish) -> Raw:
    return {
        "scheduled_session_id": f"sched-{number:032}",
        "org_id": devin.ORG,
        "name": wanted.name,
        "prompt": wanted.text,
        "frequency": f"0 {wanted.hour} * * *",
        "schedule_type": "recurring",
        "enabled": wanted.enabled,
        "playbook": None,
        "slack_channel_id": None,
        "slack_team_id": None,
        "created_by": devin.USER,
        "created_at": BORN,
        "updated_at": BORN,
        "last_executed_at": None,
        "last_error_at": None,
        "last_error_message": None,
        "consecutive_failures": 0,
    }


def _from_devin(raw: Raw) -> Wish:
    return Wish(name=raw["name"], text=raw["prompt"], hour=_hour(raw["frequency"]), enabled=raw["enabled"])


def _scrip(number: int, wanted: Wish) -> Raw:
    described = {} if wanted.description is None else {"description": wanted.description}
    return {
        "id": _number_id(number),
        "program_id": scrip.PROGRAM,
        "name": wanted.name,
        "event_name": EVENT,
        "payload": {"text": wanted.text},
        "trigger_type": "cron",
        "cron_expression": f"0 {wanted.hour} * * *",
        "timezone": "UTC",
        "scope": "program",
        "source": "api",
        "status": "active" if wanted.enabled else "paused",
        "created_at": BORN,
        "updated_at": BORN,
        **described,
    }


def _from_scrip(raw: Raw) -> Wish:
    return Wish(
        name=raw["name"],
        text=_said(raw.get("payload", {})),
        hour=_hour(raw["cron_expression"]),
        description=_unmarked(raw.get("description")),
        enabled=raw["status"] == "active",
    )


def _json(number: int, wanted: Wish) -> Raw:
    described = {} if wanted.description is None else {"description": wanted.description}
    return {
        "id": f"job-{number}",
        "name": wanted.name,
        "enabled": wanted.enabled,
        "trigger": {"kind": "recurring", "cron": f"0 {wanted.hour} * * *", "dialect": "vixie", "timezone": "UTC"},
        "action": {"kind": "prompt", "text": wanted.text},
        **described,
    }


def _from_json(raw: Raw) -> Wish:
    action = raw["action"]
    return Wish(
        name=raw["name"],
        text=action["text"] if action["kind"] == "prompt" else _said(action["payload"]),
        hour=_hour(raw["trigger"]["cron"]),
        description=raw.get("description"),
        enabled=raw["enabled"],
    )


def _load_json(path: Path) -> dict[str, Raw]:
    return {raw["id"]: raw for raw in json.loads(path.read_text("utf-8"))["jobs"]} if path.exists() else {}


def _save_json(path: Path, records: Iterable[Raw]) -> None:
    path.write_text(json.dumps({"schema": "migrator/jobs@1", "jobs": list(records)}), "utf-8")


def _crontab(number: int, wanted: Wish) -> Raw:
    return {
        "id": f"job-{number}",
        "tag": None,
        "name": wanted.name,
        "description": wanted.description,
        "enabled": wanted.enabled,
        "schedule": f"0 {wanted.hour} * * *",
        "prompt": wanted.text,
        "mailto": None,
    }


def _from_crontab(raw: Raw) -> Wish:
    return Wish(
        name=raw["name"],
        text=raw["prompt"],
        hour=_hour(raw["schedule"]),
        description=raw["description"],
        enabled=raw["enabled"],
    )


def _github(number: int, wanted: Wish) -> Raw:
    return {
        "id": f"job-{number}.yml",
        "tag": None,
        "name": wanted.name,
        "enabled": wanted.enabled,
        "schedule": f"0 {wanted.hour} * * *",
        "prompt": wanted.text,
    }


def _from_github(raw: Raw) -> Wish:
    return Wish(name=raw["name"], text=raw["prompt"], hour=_hour(raw["schedule"]), enabled=raw["enabled"])


def _said(payload: Raw) -> str:
    return str(payload["migrator"]["action.text"] if "migrator" in payload else payload["text"])


def _hour(cron: str) -> int:
    return int(cron.split()[1])


def _unmarked(text: str | None) -> str | None:
    return _MARK.sub("", text or "") or None


PLATFORMS: Final = {
    platform.name: platform
    for platform in (
        Platform(
            name="omni",
            collection="/routines",
            page=100,
            write=_omni,
            read=_from_omni,
            breaks={"prompt": None},
            schedule="schedule",
        ),
        Platform(
            name="devin",
            collection="/schedules",
            page=100,
            write=_devin,
            read=_from_devin,
            breaks={"prompt": 7},
            schedule="frequency",
        ),
        Platform(
            name="scrip",
            collection="/automations",
            page=200,
            write=_scrip,
            read=_from_scrip,
            breaks={"event_name": None},
            schedule="cron_expression",
        ),
        Platform(
            name="json",
            write=_json,
            read=_from_json,
            breaks={"name": 7},
            schedule="trigger.cron",
            load=_load_json,
            save=_save_json,
        ),
        Platform(
            name="crontab",
            write=_crontab,
            read=_from_crontab,
            breaks={"name": "\udcff"},  # a byte that is not UTF-8
            schedule="schedule",
            settings={"daemon": "debian", "timezone": "UTC"},
            load=crontabs.load,
            save=crontabs.save,
        ),
        Platform(
            name="github",
            write=_github,
            read=_from_github,
            breaks={"name": "\udcff"},  # a byte that is not UTF-8
            schedule="schedule",
            load=workflows.load,
            save=workflows.save,
        ),
    )
}


class Place:
    """One connection, as its users see it: they add, edit and remove jobs behind our back.

    Args:
        platform: whose it is.
        world: where the records are, if not in `file`.
        file: the file of a connection to one.
    """

    def __init__(self, platform: Platform, world: World, file: Path) -> None:
        self.platform = platform
        self.world = world
        self.file = file

    def records(self) -> dict[str, Raw]:
        """What a listing would show, by id."""
        if self.platform.load:
            return self.platform.load(self.file)
        rows = self.world.stores[self.platform.name].rows.values()
        return {row.id: row.data for row in rows if not row.gone}

    def put(self, *records: Raw) -> None:
        """Add records, or set them in place of those with the same id."""
        if self.platform.save:
            self.platform.save(self.file, {**self.records(), **{raw["id"]: raw for raw in records}}.values())
            return
        store = self.world.stores[self.platform.name]
        for raw in records:
            row = store.rows.get(self.platform.id_of(raw))
            if row:
                store.put(attrs.evolve(row, data=raw, gone=False))
            else:
                self.world.load(self.platform.name, [raw])

    def wish(self, number: int, /, **changes: Any) -> Wish:
        """Let there be a job of that number."""
        wanted = wish(number, **changes)
        self.put(self.platform.write(number, wanted))
        return wanted

    def edit(self, key: str, /, **changes: Any) -> None:
        """Change fields of a record as its server holds them; "a.b" is the field b of the object a."""
        raw: Raw = json.loads(json.dumps(self.records()[key]))
        for path, value in changes.items():
            *parents, last = path.split(".")
            inner = raw
            for name in parents:
                inner = inner[name]
            inner[last] = value
        self.put(raw)

    def reschedule(self, number: int, text: str) -> None:
        """Put another text in the place of a job's schedule."""
        platform = self.platform
        self.edit(platform.id_of(platform.write(number, wish(number))), **{platform.schedule: text})

    def remove(self, *keys: str) -> None:
        """Delete records."""
        if self.platform.save:
            self.platform.save(self.file, [raw for key, raw in self.records().items() if key not in keys])
            return
        store = self.world.stores[self.platform.name]
        archived = {"status": "archived"} if self.platform.name == "scrip" else {}
        for key in keys:
            row = store.rows[key]
            store.put(attrs.evolve(row, gone=True, data={**row.data, **archived}))
