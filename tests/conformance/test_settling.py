"""Whatever dies in the middle, the next run finishes it: exactly the planned jobs, none twice, none lost."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final

import pytest

from migrator.errors import MigratorError
from migrator.sandbox import Options
from migrator.store.database import Database
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab
from tests.conformance.platforms import Wish, wish

pytestmark = pytest.mark.slow

PUT: Final = Options(omni_update="put", scrip_reserve_names=False)
PATCH: Final = Options(scrip_reserve_names=False)
UNMARKED: Final = Options(devin_shape="seed")

TARGETS: Final = {
    "omni by PUT": ("omni", PUT),
    "omni by PATCH": ("omni", PATCH),
    "devin": ("devin", PATCH),
    "devin without marks": ("devin", UNMARKED),
    "scrip": ("scrip", PATCH),
    "json": ("json", PATCH),
}


def slow(*values: Any) -> Any:
    """Parameters of a case that adds little to the others: run with -m slow."""
    return pytest.param(*values, marks=pytest.mark.slow)


class Killed(BaseException):
    """The process is no more."""


class Day:
    """What happens to a sync in one day: a job comes, one changes, one goes; where it can be, one is paused or resumed.

    Attributes:
        lab: where.
        wanted: the wishes at the source, by number.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.pauses = lab.target.platform.name != "omni" or lab.world.options.omni_update == "put"
        self.wanted: dict[int, Wish] = {number: lab.source.wish(number) for number in range(4)}

    def dawn(self) -> None:
        """The day's events at the source."""
        lab, number = self.lab, max(self.wanted) + 1
        oldest, second, third, *_ = self.wanted
        lab.source.remove(lab.source.platform.id_of(lab.source.platform.write(oldest, wish(oldest))))
        del self.wanted[oldest]
        self.wanted[second] = lab.source.wish(second, name=f"Renamed {second:03}", hour=second % 20)
        self.wanted[number] = lab.source.wish(number)
        if self.pauses:
            self.wanted[third] = lab.source.wish(third, enabled=not self.wanted[third].enabled)

    async def dusk(self) -> None:
        """The next run brings everything in line, and leaves nothing open."""
        lab = self.lab
        await lab.carry_out()
        assert lab.expected(*self.wanted.values()) == lab.held()
        assert () == lab.state.unresolved_writes(lab.target.platform.name, (lab.scope,), None)


@pytest.mark.parametrize(
    ("target", "first", "stride"),
    [
        ("omni by PUT", 1, 3),
        ("devin without marks", 2, 3),
        ("scrip", 3, 3),
        *(slow(target, 1, 1) for target in TARGETS),
    ],
)
async def test_killed_at_any_note(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch, target: str, first: int, stride: int
) -> None:
    """A run that dies before any one of its notes reaches the disk is finished by the next one."""
    provider, platforms = TARGETS[target]
    lab = make_lab("json" if provider != "json" else "omni", provider, platforms=platforms, on_missing="delete")
    day = Day(lab)
    await day.dusk()

    for number in itertools.count(first, stride):
        day.dawn()
        survived = await killed_at(lab, number, monkeypatch)
        await day.dusk()
        if survived:
            break
    await lab.settled()
    assert number > 10


async def killed_at(lab: Lab, number: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run the sync in a process that dies before its note of that number; whether it ended before that."""
    transaction: Callable[[Any], AbstractContextManager[Any]] = Database.transaction
    notes = itertools.count(1)

    @contextmanager
    def mortal(self: Database) -> Iterator[Any]:
        if next(notes) >= number:
            raise Killed
        with transaction(self) as connection:
            yield connection

    with monkeypatch.context() as patch:
        patch.setattr(Database, "transaction", mortal)
        try:
            await lab.carry_out()
        except Killed:
            survived = False
        else:
            survived = True
    lab.state.close()
    with sqlite3.connect(lab.folder / "migrator.db") as database:
        database.execute("DELETE FROM locks")  # as for any process that is no more
    database.close()
    lab.state = lab.open_state()
    return survived


FAULTS: Final[dict[str, dict[str, Any]]] = {
    "refused before it had an effect": {"kind": "status", "status": 503},
    "failed after it had its effect": {"kind": "status", "status": 500, "after": True},
    "cut off before it had an effect": {"kind": "reset"},
    "cut off after it had its effect": {"kind": "reset", "after": True},
    "answered with half an answer": {"kind": "broken_json"},
    "answered with a page of HTML": {"kind": "html", "after": True},
    "late to show": {"kind": "eventual", "reads": 2},
}
_FIRST: Final = ["omni by PUT", "devin", "scrip", "devin without marks"]
_TAKING_TURNS: Final = {fault: _FIRST[number % len(_FIRST)] for number, fault in enumerate(FAULTS)}


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        (target, fault) if _TAKING_TURNS[fault] == target else slow(target, fault)
        for fault in FAULTS
        for target in _FIRST
    ],
)
async def test_any_request_may_fail(make_lab: MakeLab, target: str, fault: str) -> None:
    """Whichever request of a run goes wrong, and however, after the next run the target is as it shall be."""
    provider, platforms = TARGETS[target]
    lab = make_lab("json", provider, platforms=platforms, on_missing="delete")
    day = Day(lab)
    await day.dusk()

    for number in itertools.count(1):
        day.dawn()
        rule = lab.world.fault(provider=provider, nth=number, **FAULTS[fault])
        with suppress(MigratorError):
            await lab.carry_out()
        lab.world.faults.clear()
        await day.dusk()
        if rule.seen < number:
            break
    await lab.settled()
    assert number > 5
