"""The result of a move of bindings, as values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from attrs import field, frozen

from migrator.store.records import Bound
from migrator.store.relocation import Rebinding

Kind = Literal["move", "forget"]
Place = tuple[str, str]
"""A provider and a scope."""


@frozen(kw_only=True)
class StateMove:
    """The result of a move, or of forgetting bindings.

    Attributes:
        kind: which of the two.
        old: the address that is left.
        new: the address that takes its place; "" when bindings are forgotten.
        moved: the bindings that get another name.
        forgotten: the bindings that are forgotten.
        tags: how many ownership tags are rewritten, or were.
        unreached: the targets whose tags stay, because no connection of the config reaches them.
        undo: the command that reverts it, or what does where there is none.
        runs: the runs that did it; none in a dry run.
        failed: by name of the target job, why its tag could not be rewritten.
    """

    kind: Kind
    old: str
    new: str = ""
    moved: tuple[Rebinding, ...] = ()
    forgotten: tuple[Bound, ...] = ()
    tags: int = 0
    unreached: tuple[str, ...] = ()
    undo: str
    runs: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(factory=dict)

    @property
    def before(self) -> tuple[Bound, ...]:
        """Return the bindings that it concerns, as they are."""
        return (*self.forgotten, *(one.before for one in self.moved))

    @property
    def after(self) -> tuple[Bound, ...]:
        """Return the bindings as they are to be; those that are forgotten as they were."""
        return (*self.forgotten, *(one.after for one in self.moved))


Consent = Callable[[StateMove], Awaitable[bool]]
"""Asked before anything is written."""
