"""A plan as data: what would change, field by field, and why. No closures: a plan can be saved, read and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from attrs import field, frozen

from migrator.canonical import NOTHING, CanonicalPath, Fields, JobRef, Loss
from migrator.convert.fields import Need
from migrator.convert.schedule import ConvertedSchedule
from migrator.mapping.codecs import read_time, write_time
from migrator.store.records import Live

Action = Literal["create", "update", "replace", "pause", "resume", "delete", "adopt", "none", "blocked"]

ACTIONS: Final[tuple[Action, ...]] = (
    "create",
    "update",
    "replace",
    "pause",
    "resume",
    "delete",
    "adopt",
    "none",
    "blocked",
)

SETTING_UP: Final = frozenset({"create", "update", "replace", "resume", "adopt"})
"""Actions after which a target job fires by the schedule that the plan says."""

TOUCHING: Final = frozenset({"update", "replace", "pause", "resume"})
"""What counts against `limits.changes`: done to jobs that exist."""

PENDING: Final = frozenset(ACTIONS) - {"none", "blocked"}
"""What there is to do."""


@frozen(kw_only=True)
class FieldChange:
    """One field in its three states.

    Attributes:
        path: the field.
        old: what was last applied, None when it was absent or there is no binding.
        new: the wanted value; None empties it.
        remote: what the target has now.
        reason: who changed it.
    """

    path: CanonicalPath
    old: Any = None
    new: Any = None
    remote: Any = None
    reason: str


@frozen(kw_only=True)
class WriteBack:
    """What is written back to a source job, where a sync is two-way.

    Attributes:
        paths: the canonical paths that were edited at the target.
        fields: the fields of the source job that change, as its own platform holds them.
    """

    paths: tuple[CanonicalPath, ...]
    fields: tuple[FieldChange, ...]

    def wanted(self) -> Fields:
        """Return the fields that change, None where one is emptied."""
        return {change.path: change.new for change in self.fields}


@frozen(kw_only=True)
class Change:
    """What happens to one target job.

    Attributes:
        action: what.
        source: the source job, None when it was removed at source.
        target: the target job, None when there is none yet.
        name: the job's visible name.
        piece: which part of the source job, from 1.
        pieces: how many target jobs the source job has.
        fields: the fields that change; of a create, all of them.
        losses: what the source job gives up.
        schedule: what became of its schedule.
        reason: why.
        back: what is written back to the source job; None for nothing.
        renews: whether nothing but its window has moved on: the source's schedule is as it was, and its translation is
            a new one. Limits do not count it.
        active_side: which side may fire; of "source", the target job is staged.
        agreed: the fields that both sides were changed to alike; nothing is sent.
        needs: what the sync could say to unblock it.
        live: whether the source job runs at present.
        due: what the fields that stop the staged target job become at the cutover.

    The last four are for whoever made the plan: a saved one does not have them.
    """

    action: Action
    source: JobRef | None
    target: JobRef | None = None
    name: str
    piece: int = 1
    pieces: int = 1
    fields: tuple[FieldChange, ...] = ()
    losses: tuple[Loss, ...] = ()
    schedule: ConvertedSchedule | None = None
    reason: str = ""
    back: WriteBack | None = None
    renews: bool = False
    agreed: tuple[str, ...] = field(default=(), eq=False)
    active_side: Live = "both"
    needs: tuple[Need, ...] = field(default=(), eq=False)
    live: bool = field(default=True, eq=False)
    due: Fields = field(default=NOTHING, eq=False)

    @property
    def label(self) -> str:
        """Return how a person refers to it: name, and which part where there are several."""
        return self.name if self.pieces == 1 else f"{self.name} ({self.piece}/{self.pieces})"

    def wanted(self) -> Fields:
        """Return the fields that change, None where one is emptied."""
        return {change.path: change.new for change in self.fields}

    def expired(self, now: datetime) -> str:
        """Return what its schedule promised and has passed by now; "" while everything holds, or nothing is set up."""
        schedule = self.schedule
        if schedule is None or self.action not in SETTING_UP:
            return ""
        if schedule.verdict == "exact_until" and schedule.until and schedule.until <= now:
            return f"its schedule was exact until {write_time(schedule.until)}, which has passed"
        part = schedule.pieces[self.piece - 1] if self.piece <= len(schedule.pieces) else None
        at = read_time(part["at"]) if part and "at" in part else None
        return f"its one-time instant, {write_time(at)}, has passed" if at and at <= now else ""

    def new_fields(self) -> Fields:
        """Return the fields that the target job gets."""
        return {change.path: change.new for change in self.fields if change.new is not None}


@frozen(kw_only=True)
class Observed:
    """Digests of what both sides held."""

    source: str
    target: str


@frozen(kw_only=True)
class Plan:
    """The changes of one sync.

    Attributes:
        sync: name of the sync.
        source: name of the source connection.
        target: name of the target connection.
        target_provider: the target's provider.
        target_scope: where jobs are created.
        dialect: the target's cron dialect.
        contract: the update contract that the plan relies on.
        lineage: the state that it was made on.
        serial: how many runs that state had seen.
        created_at: when.
        observed: what both sides held.
        changes: what happens, in the order of the jobs' names.
        refusal: why the whole plan is unsafe; "" when it is not.
    """

    sync: str
    source: str
    target: str
    target_provider: str
    target_scope: str
    dialect: str
    contract: str
    lineage: str
    serial: int
    created_at: datetime
    observed: Observed
    changes: tuple[Change, ...] = field(repr=False)  # asyncio asks a task for the repr of its result when it ends
    refusal: str = ""

    @property
    def summary(self) -> Mapping[str, int]:
        """Return how many changes there are of each action."""
        counts = Counter(change.action for change in self.changes)
        return {action: counts[action] for action in ACTIONS}

    @property
    def promises(self) -> Mapping[datetime, tuple[str, ...]]:
        """Return when schedules expire unless a sync renews them, soonest first, and the names of those jobs."""
        found: dict[datetime, list[str]] = {}
        for change in self.changes:
            schedule = change.schedule
            if change.action != "blocked" and schedule and schedule.verdict == "exact_until" and schedule.until:
                names = found.setdefault(schedule.until, [])
                names += [change.name] if change.piece == 1 else []
        return {until: tuple(found[until]) for until in sorted(found)}

    @property
    def needs_resync_by(self) -> datetime | None:
        """Return when the first schedule stops being exact unless a sync renews it; None when none does."""
        return next(iter(self.promises), None)

    @property
    def doubled(self) -> tuple[str, ...]:
        """Return the names of the jobs that are created active at the target beside their source."""
        made = (change for change in self.changes if change.action == "create" and change.piece == 1)
        return tuple(one.name for one in made if one.active_side == "both" and one.new_fields().get("enabled", True))

    @property
    def young_zone_rules(self) -> Mapping[str, str]:
        """Return the time zones whose rule for clock changes is young, each with the day from which it holds."""
        found: dict[str, str] = {}
        for change in self.changes:
            found |= change.schedule.evidence.get("young_zone_rules", {}) if change.schedule else {}
        return dict(sorted(found.items()))

    @property
    def pending(self) -> tuple[Change, ...]:
        """Return what there is to do."""
        return tuple(change for change in self.changes if change.action in PENDING)

    @property
    def blocked(self) -> tuple[Change, ...]:
        """Return what is refused."""
        return tuple(change for change in self.changes if change.action == "blocked")
