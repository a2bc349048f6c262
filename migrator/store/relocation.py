"""What a name that takes the place of another changes in the rows of the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen

from migrator.store.records import Bound

Row = dict[str, Any]


@frozen(kw_only=True)
class Relocation:
    """One name that takes the place of another.

    Attributes:
        kind: of what: a sync, a scope, a source job; or, for a takeover, the scope of the source jobs of one sync.
        provider: of a scope, its provider.
        old: the name as the state has it.
        new: the name to come.
        sync: move only what belongs to this sync; "" for all.
        jobs: move only what belongs to these source ids; empty for all.
        new_provider: of a takeover, the provider of the new scope.
        new_sync: of a takeover, the sync that carries the jobs afterwards.
        ids: of a takeover, by source id, the id of the job that takes its place.
    """

    kind: Literal["sync", "scope", "job", "takeover"]
    provider: str = ""
    old: str
    new: str
    sync: str = ""
    jobs: frozenset[str] = frozenset()
    new_provider: str = ""
    new_sync: str = ""
    ids: Mapping[str, str] = field(factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether it moves all that has the old name."""
        return not (self.sync or self.jobs)

    def columns(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the columns of a row of any table that hold the old name; none where the row is not concerned."""
        place = (self.provider, self.old)
        if self.kind == "takeover":
            is_there = (row.get("source_provider"), row.get("source_scope"), row.get("sync")) == (*place, self.sync)
            return ("source_scope",) if is_there and row.get("source_id") in self.ids else ()
        own, before = self._is_meant(row, "sync", "source_id"), self._is_meant(row, "origin_sync", "origin_id")
        if self.kind == "job":
            return ("source_id",) if own and row.get("source_id") == self.old else ()
        if self.kind == "sync":
            named = (("sync", own), ("origin_sync", before))
            return tuple(column for column, is_meant in named if is_meant and row.get(column) == self.old)
        ends = (("source_", own), ("target_", own), ("", own), ("origin_", before))
        found = (end for end, is_meant in ends if is_meant)
        return tuple(f"{end}scope" for end in found if (row.get(f"{end}provider"), row.get(f"{end}scope")) == place)

    def _is_meant(self, row: Mapping[str, Any], sync: str, job: str) -> bool:
        return not ((self.sync and row.get(sync) != self.sync) or (self.jobs and row.get(job) not in self.jobs))

    def applied(self, row: Mapping[str, Any]) -> Row:
        """Return a row of any table as it is after the move."""
        found = {**row, **dict.fromkeys(self.columns(row), self.new)}
        if self.kind == "takeover" and found != row:
            found |= {"source_provider": self.new_provider, "source_id": self.ids[row["source_id"]]}
            found |= {"sync": self.new_sync}
        return found


@frozen(kw_only=True)
class Rebinding:
    """A binding before and after a move.

    Attributes:
        before: as it is.
        after: as it is to be.
        is_tagged: whether the target job carries our ownership tag.
    """

    before: Bound
    after: Bound
    is_tagged: bool
