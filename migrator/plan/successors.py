"""Find source jobs that look like jobs removed at the source and created again under another id.

The platform does not say that the two are one. Where the target job of the old one goes on, a job made for the new one
would fire beside it: so nothing is made until a person has said which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
from attrs import define, field

from migrator.canonical import JobRef
from migrator.plan.changes import Change
from migrator.plan.identity import move_command
from migrator.plan.plan_input import PlanInput

_ENDS = frozenset({"delete", "pause"})
"""What is done to a target job so that it fires no more."""


@define
class Successors:
    """Compares what is to be created with what was removed at the source.

    Attributes:
        inputs: what the plan is made from.
        removals: what happens to the target jobs of jobs removed at the source.
    """

    inputs: PlanInput
    removals: tuple[Change, ...]
    _named: dict[str, list[Change]] = field(factory=dict, init=False)
    _heirs: dict[JobRef, list[JobRef]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        for change in self.removals:
            if change.piece == 1 and change.source and change.target and change.target.id in self.inputs.at_target:
                self._named.setdefault(self._form(change.name), []).append(change)

    def checked(self, create: Change) -> Change:
        """Return a create, blocked or with a note where a removed job had the name of its source job."""
        assert create.source is not None
        if not self._named:
            return create
        names = {self._form(name) for name in (create.name, self.inputs.at_source[create.source].name)}
        found = [change for name in sorted(names) for change in self._named.get(name, ())]
        if not found or create.piece != 1 or create.action != "create":
            return create
        for change in found:
            assert change.source is not None
            self._heirs.setdefault(change.source, []).append(create.source)
        reason = "; ".join(self._reason(change, create.source) for change in found)
        if all(change.action in _ENDS or not self._is_active(change) for change in found):
            return attrs.evolve(create, reason="; ".join(filter(None, (create.reason, reason))))
        return attrs.evolve(create, action="blocked", fields=(), reason=reason)

    def removals_with_notes(self) -> Iterator[Change]:
        """Yield what happens to the target jobs of removed jobs, each with the new job that may be the same."""
        for change in self.removals:
            heirs = self._heirs.get(change.source, ()) if change.source else ()
            reason = f"{change.reason}; {_listed(heirs)} at the source has its name" if heirs else change.reason
            yield attrs.evolve(change, reason=reason)

    def _form(self, name: str) -> str:
        """Return a name as the target holds it."""
        return str(self.inputs.mapping.form("name", name))

    def _is_active(self, change: Change) -> bool:
        return change.target is not None and self.inputs.at_target[change.target.id].enabled

    def _reason(self, change: Change, new: JobRef) -> str:
        assert change.source is not None
        command = move_command(f"job.{change.source.id}", f"job.{new.id}", "--sync", self.inputs.sync.name)
        return (
            f"{change.source}, which was removed at the source, had this name, and {change.target} is its target job; "
            f"if this is the same job under a new id: {command}; "
            f"if it is another one, rename it, or delete {change.target}"
        )


def _listed(refs: Iterable[JobRef]) -> str:
    return ", ".join(map(str, dict.fromkeys(refs)))
