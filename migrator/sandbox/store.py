"""The records of one provider, as its server would hold them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import define, evolve, field, frozen

Json = dict[str, Any]
Place = tuple[str, int, str]
"""Where a row stands in its list, oldest first: time of creation, order of creation, id."""


@frozen(kw_only=True)
class Row:
    """One record, and what its server knows about it but never answers.

    Attributes:
        id: the provider's own key.
        seq: order of creation, unique within the provider.
        scope: the member, organisation or program that it belongs to.
        created: when it was created, as the record says.
        data: the record as GET answers it; never changed in place.
        gone: deleted or archived: not listed any more.
        hidden: what the server keeps to itself, such as the identity that it runs under.
    """

    id: str
    seq: int
    scope: str
    created: str
    data: Json
    gone: bool = False
    hidden: Mapping[str, Any] = field(factory=dict)

    @property
    def place(self) -> Place:
        """Its place in the list."""
        return (self.created, self.seq, self.id)

    def changed(self, **data: Any) -> Row:
        """The row with some fields of its record changed."""
        return evolve(self, data={**self.data, **data})


@define
class Late:
    """A change that reads do not show yet.

    Attributes:
        before: what reads still show; None where the record is new.
        reads: how many more GET requests are answered without it.
    """

    before: Row | None
    reads: int


def _all(_row: Row) -> bool:
    return True


@define(kw_only=True)
class Store:
    """Rows by id. Writers see the truth; readers see it late where a fault says so."""

    rows: dict[str, Row] = field(factory=dict)
    late: dict[str, Late] = field(factory=dict)
    _lists: dict[tuple[str, bool], list[Place]] = field(factory=dict, init=False, repr=False)
    _seq: int = field(default=0, init=False)

    def next_seq(self) -> int:
        """The number of the next row in the order of creation."""
        return self._seq + 1

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self.late.clear()
        self._lists.clear()
        self._seq = 0

    def put(self, row: Row) -> Row:
        """Store a new or a changed row."""
        old = self.rows.get(row.id)
        if old is None or (old.gone, old.place, old.scope) != (row.gone, row.place, row.scope):
            self._lists.clear()
        self.rows[row.id] = row
        self._seq = max(self._seq, row.seq)
        return row

    def visible(self, key: str) -> Row | None:
        """The row as a reader sees it."""
        late = self.late.get(key)
        return late.before if late else self.rows.get(key)

    def find(self, key: str, *, reading: bool) -> Row | None:
        """The row as a reader sees it, or as it is for a writer."""
        return self.visible(key) if reading else self.rows.get(key)

    def seen(self) -> None:
        """Count a read: changes come into view when their reads are used up."""
        for late in self.late.values():
            late.reads -= 1
        for key in [key for key, late in self.late.items() if late.reads <= 0]:
            del self.late[key]
            self._lists.clear()

    def hold(self, before: Mapping[str, Row], reads: int) -> None:
        """Hide every change made since `before` from the next `reads` reads."""
        for key, row in self.rows.items():
            if before.get(key) is not row:
                self.late[key] = Late(before.get(key), reads)
        self._lists.clear()

    def listed(self, scope: str, *, gone: bool = False) -> list[Place]:
        """Where the rows of a scope stand, oldest first."""
        if (scope, gone) not in self._lists:
            seen = (self.visible(key) for key in self.rows)
            self._lists[scope, gone] = sorted(r.place for r in seen if r and r.scope == scope and r.gone == gone)
        return self._lists[scope, gone]

    def page(
        self,
        places: list[Place],
        *,
        size: int,
        after: Place | None = None,
        newest_first: bool = True,
        keep: Callable[[Row], bool] = _all,
    ) -> tuple[list[Row], bool]:
        """Up to `size` rows that `keep` accepts, from behind `after` on, and whether more follow."""
        found: list[Row] = []
        for _, _, key in _walk(places, after=after, newest_first=newest_first):
            row = self.visible(key)
            if row and keep(row):
                found.append(row)
            if len(found) > size:
                return found[:size], True
        return found, False


def _walk(places: list[Place], *, after: Place | None, newest_first: bool) -> Iterator[Place]:
    if newest_first:
        stop = bisect_left(places, after) if after else len(places)
        return (places[index] for index in range(stop - 1, -1, -1))
    start = bisect_right(places, after) if after else 0
    return (places[index] for index in range(start, len(places)))
