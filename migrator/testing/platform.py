"""What the author of a provider says about its platform: how it starts, and how one simple job looks there."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import attrs
from attrs import frozen

Raw = dict[str, Any]
"""A job as the platform writes it."""


@frozen(kw_only=True)
class Wish:
    """A job in plain words. It fires once a day on the hour in UTC, which every platform can say exactly.

    Attributes:
        name: visible name.
        text: the prompt, or what the event says.
        hour: it fires daily at this hour, UTC.
        description: note for people.
        enabled: whether its owner wants it to run.
    """

    name: str
    text: str = "Say what changed."
    hour: int = 9
    description: str | None = None
    enabled: bool = True


def wish(number: int, /, **changes: Any) -> Wish:
    """Return the wish of a number, with some of it changed."""
    return attrs.evolve(Wish(name=f"Job {number:03}", text=f"Say number {number}."), **changes)


class Platform(ABC):
    """A platform as its users know it.

    Attributes:
        provider: the provider's name.
        needs: canonical paths and the values that a job without them is given on its way there (`set` of a sync).
        translates: by canonical path, which value there stands for one of another platform (`lookup` of a sync).
        settings: more keys of its connection.
        listing: the requests that read a list, as "METHOD path"; `*` stands for anything.
        reads: the requests that change nothing, in the same form.
        changing: fields of a record that the platform changes by itself.
        volume: how many jobs the scenario of volume moves; more than one page of its list.
        can_pause: whether a user can pause a job there.
        keeps_tags: whether it keeps the ownership tag that the mapping has a place for.
        chooses_ids: whether `write` gives a job its id.
        stores_anything: whether a record without a meaning can be stored there.
        now: the platform's clock, where it is not the time of day.
        waits: whether waiting takes real time, for a platform that limits its requests.
    """

    provider: ClassVar[str]
    needs: Mapping[str, Any] = {}
    translates: Mapping[str, Mapping[str, str]] = {}
    settings: Mapping[str, Any] = {}
    listing: ClassVar[str] = "GET *"
    reads: ClassVar[tuple[str, ...]] = ("GET *", "HEAD *", "OPTIONS *")
    changing: ClassVar[frozenset[str]] = frozenset()
    volume: ClassVar[int] = 250
    can_pause: bool = True
    keeps_tags: bool = True
    chooses_ids: ClassVar[bool] = False
    stores_anything: ClassVar[bool] = False
    waits: ClassVar[bool] = False
    now: Callable[[], datetime] | None = None

    @abstractmethod
    def start(self, folder: Path) -> AbstractContextManager[Mapping[str, Any]]:
        """Start the platform, or its simulator, for as long as the block lasts.

        Args:
            folder: an empty folder, for its data.

        Returns:
            The keys of its connection without `provider`; `token` is the token itself. With a `base_url`, requests go
            through a proxy, which scripts the faults; with a `path`, the faults are those of a file.
        """

    @abstractmethod
    def write(self, number: int, wanted: Wish) -> Raw:
        """Return what a user sends to make a job; the number is for platforms whose users choose the id."""

    @abstractmethod
    def read(self, raw: Raw) -> Wish:
        """Return what a record stands for; the ownership tag in its description may stay."""

    def edited(self, was: Raw, becomes: Raw) -> Raw:
        """Return what a user sends to change a job: the fields that differ, `None` for one that goes.

        Args:
            was: `write` of the job as it is.
            becomes: `write` of the job as it should be.
        """
        gone = {key: None for key in was if key not in becomes}
        return gone | {key: value for key, value in becomes.items() if key not in was or was[key] != value}

    def as_prompt(self, wanted: Wish) -> str:
        """Return the prompt that a job becomes where prompts are all that can be run; see `TEMPLATE`."""
        return wanted.text


def real_now() -> datetime:
    """Return the time of day, UTC."""
    return datetime.now(UTC)


class Leap:
    """Time that goes on by itself and jumps where somebody waits."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic() + self.skipped

    async def sleep(self, seconds: float) -> None:
        """Be there."""
        self.skipped += seconds
        await asyncio.sleep(0)


class JobsFile(Platform):
    """A file of canonical jobs: the counterpart that every platform has."""

    provider = "json"
    chooses_ids = True
    stores_anything = True

    def start(self, folder: Path) -> AbstractContextManager[Mapping[str, Any]]:
        """Name a file, which need not exist yet."""
        return nullcontext({"path": str(folder / "jobs.json")})

    def write(self, number: int, wanted: Wish) -> Raw:
        """A job of the file."""
        described = {} if wanted.description is None else {"description": wanted.description}
        return {
            "id": f"job-{number}",
            "name": wanted.name,
            "enabled": wanted.enabled,
            "trigger": {"kind": "recurring", "cron": f"0 {wanted.hour} * * *", "dialect": "vixie", "timezone": "UTC"},
            "action": {"kind": "prompt", "text": wanted.text},
            **described,
        }

    def read(self, raw: Raw) -> Wish:
        """What a job of the file stands for; an event stands for the text in its payload."""
        action = raw["action"]
        return Wish(
            name=raw["name"],
            text=action["text"] if action["kind"] == "prompt" else said(action["payload"]),
            hour=hour_of(raw["trigger"]["cron"]),
            description=raw.get("description"),
            enabled=raw["enabled"],
        )


def hour_of(cron: str) -> int:
    """Return the hour of a cron expression that fires once a day, -1 for any other."""
    hour = cron.split()[1:2]
    return int(hour[0]) if hour and hour[0].isdecimal() else -1


def said(payload: Mapping[str, Any]) -> str:
    """Return the text in an event's payload: of a prompt in our envelope, or under `text`."""
    return str(payload["migrator"]["action.text"] if "migrator" in payload else payload["text"])
