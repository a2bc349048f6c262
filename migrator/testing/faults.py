"""After any fault in a run, the next runs finish it: exactly the wanted jobs, none twice, none lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from migrator.errors import MigratorError
from migrator.providers.registry import PROVIDERS
from migrator.testing.base import Base, MakeLab, each, synchronous
from migrator.testing.lab import Lab
from migrator.testing.place import not_applicable
from migrator.testing.platform import Wish, wish

FAULTS: Final[dict[str, dict[str, Any]]] = {
    "refused before it had an effect": {"kind": "status", "status": 503},
    "failed after it had its effect": {"kind": "status", "status": 500, "after": True},
    "unknown address": {"kind": "status", "status": 404},
    "refused for haste": {"kind": "throttle"},
    "cut off before it had an effect": {"kind": "reset"},
    "cut off after it had its effect": {"kind": "reset", "after": True},
    "answered with half a document": {"kind": "broken_json"},
    "answered with a page of HTML": {"kind": "html", "after": True},
}


class Day:
    """What happens to a sync in one day: a job comes, one changes, one goes; where it can be, one is paused or resumed.

    Attributes:
        lab: where.
        wanted: the wishes at the source, by number.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.wanted: dict[int, Wish] = {number: lab.source.wish(number) for number in range(4)}

    async def dawn(self) -> None:
        """The day's events at the source."""
        lab, number = self.lab, max(self.wanted) + 1
        oldest, second, third, *_ = self.wanted
        lab.source.remove(lab.source.keys[oldest])
        del self.wanted[oldest]
        self.wanted[second] = lab.source.wish(second, name=f"Renamed {second:03}", hour=second % 20)
        self.wanted[number] = lab.source.wish(number)
        if lab.source.platform.can_pause and await lab.pauses():
            self.wanted[third] = lab.source.wish(third, enabled=not self.wanted[third].enabled)

    async def dusk(self, where: str = "") -> None:
        """The next runs bring everything in line, and leave nothing open."""
        lab = self.lab
        await lab.until_quiet(where)
        assert lab.expected(*self.wanted.values()) == lab.target_jobs(), where
        assert lab.state.unresolved_writes(lab.target.platform.provider, (lab.scope,), None) == (), where


class Faults(Base):
    """Faults at every request, and of files."""

    @each(fault=list(FAULTS))
    @synchronous
    async def test_any_request_may_fail(self, make_lab: MakeLab, fault: str) -> None:
        """Whichever request of a run goes wrong, and however, after the next run the target is as it should be."""
        lab = make_lab(on_missing="delete")
        proxy = lab.target.served()
        day = Day(lab)
        await day.dusk()

        for nth in itertools.count(1):
            await day.dawn()
            rule = proxy.fault(nth=nth, **FAULTS[fault])
            with suppress(MigratorError):
                await lab.carry_out()
            proxy.faults.clear()
            await day.dusk(f"request {nth}: {fault}")
            if rule.seen < nth:
                break
        await lab.settled()
        assert nth > 4

    @synchronous
    async def test_changed_between_plan_and_write(self, make_lab: MakeLab) -> None:
        """A job that somebody makes at the target while a run is about to write is there afterwards, as are ours."""
        lab = make_lab()
        lab.source.wish(1)
        await lab.run()
        lab.source.wish(1, text="More.")
        lab.source.wish(2)
        made: list[str] = []
        meanwhile = wish(77, name="Foreign 77", hour=4)

        with suppress(MigratorError):
            await lab.carry_out(meanwhile=lambda: made.append(lab.target.add(77, meanwhile)))

        await lab.until_quiet()
        assert meanwhile == lab.target.jobs()[made[0]]
        assert lab.expected(wish(1, text="More."), wish(2), meanwhile) == lab.target_jobs()

    @synchronous
    async def test_edited_between_plan_and_write(self, make_lab: MakeLab) -> None:
        """A job that somebody edits while a run is about to write to it stays as edited, where it has a version."""
        lab = make_lab(on_missing="delete")
        if not PROVIDERS[lab.target.platform.provider].capabilities.versions:
            not_applicable(f"{lab.target.title} has no versions to write against")
        lab.source.wish(1)
        lab.source.wish(2)
        lab.source.wish(3)
        await lab.run()
        lab.source.wish(1, text="More.")
        lab.source.remove(lab.source.keys[2])
        edits = {lab.key_of("Job 001"): wish(1, hour=15), lab.key_of("Job 002"): wish(2, hour=16)}

        def meanwhile() -> None:
            for key, edited in edits.items():
                lab.target.change(key, lab.expected(edited)[0])

        _planned, applied = await lab.carry_out(meanwhile=meanwhile)
        assert (applied.summary["done"], applied.summary["failed"]) == (0, 2)
        assert lab.expected(*edits.values(), wish(3)) == lab.target_jobs()
        assert lab.state.unresolved_writes(lab.target.platform.provider, (lab.scope,), None) == ()

        lab.configure(on_drift="source")
        await lab.until_quiet()
        assert lab.expected(wish(1, text="More."), wish(3)) == lab.target_jobs()

    @synchronous
    async def test_a_file_that_cannot_be_written(self, make_lab: MakeLab) -> None:
        """Where the file is not one in the middle of a run, nothing of it is lost, and the next run does the rest."""
        lab = make_lab()
        if "path" not in lab.target.given:
            not_applicable(f"{lab.target.title} is no file")
        lab.source.wish(1)
        await lab.run()
        lab.source.wish(2)
        with suppress(MigratorError), folder_for(Path(lab.target.given["path"])) as get_in_the_way:
            _planned, applied = await lab.carry_out(meanwhile=get_in_the_way)
            assert applied.summary["done"] == 0

        await lab.until_quiet()
        assert lab.expected(wish(1), wish(2)) == lab.target_jobs()


@contextmanager
def folder_for(path: Path) -> Iterator[Callable[[], None]]:
    """Yield what puts a folder in the place of a file, or a file in that of a folder; in the end all is as it was."""
    kept = path.with_name("kept")

    def get_in_the_way() -> None:
        path.rename(kept)
        path.touch() if kept.is_dir() else path.mkdir()

    try:
        yield get_in_the_way
    finally:
        path.unlink() if kept.is_dir() else path.rmdir()
        kept.rename(path)
