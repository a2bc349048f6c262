"""The platforms of the sandbox, and a file, as their users know them; a record is set as its server holds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs

from migrator.sandbox import BackgroundServer, Options, World, devin, omni, scrip, settings
from migrator.testing.lab import TEMPLATE
from migrator.testing.place import Place as AnyPlace
from migrator.testing.platform import JobsFile, Platform, Raw, Wish, hour_of, said, wish
from tests.conformance.files import Text, TextPlace

__all__ = ["EVENT", "PLATFORMS", "TEMPLATE", "Place", "Raw", "Simulated", "Wish", "place_of", "wish"]

EVENT: Final = "note.due"
BORN: Final = "2026-10-01T08:00:00Z"


def _number_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


class Simulated(Platform):
    """A platform of the sandbox, which goes by the time of day.

    Args:
        options: what its world is like.
        still: whether its clock stands still until it is moved.

    Attributes:
        page: records that one page of our adapter holds.
        breaks: the fields whose loss makes a record unreadable.
        schedule: where the schedule stands.
        id_field: where the id stands.
    """

    page: ClassVar[int] = 0
    breaks: ClassVar[Mapping[str, Any]]
    schedule: ClassVar[str]
    id_field: ClassVar[str] = "id"
    chooses_ids = True

    def __init__(
        self,
        options: Options = Options(scrip_reserve_names=False),  # noqa: B008 (frozen)
        *,
        still: bool = False,
    ) -> None:
        self.options, self.still = options, still
        self.world: World | None = None
        if still:
            self.now = self._now

    def _now(self) -> datetime:
        assert self.world
        return self.world.now()

    @property
    def name(self) -> str:
        """The provider."""
        return self.provider

    def id_of(self, raw: Raw) -> str:
        """Return a record's id."""
        return str(raw[self.id_field])

    @contextmanager
    def start(self, folder: Path) -> Iterator[Mapping[str, Any]]:
        """Serve a world of its own."""
        self.world = World(options=self.options) if self.still else World(clock=None, options=self.options)
        with BackgroundServer(self.world) as server:
            yield reach(self.world, server.port, self.provider)


def reach(world: World, port: int, provider: str) -> dict[str, Any]:
    """Return the keys of a connection to a served world."""
    return {key: value for key, value in settings(world, port)[provider].items() if key != "env"}


class Omni(Simulated):
    """AI routines."""

    provider = "omni"
    needs: Mapping[str, Any] = {
        "action.model": omni.MODEL,
        "delivery.email": {"recipients": ["ops@example.com"]},
    }
    listing = "GET */routines"
    changing = frozenset({"lastRun"})
    page = 100
    breaks: ClassVar = {"prompt": None}
    schedule = "schedule"
    volume = 110

    def __init__(self, options: Options = Options(omni_quota=1_000), *, still: bool = False) -> None:  # noqa: B008 (frozen)
        super().__init__(options, still=still)
        if options.omni_quota > 100:  # more than is documented has to be said
            self.settings = {"room": options.omni_quota}

    def write(self, number: int, wanted: Wish) -> Raw:
        """A routine as its server holds it."""
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

    def read(self, raw: Raw) -> Wish:
        """The wish of a routine."""
        return Wish(
            name=raw["name"],
            text=raw["prompt"],
            hour=hour_of(raw["schedule"]),
            description=raw["description"],
            enabled=not raw["disabled"],
        )


class Devin(Simulated):
    """Schedules."""

    provider = "devin"
    translates: Mapping[str, Mapping[str, str]] = {"action.agent": {"claude": "devin"}}
    listing = "GET */schedules"
    changing = frozenset({"last_executed_at"})
    page = 100
    breaks: ClassVar = {"prompt": 7}
    schedule = "frequency"
    id_field = "scheduled_session_id"
    volume = 110

    def write(self, number: int, wanted: Wish) -> Raw:
        """A schedule as its server holds it."""
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

    def read(self, raw: Raw) -> Wish:
        """The wish of a schedule."""
        return Wish(name=raw["name"], text=raw["prompt"], hour=hour_of(raw["frequency"]), enabled=raw["enabled"])


class Scrip(Simulated):
    """Automations."""

    provider = "scrip"
    listing = "GET */automations"
    changing = frozenset({"last_run_at", "next_run_at"})
    page = 200
    breaks: ClassVar = {"event_name": None}
    schedule = "cron_expression"
    volume = 210

    def write(self, number: int, wanted: Wish) -> Raw:
        """An automation as its server holds it."""
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

    def read(self, raw: Raw) -> Wish:
        """The wish of an automation."""
        return Wish(
            name=raw["name"],
            text=said(raw.get("payload", {})),
            hour=hour_of(raw["cron_expression"]),
            description=raw.get("description"),
            enabled=raw["status"] == "active",
        )

    def as_prompt(self, wanted: Wish) -> str:
        """The prompt that the template of a sync makes of an event."""
        payload = json.dumps({"text": wanted.text}, indent=2, ensure_ascii=False)
        return f"Handle {EVENT}: {payload}"


