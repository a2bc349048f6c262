"""Crontabs and workflow files, as their owners read and write them: with code that knows nothing of migrator's own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from migrator.testing.place import Place
from migrator.testing.platform import Platform, Raw, Wish, hour_of
from tests.conformance import crontabs, workflows

NOT_UTF8 = "\udcff"
"""A byte that is not UTF-8."""
PARTS = {"name": "name", "trigger.cron": "schedule"}
"""Where a canonical path stands in a record."""


class Text(Platform):
    """A platform whose jobs are text in files; a record has what a person sees there.

    Attributes:
        suffix: how the id of a job ends.
        unreadable: by canonical path, what a user can write there that cannot be read, in place of the table's own.
    """

    chooses_ids = True
    stores_anything = True
    suffix: ClassVar[str] = ""
    unreadable: Mapping[str, str] = {}

    @abstractmethod
    def load(self, path: Path) -> dict[str, Raw]:
        """Return the records by id."""

    @abstractmethod
    def save(self, path: Path, records: Iterable[Raw]) -> None:
        """Let the files hold these records."""

    def write(self, number: int, wanted: Wish) -> Raw:
        """A job."""
        return {
            "id": f"job-{number}{self.suffix}",
            "name": wanted.name,
            "enabled": wanted.enabled,
            "schedule": f"0 {wanted.hour} * * *",
            "prompt": wanted.text,
        }

    def read(self, raw: Raw) -> Wish:
        """What a job stands for."""
        return Wish(
            name=raw["name"],
            text=raw["prompt"],
            hour=hour_of(raw["schedule"]),
            description=raw.get("description"),
            enabled=raw["enabled"],
        )


class Crontab(Text):
    """A file for Debian's cron on a machine in UTC."""

    provider = "crontab"
    needs: Mapping[str, Any] = {"action.agent": "claude"}
    translates: Mapping[str, Mapping[str, str]] = {"action.agent": {"devin": "claude"}}
    unreadable: Mapping[str, str] = {"name": NOT_UTF8, "trigger.cron": "61 24 * * *"}

    @contextmanager
    def start(self, folder: Path) -> Iterator[Mapping[str, Any]]:
        """Name a file, which need not exist yet."""
        yield {"path": str(folder / "crontab"), "daemon": "debian", "timezone": "UTC"}

    def load(self, path: Path) -> dict[str, Raw]:
        """The jobs of the file."""
        return crontabs.load(path)

    def save(self, path: Path, records: Iterable[Raw]) -> None:
        """Write the file."""
        crontabs.save(path, records)

    def write(self, number: int, wanted: Wish) -> Raw:
        """A job with its description."""
        return {**super().write(number, wanted), "description": wanted.description}


class GitHub(Text):
    """A folder of workflows that is under no version control: git has tests of its own."""

    provider = "github"
    translates: Mapping[str, Mapping[str, str]] = {"action.agent": {"devin": "claude"}}
    unreadable: Mapping[str, str] = {"name": NOT_UTF8}
    suffix: ClassVar[str] = ".yml"

    @contextmanager
    def start(self, folder: Path) -> Iterator[Mapping[str, Any]]:
        """Make a folder without workflows."""
        root = folder / "repo"
        root.mkdir()
        yield {"path": str(root)}

    def load(self, path: Path) -> dict[str, Raw]:
        """The workflows of the folder."""
        return workflows.load(path)

    def save(self, path: Path, records: Iterable[Raw]) -> None:
        """Write the workflows."""
        workflows.save(path, records)


class TextPlace(Place):
    """Files and who edits them, each edit on the text itself."""

    platform: Text

    @property
    def _path(self) -> Path:
        return Path(self.given["path"])

    def records(self) -> dict[str, Raw]:
        """Return every record, by id."""
        return self.platform.load(self._path)

    def put(self, *records: Raw) -> None:
        """Add records, or set them in place of those with the same id."""
        self.platform.save(self._path, {**self.records(), **{raw["id"]: raw for raw in records}}.values())

    def add(self, number: int, wanted: Wish) -> str:
        """Write a job; the id that it gets."""
        raw = self.platform.write(number, wanted)
        self.put(raw)
        return str(raw["id"])

    def add_many(self, wishes: Mapping[int, Wish]) -> None:
        """Write many jobs at once."""
        raws = {number: self.platform.write(number, wanted) for number, wanted in wishes.items()}
        self.put(*raws.values())
        self.keys |= {number: str(raw["id"]) for number, raw in raws.items()}

    def send(self, key: str, payload: Raw) -> None:
        """Edit parts of a job."""
        self.put({**self.records()[key], **payload})

    def remove(self, *keys: str) -> None:
        """Delete jobs."""
        self.platform.save(self._path, [raw for key, raw in self.records().items() if key not in keys])

    def spoil(self, key: str, path: str, value: Any) -> None:
        """Let a job hold a text that no platform could read, at the place of a canonical path."""
        self.send(key, {PARTS[path]: self.platform.unreadable.get(path, value)})
