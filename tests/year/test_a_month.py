"""A simulated month of nights that nobody watches, with everything that platforms do wrong switched on at random.

Jobs are added, edited, paused and removed by day. By night requests fail before and after their effect, answers are
cut, garbled, late or in another encoding, clocks go wrong, tokens are replaced in mid-run, and the platform keeps what
it is given in a form of its own. In the end every healthy job is right and stands once, every odd one is named, and a
night on which nothing has happened costs the list pages.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, evolve, field

from migrator.errors import MigratorError
from migrator.report.sync_runs import sync_run_lines
from migrator.report.views.sync_runs import sync_run_view
from migrator.sandbox import BackgroundServer, World
from migrator.sandbox.faults import KINDS
from migrator.sync.results import SyncResult
from tests.conformance.lab import Lab
from tests.conformance.platforms import Wish, wish

pytestmark = pytest.mark.slow

START: Final = datetime(2027, 3, 1, 2, 17, tzinfo=UTC)
NIGHTS: Final = 31
CALM: Final = 3
"""Nights without faults at the end: what was left is finished, and the last of them finds nothing to do."""
JOBS: Final = 14
UNREADABLE: Final = 90
"""The number of the job whose schedule nobody can read."""

FAULTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("status", {"status": 500}),
    ("status", {"status": 503, "after": True}),
    ("status", {"status": 403}),
    ("status", {"status": 409}),
    ("html", {"status": 502}),
    ("throttle", {"retry_after": 3}),
    ("throttle", {"retry_after": 7_200}),
    ("reset", {}),
    ("reset", {"after": True}),
    ("broken_json", {}),
    ("truncated_page", {}),
    ("repeated_page", {}),
    ("eventual", {"reads": 2}),
    ("clock", {"seconds": 900.0, "times": 0}),
    ("clock", {"seconds": -40 * 86_400.0, "times": 0}),
    ("rotate_token", {}),
    ("charset", {}),
    ("latin1", {}),
    ("unknown_field", {"name": "condition", "value": {"only_if": "full moon"}}),
    ("suspend", {"method": "PATCH"}),
    ("run", {"method": "PATCH", "seconds": 600.0}),
)
"""What goes wrong; of the kinds that this sandbox has."""
ALWAYS: Final = ("normalise",)
"""What a platform does every night, where this sandbox can play it."""


class RotatingVault(dict[str, str]):
    """The tokens in force, each of which is written to a file at the moment when it replaces another one."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def __setitem__(self, provider: str, token: str) -> None:
        self.file.write_text(token, encoding="utf-8")
        super().__setitem__(provider, token)