class File(JobsFile):
    """A file of jobs, of which a user sets any record as it stands."""

    page: ClassVar[int] = 0
    breaks: ClassVar[Mapping[str, Any]] = {"name": 7}
    schedule: ClassVar[str] = "trigger.cron"

    @property
    def name(self) -> str:
        """The provider."""
        return self.provider

    def id_of(self, raw: Raw) -> str:
        """Return a record's id."""
        return str(raw["id"])


PLATFORMS: Final[dict[str, Simulated | File]] = {
    platform.provider: platform for platform in (Omni(Options()), Devin(), Scrip(), File())
}


class Place(AnyPlace):
    """One connection, as its users see it: they add, edit and remove jobs behind our back.

    Args:
        platform: whose it is.
        world: where the records are; of `json`, in `file`.
        file: the file of a `json` connection.
        given: the keys of its connection; with them a proxy stands before it.
    """

    platform: Simulated | File

    def __init__(
        self, platform: Simulated | File, world: World, file: Path, given: Mapping[str, Any] | None = None
    ) -> None:
        path = {"path": str(file)} if platform.provider == "json" else {}
        super().__init__(platform, given or path, file.parent, proxied=given is not None)
        self.world = world
        self.file = file

    def records(self) -> dict[str, Raw]:
        """What a listing would show, by id."""
        if self.platform.name == "json":
            found = json.loads(self.file.read_text("utf-8"))["jobs"] if self.file.exists() else []
            return {raw["id"]: raw for raw in found}
        rows = self.world.stores[self.platform.name].rows.values()
        return {row.id: row.data for row in rows if not row.gone}

    def put(self, *records: Raw) -> None:
        """Add records, or set them in place of those with the same id."""
        if self.platform.name == "json":
            self._save({**self.records(), **{raw["id"]: raw for raw in records}})
            return
        store = self.world.stores[self.platform.name]
        for raw in records:
            row = store.rows.get(self.platform.id_of(raw))
            if row:
                store.put(attrs.evolve(row, data=raw, gone=False))
            else:
                self.world.load(self.platform.name, [raw])

    def wish(self, number: int, /, **changes: Any) -> Wish:
        """Let there be a job of that number: a fresh record, whatever stood there."""
        wanted = wish(number, **changes)
        self.keys[number] = self.add(number, wanted)
        return wanted

    def add(self, number: int, wanted: Wish) -> str:
        """Make a job, or set it in place of the one with that number."""
        raw = self.platform.write(number, wanted)
        self.put(raw)
        return self.platform.id_of(raw)

    def add_many(self, wishes: Mapping[int, Wish]) -> None:
        """Make many jobs at once."""
        raws = {number: self.platform.write(number, wanted) for number, wanted in wishes.items()}
        self.put(*raws.values())
        self.keys |= {number: self.platform.id_of(raw) for number, raw in raws.items()}

    def send(self, key: str, payload: Raw) -> None:
        """Change fields of a record; the text of a prompt in an envelope is edited there."""
        raw = {**self.records()[key], **payload}
        if {"migrator", "text"} <= raw.get("payload", {}).keys():
            inside = raw["payload"]["migrator"] | {"action.text": raw["payload"]["text"]}
            raw["payload"] = {**raw["payload"], "migrator": inside}
            del raw["payload"]["text"]
        self.put(raw)

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
        if self.platform.name == "json":
            self._save({key: raw for key, raw in self.records().items() if key not in keys})
            return
        store = self.world.stores[self.platform.name]
        archived = {"status": "archived"} if self.platform.name == "scrip" else {}
        for key in keys:
            row = store.rows[key]
            store.put(attrs.evolve(row, gone=True, data={**row.data, **archived}))

    def clear(self) -> None:
        """Forget every record, of a platform that is served for the table."""
        super().clear()
        self.world.clear()

    def _save(self, records: Mapping[str, Raw]) -> None:
        self.file.write_text(json.dumps({"schema": "migrator/jobs@1", "jobs": list(records.values())}), "utf-8")


def place_of(platform: Platform, given: Mapping[str, Any], folder: Path) -> AnyPlace:
    """Return a started platform as its users see it, who act on a simulator's records or edit the files themselves."""
    if isinstance(platform, Text):
        return TextPlace(platform, given, folder)
    if not isinstance(platform, Simulated):
        return AnyPlace(platform, given, folder)
    assert platform.world
    return Place(platform, platform.world, folder / "none", given)
