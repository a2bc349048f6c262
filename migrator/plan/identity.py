"""Refuse a run that would take one place for another, or one place under two names for two places.

Identity is provider, scope and id. An address may be spelled differently, a token may open another account, a file may
move: then the jobs that a sync knows appear in another scope, or none of them appears. To go on would make all jobs a
second time.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from attrs import frozen

from migrator.canonical import JobRef
from migrator.extract import Extracted
from migrator.plan.plan_input import PlanInput

_SHOWN: Final = 5


def displaced(inputs: PlanInput) -> str:
    """Return why the places of a run are not those that its sync knows; "" when they are."""
    known = _known(inputs)
    ends = (
        _End(
            "source",
            inputs.origin.rules.provider,
            inputs.source_as_listed,
            is_unique=inputs.origin.rules.identity.unique,
        ),
        _End("target", inputs.mapping.rules.provider, inputs.target, is_unique=inputs.mapping.rules.identity.unique),
    )
    found = [
        *(_renamed(end, inputs, known) for end in ends),
        *(_vanished(end, inputs, known) for end in ends),
    ]
    return next(filter(None, found), "")


def scope_address(provider: str, scope: str) -> str:
    """Return how `migrator state move` names a scope."""
    return f"scope.{provider}:{scope}"


def moving(old: str, new: str, *more: str) -> str:
    """Return the command that moves what the state knows from one address to another."""
    return shlex.join(["migrator", "state", "move", old, new, *more])


@frozen
class _Ends:
    """A binding's owner and ends."""

    sync: str
    source: JobRef
    target: JobRef

    def at(self, role: str) -> JobRef:
        return self.source if role == "source" else self.target


@frozen
class _End:
    """One endpoint of the run, as listed."""

    role: str
    provider: str
    listing: Extracted
    is_unique: bool

    @cached_property
    def listed(self) -> frozenset[JobRef]:
        return frozenset([job.ref for job in self.listing.jobs] + [problem.ref for problem in self.listing.problems])

    @cached_property
    def scopes_by_id(self) -> Mapping[str, str]:
        return {ref.id: ref.scope for ref in self.listed}

    @property
    def places(self) -> str:
        return ", ".join(f"{self.provider}:{scope}" for scope in self.listing.scopes)


def _known(inputs: PlanInput) -> tuple[_Ends, ...]:
    here = (
        _Ends(binding.sync, binding.source, binding.target) for binding in inputs.bindings if not binding.superseded
    )
    return (*here, *(_Ends(one.sync, one.source, one.target) for one in inputs.elsewhere))


def _renamed(end: _End, inputs: PlanInput, known: tuple[_Ends, ...]) -> str:
    """Return why listed jobs are known under another scope; "" when none is."""
    by_scopes: dict[tuple[str, str], list[JobRef]] = {}
    for one in known:
        ref = one.at(end.role)
        now = end.scopes_by_id.get(ref.id) if ref.provider == end.provider else None
        if now is None or ref in end.listed or not (end.is_unique or one.sync == inputs.sync.name):
            continue
        by_scopes.setdefault((ref.scope, now), []).append(ref)
    for (old, new), refs in by_scopes.items():
        ids = sorted({ref.id for ref in refs})
        only = [part for job_id in ids for part in ("--job", job_id)] if old in end.listing.scopes else []
        command = moving(scope_address(end.provider, old), scope_address(end.provider, new), *only)
        advice = f"if that is one scope under two names: {command}"
        if not end.is_unique:
            advice += f"; if these are two scopes, give sync {inputs.sync.name} another name or its own state"
        return (
            f"{_jobs(len(ids))} that the {end.role} lists in {end.provider}:{new} ({_some(ids)}) "
            f"{'is' if len(ids) == 1 else 'are'} known to this state in {end.provider}:{old}; {advice}"
        )
    return ""


def _vanished(end: _End, inputs: PlanInput, known: tuple[_Ends, ...]) -> str:
    """Return why none of the jobs that the sync knows is listed; "" when one is, or when there are none."""
    own = {one.at(end.role) for one in known if one.sync == inputs.sync.name and not _is_over(one, end, inputs)}
    if not own or own & end.listed:
        return ""
    places = sorted({(ref.provider, ref.scope) for ref in own})
    told = ", ".join(f"{provider}:{scope}" for provider, scope in places)
    start = f"none of the {_jobs(len(own))} that sync {inputs.sync.name} knows at its {end.role}"
    if not any(provider == end.provider and scope in end.listing.scopes for provider, scope in places):
        new = scope_address(end.provider, end.listing.scopes[0])
        command = moving(scope_address(*places[0]), new)
        return (
            f"{start} ({told}) is in {end.places}, which connection {getattr(inputs.sync, end.role)} opens; check the "
            f"connection; if that is the same scope under another name: {command}; for another scope, use a sync of "
            "another name"
        )
    if end.role == "source" and not end.listed:
        return ""  # nothing is made or removed on the word of an empty listing
    if end.role == "target" and inputs.sync.on_deleted == "recreate":
        return ""  # that is what was asked for, and each job is asked for by its id before it is made again
    return (
        f"{start} is in {told} any more, which lists {_jobs(len(end.listed))}: check that the token of connection "
        f"{getattr(inputs.sync, end.role)} opens the same account; if they were deleted there on purpose: "
        f"{shlex.join(['migrator', 'state', 'forget', f'sync.{inputs.sync.name}'])}"
    )


def _is_over(one: _Ends, end: _End, inputs: PlanInput) -> bool:
    """Whether it is no wonder that a job is not listed: we deleted it, it is retired, or it is gone from both sides."""
    if end.role == "target":
        return False
    is_here = one.target.scope in inputs.target.scopes and one.target.provider == inputs.mapping.rules.provider
    is_listed = one.target.id in inputs.at_target or one.target.id in inputs.unreadable
    return one.source in inputs.removed | inputs.retired or (is_here and not is_listed)


def _jobs(number: int) -> str:
    return f"{number:,} job{'' if number == 1 else 's'}"


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")