@define
class Month:
    """What happens in it.

    Attributes:
        lab: the platforms.
        chance: what goes wrong, and what people feel like.
        wishes: what the source's owners want, by the number of the job.
        counts: how often what happened.
    """

    lab: Lab
    chance: random.Random
    wishes: dict[int, Wish] = field(factory=dict)
    counts: Counter[str] = field(factory=Counter)

    def put(self, number: int, **changes: Any) -> None:
        """Somebody makes or edits a job."""
        self.wishes[number] = evolve(self.wishes.get(number, wish(number)), **changes)
        self.lab.source.put(self.lab.source.platform.write(number, self.wishes[number]))

    def day(self) -> bool:
        """A day's work; whether there was any."""
        deeds = self.chance.choice((0, 0, 1, 2, 4))
        for _ in range(deeds):
            number = self.chance.choice(sorted(self.wishes))
            match self.chance.randrange(6):
                case 0:
                    self.put(JOBS + self.counts["nights"] * 10 + len(self.wishes))
                case 1 if len(self.wishes) > JOBS - 2:
                    self.lab.source.remove(self.lab.source.platform.id_of(self.raw(number)))
                    del self.wishes[number]
                case 2:
                    self.put(number, enabled=not self.wishes[number].enabled)
                case 3:
                    self.put(number, hour=self.chance.randrange(24))
                case _:
                    self.put(number, text=f"Café nº {self.chance.randrange(10**6)}.")
        self.counts["deeds"] += deeds
        return bool(deeds)

    def raw(self, number: int) -> dict[str, Any]:
        """The record of a job as its platform wrote it."""
        return self.lab.source.platform.write(number, self.wishes[number])

    @contextmanager
    def trouble(self, *, calm: bool) -> Iterator[list[str]]:
        """What goes wrong in a night, by name; what the platform does every night is none of it."""
        world, ends = self.lab.world, (self.lab.source.platform.name, self.lab.target.platform.name)
        for kind in ALWAYS:
            if kind in KINDS:
                world.fault(kind, provider=ends[1], times=0)
        known = [(kind, rule) for kind, rule in FAULTS if kind in KINDS]
        chosen = [] if calm else self.chance.sample(known, self.chance.choice((0, 1, 1, 2, 3)))
        for kind, rule in chosen:
            rotated = {"token": f"token-{self.counts['nights']}"} if kind == "rotate_token" else {}
            end = ends[1] if rotated else self.chance.choice(ends)
            nth = 1 if rule.get("times") == 0 else self.chance.randint(1, 8)
            world.fault(kind, **{"provider": end, "nth": nth, "times": self.chance.randint(1, 2), **rotated, **rule})
            self.counts[f"fault {kind}"] += 1
        yield [kind for kind, _rule in chosen]
        world.faults.clear()

    async def night(self) -> SyncResult:
        """One night, whatever goes wrong: what is not done is named, and nothing is unexpected."""
        self.counts["nights"] += 1
        self.lab.configure()  # every night is a process of its own, which remembers no limit that was hit
        found = await self.lab.night()
        text = "\n".join(line.text.plain for line in sync_run_lines(sync_run_view(found)))
        (result,) = found.results
        assert result.error is None or isinstance(result.error, MigratorError), result.error
        left = [one.name for one in result.applied.outcomes if one.status != "done"]
        left += [change.label for change in (result.plan.blocked if result.plan else ())]
        assert [name for name in left if name not in text] == []
        assert not left or "No changes." not in text
        names = Counter(raw["name"] for raw in self.lab.made.values())
        assert [name for name, number in names.items() if number > 1] == []
        self.counts[f"exit {found.exit_code}"] += 1
        return result


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("source", "target"), [("omni", "devin"), ("devin", "scrip")])
async def test_a_month_of_nights(tmp_path: Path, source: str, target: str, seed: int) -> None:
    """After a month in which everything went wrong, what is healthy is right, and what is odd is named."""
    world = World(clock=START, sleep=_at_once)
    vault = world.rotated = RotatingVault(tmp_path / "token")
    with BackgroundServer(world) as server, Lab(world, server.port, tmp_path, source, target) as lab:
        vault.file.write_text(world.providers[target].token, encoding="utf-8")
        lab.connection[target] = {"token": f"file:{vault.file}"}
        lab.configure(on_missing="delete", limits={"changes": "100%", "deletes": "100%"})
        month = Month(lab, random.Random(f"{source} {target} {seed}"))  # noqa: S311 (the same month every time)
        for number in range(1, JOBS + 1):
            month.put(number)
        lab.source.wish(UNREADABLE)
        lab.source.reschedule(UNREADABLE, "at dawn")
        before = True  # whether something is left of the night before, or has happened by day
        for night in range(NIGHTS + CALM):
            world.advance(to=START + timedelta(days=night))
            calm = night >= NIGHTS
            before |= not calm and month.day()
            with month.trouble(calm=calm) as wrong:
                world.requests.clear()
                result = await month.night()
            if not (before or wrong):
                _is_quiet(lab, result)
                month.counts["quiet nights"] += 1
            before = bool(wrong) or result.plan is None or bool(result.plan.pending) or result.exit_code == 4
        print(dict(month.counts))  # noqa: T201 (shown where output is asked for)
        assert result.plan is not None
        assert [wish(UNREADABLE).name] == [change.name for change in result.plan.blocked], result.plan.blocked
        assert lab.expected(*month.wishes.values()) == lab.target_jobs(), month.counts
        assert min(month.counts["quiet nights"], month.counts["deeds"]) > 0, month.counts


def _is_quiet(lab: Lab, result: SyncResult) -> None:
    """Nothing was to be done, and finding that out cost the list pages."""
    assert result.plan is not None
    assert result.plan.pending == ()
    asked = Counter((entry["provider"], entry["method"]) for entry in lab.world.requests)
    assert asked == {(lab.source.platform.name, "GET"): 1, (lab.target.platform.name, "GET"): 1}


async def _at_once(_seconds: float) -> None:
    """Nothing takes time in the simulators."""
