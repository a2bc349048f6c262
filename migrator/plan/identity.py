"""Refuse a run that would take one place for another, or one place under two names for two places.

Identity is provider, scope and id. An address may be spelled differently, a token may open another account, a file may
move: then the jobs that a sync knows appear in another scope, or none of them appears. To go on would make all jobs a
second time.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from attrs import frozen

from migrator.canonical import JobRef
from migrator.extract import Extracted
from migrator.plan.plan_input import PlanInput

_SHOWN: Final = 5


def displaced(inputs: PlanInput) -> str:
    """Return why the scopes of a run are not those that its sync knows; "" when they are."""
    known = _known(inputs)
    endpoints = (
        _ListedEndpoint(
            "source",
            inputs.origin.rules.provider,
            inputs.source_as_listed,
            is_unique=inputs.origin.rules.identity.unique,
        ),
        _ListedEndpoint(
            "target", inputs.mapping.rules.provider, inputs.target, is_unique=inputs.mapping.rules.identity.unique
        ),
    )
    found = [
        *(_renamed(endpoint, inputs, known) for endpoint in endpoints),
        *(_vanished(endpoint, inputs, known) for endpoint in endpoints),
    ]
    return next(filter(None, found), "")


def scope_address(provider: str, scope: str) -> str:
    """Return how `migrator state move` names a scope."""
    return f"scope.{provider}:{scope}"


def move_command(old: str, new: str, *more: str) -> str:
    """Return the command that moves what the state knows from one address to another."""
    return shlex.join(["migrator", "state", "move", old, new, *more])


@frozen
class _KnownPair:
    """A binding's sync, source job and target job."""

    sync: str
    source: JobRef
    target: JobRef

    def at(self, role: str) -> JobRef:
        return self.source if role == "source" else self.target


@frozen
class _ListedEndpoint:
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
    def scopes_text(self) -> str:
        return ", ".join(f"{self.provider}:{scope}" for scope in self.listing.scopes)


def _known(inputs: PlanInput) -> tuple[_KnownPair, ...]:
    here = (
        _KnownPair(binding.sync, binding.source, binding.target)
        for binding in inputs.bindings
        if not binding.superseded
    )
    return (*here, *(_KnownPair(one.sync, one.source, one.target) for one in inputs.elsewhere))


def _renamed(endpoint: _ListedEndpoint, inputs: PlanInput, known: tuple[_KnownPair, ...]) -> str:
    """Return why listed jobs are known under another scope; "" when none is."""
    by_scopes: dict[tuple[str, str], list[JobRef]] = {}
    for one in known:
        ref = one.at(endpoint.role)
        now = endpoint.scopes_by_id.get(ref.id) if ref.provider == endpoint.provider else None
        if now is None or ref in endpoint.listed or not (endpoint.is_unique or one.sync == inputs.sync.name):
            continue
        by_scopes.setdefault((ref.scope, now), []).append(ref)
    for (old, new), refs in by_scopes.items():
        ids = sorted({ref.id for ref in refs})
        only = [part for job_id in ids for part in ("--job", job_id)] if old in endpoint.listing.scopes else []
        command = move_command(scope_address(endpoint.provider, old), scope_address(endpoint.provider, new), *only)
        advice = f"if that is one scope under two names: {command}"
        if not endpoint.is_unique:
            advice += f"; if these are two scopes, give sync {inputs.sync.name} another name or its own state"
        return (
            f"{_jobs(len(ids))} that the {endpoint.role} lists in {endpoint.provider}:{new} ({_some(ids)}) "
            f"{'is' if len(ids) == 1 else 'are'} known to this state in {endpoint.provider}:{old}; {advice}"
        )
    return ""


def _vanished(endpoint: _ListedEndpoint, inputs: PlanInput, known: tuple[_KnownPair, ...]) -> str:
    """Return why none of the jobs that the sync knows is listed; "" when one is, or when there are none."""
    own = {
        one.at(endpoint.role)
        for one in known
        if one.sync == inputs.sync.name and not _may_be_missing(one, endpoint, inputs)
    }
    if not own or own & endpoint.listed:
        return ""
    scopes = sorted({(ref.provider, ref.scope) for ref in own})
    listed = ", ".join(f"{provider}:{scope}" for provider, scope in scopes)
    start = f"none of the {_jobs(len(own))} that sync {inputs.sync.name} knows at its {endpoint.role}"
    connection = getattr(inputs.sync, endpoint.role)
    if not any(provider == endpoint.provider and scope in endpoint.listing.scopes for provider, scope in scopes):
        return (
            f"{start} ({listed}) is in {endpoint.scopes_text}, which connection {connection} opens; check the "
            f"connection; {_move_hint(scopes[0], endpoint)}for another scope, use a sync of another name"
        )
    if endpoint.role == "source" and not endpoint.listed:
        return ""  # nothing is made or removed on the word of an empty listing
    if endpoint.role == "target" and inputs.sync.on_deleted == "recreate":
        return ""  # that is what was asked for, and each job is asked for by its id before it is made again
    return (
        f"{start} is in {listed} any more, which lists {_jobs(len(endpoint.listed))}: check that the token of "
        f"connection {connection} opens the same account; if they were deleted there on purpose: "
        f"{' and '.join(_ending(own, endpoint, inputs))}"
    )


def _move_hint(old: tuple[str, str], endpoint: _ListedEndpoint) -> str:
    """Return the command for jobs that are known elsewhere, and when it fits; "" where none does."""
    command = move_command(scope_address(*old), scope_address(endpoint.provider, endpoint.listing.scopes[0]))
    if old[0] == endpoint.provider:
        return f"if that is the same scope under another name: {command}; "
    replaces = endpoint.role == "source" and any(job.origin for job in endpoint.listing.jobs)
    return f"if this file takes the place of the retired jobs there: {command}; " if replaces else ""


def _ending(own: set[JobRef], endpoint: _ListedEndpoint, inputs: PlanInput) -> Iterator[str]:
    """Yield what says that jobs are gone on purpose: those that only the target fires are retired, others forgotten."""
    kept = own & inputs.kept if endpoint.role == "source" else set()
    sync = inputs.sync.name
    if kept:
        yield shlex.join(["migrator", "retire", sync, "--delete", *_each(kept)])
    if own - kept:
        only = _each(own - kept) if kept or inputs.retired else []
        yield shlex.join(["migrator", "state", "forget", f"sync.{sync}", *only])


def _each(refs: set[JobRef]) -> list[str]:
    return [part for job_id in sorted(ref.id for ref in refs) for part in ("--job", job_id)]


def _may_be_missing(one: _KnownPair, endpoint: _ListedEndpoint, inputs: PlanInput) -> bool:
    """Return whether a job may be missing from a listing: it was deleted on purpose, or is gone from both sides."""
    if endpoint.role == "target":
        return False
    is_here = one.target.scope in inputs.target.scopes and one.target.provider == inputs.mapping.rules.provider
    is_listed = one.target.id in inputs.at_target or one.target.id in inputs.unreadable
    is_open = one.source.provider == endpoint.provider and one.source.scope in endpoint.listing.scopes
    return (is_open and one.source in inputs.removed | inputs.retired) or (is_here and not is_listed)


def _jobs(number: int) -> str:
    return f"{number:,} job{'' if number == 1 else 's'}"


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")
