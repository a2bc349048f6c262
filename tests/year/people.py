"""People who edit jobs on both sides, day by day, and what they may expect of the nights."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from attrs import define, field

from migrator.plan.changes import Change
from migrator.plan.compare import BOTH
from migrator.sync.results import SyncResult
from tests.conformance.lab import Lab
from tests.conformance.platforms import wish

TEXTS: Final = {"name": "name", "prompt": "action.text"}
"""The fields that people edit on both sides, as both platforms name them, with their canonical paths."""
ZONES: Final = ("UTC", "Europe/London", "America/New_York", "Africa/Casablanca")

Conflict = tuple[str, str, Any, Any]
"""Id of the source job, field, and what the two sides made of it."""


@define
class People:
    """Whoever works on the two platforms.

    Attributes:
        lab: the platforms.
        chance: what they feel like.
        did: how often they did what.
        common: by source job and field, what both sides last had in common.
        due: the conflicts that nights have met, which are therefore to be announced.
        told: how often each of them was announced.
        upset: the jobs that wait for a person, by source id, with since how many nights.
    """

    lab: Lab
    chance: random.Random
    did: Counter[str] = field(factory=Counter)
    common: dict[tuple[str, str], Any] = field(factory=dict)
    due: set[Conflict] = field(factory=set)
    told: Counter[Conflict] = field(factory=Counter)
    upset: dict[str, int] = field(factory=dict)
    _number: int = 0

    # -- by day -------------------------------------------------------------------------------------------------------

    def day(self) -> None:
        """A day's work: on most days little, on some much."""
        work: list[tuple[Callable[[], None], int]] = [
            (self._edit_source, 8),
            (self._edit_target, 4),
            (self._edit_both, 2),
            (self._edit_both_alike, 1),
            (self._toggle, 2),
            (self._reschedule, 4),
            (self.add, 2),
            (self._remove, 1),
            (self._remove_at_target, 1),
        ]
        for _ in range(self.chance.choice((0, 0, 1, 1, 2, 3))):
            (deed,) = self.chance.choices([deed for deed, _ in work], [weight for _, weight in work])
            deed()

    def add(self) -> None:
        """Somebody makes a job at the source."""
        self._number += 1
        made = self.lab.source.platform.write(self._number, wish(self._number))
        zone = self.chance.choice(ZONES)
        self.lab.source.put({**made, "schedule": self._schedule(), "timezone": zone})
        self.did["added"] += 1

    def _schedule(self) -> str:
        minute, hour = self.chance.randrange(60), self.chance.randrange(24)
        return f"{minute} {hour} {self.chance.choice(('* * ?', '? * MON-FRI', '? * SUN', '1 * ?'))} *"

    def _edit_source(self) -> None:
        if key := self._one():
            self.lab.source.edit(key, **{self._text(): self._words()})
            self.did["edited at the source"] += 1

    def _edit_target(self) -> None:
        if (key := self._one()) and (target := self._target(key)):
            self.lab.target.edit(target, **{self._text(): self._words()})
            self.did["edited at the target"] += 1

    def _edit_both(self) -> None:
        if (key := self._one()) and (target := self._target(key)):
            text = self._text()
            self.lab.source.edit(key, **{text: self._words()})
            self.lab.target.edit(target, **{text: self._words()})
            self.did["edited on both sides"] += 1

    def _edit_both_alike(self) -> None:
        if (key := self._one()) and (target := self._target(key)):
            change = {self._text(): self._words()}
            self.lab.source.edit(key, **change)
            self.lab.target.edit(target, **change)
            self.did["edited on both sides, alike"] += 1

    def _toggle(self) -> None:
        if key := self._one():
            self.lab.source.edit(key, disabled=not self.lab.source.records()[key]["disabled"])
            self.did["paused or resumed"] += 1

    def _reschedule(self) -> None:
        if key := self._one():
            self.lab.source.edit(key, schedule=self._schedule(), timezone=self.chance.choice(ZONES))
            self.did["rescheduled"] += 1

    def _remove(self) -> None:
        if len(self.lab.source.records()) > 15 and (key := self._one()):
            self.lab.source.remove(key)
            self.did["removed at the source"] += 1

    def _remove_at_target(self) -> None:
        if (key := self._one()) and (target := self._target(key)):
            self.lab.target.remove(target)
            self.did["removed at the target"] += 1

    def _one(self) -> str | None:
        """A job that does not wait for somebody already."""
        calm = sorted(key for key in self.lab.source.records() if key not in self.upset)
        return self.chance.choice(calm) if calm else None

    def _target(self, key: str) -> str | None:
        """The one target job that stands for a source job."""
        found = [
            binding.target.id for binding in self.lab.bindings() if binding.source.id == key and not binding.superseded
        ]
        return found[0] if len(found) == 1 and found[0] in self.lab.target.records() else None

    def _text(self) -> str:
        return self.chance.choice(sorted(TEXTS))

    def _words(self) -> str:
        return f"Words {self.chance.randrange(10**9)}"

    # -- in the morning -----------------------------------------------------------------------------------------------

    def before_the_night(self) -> set[Conflict]:
        """The fields that both sides have changed since they had the same, each otherwise than the other."""
        return {
            (key, name, here, there)
            for key, name, here, there in self._pairs()
            if (key, name) in self.common and len({self.common[key, name], here, there}) == len("abc")
        }

    def after_the_night(self, found: SyncResult, expected: set[Conflict]) -> None:
        """Read the report, note what is in step, and resolve what has waited for two nights."""
        names = {path: name for name, path in TEXTS.items()}
        for drift in found.conflicts:
            for change in drift.change.fields if drift.is_new else ():
                if drift.change.source and change.reason == BOTH:
                    self.told[drift.change.source.id, names[change.path], change.new, change.remote] += 1
        if found.plan:
            self.due |= expected
        for key, name, here, there in self._pairs():
            if here == there:
                self.common[key, name] = here
        waiting = {c.source.id: c for c in (found.plan.blocked if found.plan else ()) if c.source and c.fields}
        self.upset = {key: self.upset.get(key, 0) + 1 for key in waiting}
        for key, nights in self.upset.items():
            if nights > 1:
                self._resolve(waiting[key])

    def _resolve(self, change: Change) -> None:
        """Somebody makes the target as the source is."""
        records = self.lab.target.records()
        if change.target and change.target.id in records:
            new = {name: f.new for f in change.fields for name, path in TEXTS.items() if path == f.path}
            self.lab.target.edit(change.target.id, **new)
            self.did["settled by hand"] += 1

    def _pairs(self) -> list[Conflict]:
        """Each bound job and field, with what the two sides have."""
        here, there = self.lab.source.records(), self.lab.target.records()
        return [
            (binding.source.id, name, here[binding.source.id][name], there[binding.target.id][name])
            for binding in self.lab.bindings()
            if binding.pieces == 1 and binding.source.id in here and binding.target.id in there
            for name in TEXTS
        ]


def ours(lab: Lab) -> Counter[str]:
    """Return how many copies each source job has of its first part, by the ownership tags of the target's records."""
    tags = [tag.split(":") for raw in lab.made.values() for tag in raw.get("tags") or ()]
    return Counter(tag[3] for tag in tags if tag[0] == "migrator" and tag[4].startswith("1/"))
