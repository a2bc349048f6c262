"""One pass over both listings: what happens to each job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import attrs
from attrs import frozen

from migrator.canonical import PATHS, Job, JobRef, covers, flatten
from migrator.config import Sync
from migrator.extract import Extracted
from migrator.lower import Lowered, lower
from migrator.mapping import ProviderMapping
from migrator.mapping.marks import scope_digest
from migrator.plan.compare import BOTH, TARGET, agreed, differences, identical
from migrator.plan.names import unique_names
from migrator.plan.values import Action, Change, FieldChange, Plan
from migrator.state.values import Intent, Link

_ADOPTED: Final = "it is there already"


@frozen(kw_only=True)
class Basis:
    """What a plan is made from.

    Attributes:
        sync: what is wanted.
        source: the source's listing.
        target: the target's listing.
        target_scope: where new jobs are made.
        links: every link into the target.
        reverse: every link into the source: the source jobs among its targets are copies of somebody else's.
        mapping: the target's.
        contract: the target's update contract.
        now: the clock.
        lineage: the state's.
        serial: the state's.
        uncertain: writes that only a person can settle; each blocks its source job.
        unproved: jobs that a listing does not show and that could not be asked for.
        last_count: how many jobs the source had when it was last in order; None when that is not known.
    """

    sync: Sync
    source: Extracted
    target: Extracted
    target_scope: str
    links: tuple[Link, ...]
    reverse: tuple[Link, ...] = ()
    mapping: ProviderMapping
    contract: str
    now: datetime
    lineage: str
    serial: int
    uncertain: tuple[Intent, ...] = ()
    unproved: frozenset[JobRef] = frozenset()
    last_count: int | None = None

    def missing(self, plan: Plan) -> tuple[frozenset[JobRef], frozenset[JobRef]]:
        """The jobs whose absence from a listing makes the plan touch something: at the source, and at the target."""
        listed = {job.ref for job in self.source.jobs} | {problem.ref for problem in self.source.problems}
        gone = {c.source for c in plan.changes if c.action in {"delete", "pause"} and c.source not in listed}
        made = {(c.source, c.piece) for c in plan.changes if c.action == "create"}
        lost = {link.target for link in self.links if not link.superseded and (link.source, link.piece) in made}
        superseded = {link.source for link in self.links if link.superseded}
        return frozenset(ref for ref in gone if ref and ref not in superseded), frozenset(lost)

    @property
    def shrunk(self) -> str:
        """Why the source's listing is suspiciously short; "" when it is not."""
        count, limits = len(self.source.jobs) + len(self.source.problems), self.sync.limits
        if self.last_count is None or limits.deletes.allows(
            self.last_count - count, of=self.last_count, floor=limits.floor
        ):
            return ""
        return (
            f"the source shows {count} jobs and had {self.last_count} the last time, which limits.deletes = "
            f"{limits.deletes} does not allow; if they are really gone, raise it in [syncs.{self.sync.name}]"
        )


class Planner:
    """Goes through the source jobs, then through what has left the source."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self.sync = basis.sync
        self.mapping = basis.mapping
        self.at_target: Mapping[str, Job] = {job.ref.id: job for job in basis.target.jobs}
        self.unreadable = {problem.ref.id: problem for problem in basis.target.problems}
        self.links: dict[JobRef, dict[int, Link]] = {}
        for link in basis.links:
            if not link.superseded:
                self.links.setdefault(link.source, {})[link.piece] = link
        self.uncertain: dict[JobRef, Intent] = {i.source: i for i in basis.uncertain if i.source}
        linked = {link.target.id for link in basis.links}
        self.free = [job for job in basis.target.jobs if job.ref.id not in linked]

    def changes(self) -> Iterator[Change]:
        """Every change, in no order."""
        copies = {job.ref: original for job in self.basis.source.jobs if (original := self._original(job))}
        wanted = [job for job in self.basis.source.jobs if job.ref not in copies]
        selected = [job for job in wanted if self.sync.select.matches(job)]
        lowered = {
            job.ref: (job, lower(job, target=self.mapping, sync=self.sync, now=self.basis.now)) for job in selected
        }
        for job, result in self._named(lowered):
            if job.ref not in self.uncertain:
                yield from self._for_job(job, result)
        for intent in self.uncertain.values():
            yield self._unsettled(intent)
        for job in wanted:
            if job.ref not in lowered and job.ref in self.links and job.ref not in self.uncertain:
                yield Change(
                    action="none",
                    source=job.ref,
                    name=job.name,
                    target=self._first_target(job.ref),
                    reason="it is no longer selected; it stays as it is",
                )
        for job in self.basis.source.jobs:
            if job.ref in copies and self.sync.select.matches(job):
                reason = f"it is our copy of {copies[job.ref]}, which the target has"
                yield Change(action="none", source=job.ref, name=job.name, reason=reason)
        for problem in self.basis.source.problems:
            yield Change(
                action="blocked",
                source=problem.ref,
                name=problem.name,
                target=self._first_target(problem.ref),
                reason=f"it cannot be read: {problem.error}",
            )
        yield from self._missing()

    def _unsettled(self, intent: Intent) -> Change:
        """A write of an earlier run that nobody knows the end of: nothing is done about its job."""
        assert intent.source is not None
        reason = (
            f"{intent.error}. Look at the target, then: migrator settle {intent.run} {intent.source.id} "
            "--created ID, or --not-created"
        )
        return Change(action="blocked", source=intent.source, name=intent.name, target=None, reason=reason)

    def _original(self, job: Job) -> JobRef | None:
        """The target job that a source job is itself a copy of, as the state knows or its mark says."""
        ids = [link.source.id for link in self.basis.reverse if link.target == job.ref]
        if job.mark and job.mark.provider == self.mapping.rules.provider:
            home = {scope_digest(scope) for scope in self.basis.target.scopes}
            ids += [job.mark.id] if job.mark.scope in home else []
        return next((self.at_target[one].ref for one in ids if one in self.at_target), None)

    def _named(self, lowered: Mapping[JobRef, tuple[Job, Lowered]]) -> Iterator[tuple[Job, Lowered]]:
        current = {
            ref: self.at_target[link.target.id].name
            for ref in lowered
            if (link := self.links.get(ref, {}).get(1)) and link.target.id in self.at_target
        }
        ours = {link.target.id for ref in lowered for link in self.links.get(ref, {}).values()}
        foreign = {
            job.name for job in self.basis.target.jobs if job.ref.id not in ours and not self._own_mark(job, lowered)
        }
        return unique_names(lowered, current=current, foreign=foreign, rules=self.mapping.rules)

    def _own_mark(self, job: Job, lowered: Mapping[JobRef, Any]) -> bool:
        return job.mark is not None and any(_stands_for(job, ref) for ref in lowered)

    def _first_target(self, ref: JobRef) -> JobRef | None:
        links = self.links.get(ref)
        return links[min(links)].target if links else None

    # -- one source job -----------------------------------------------------------------------------------------------

    def _for_job(self, job: Job, lowered: Lowered) -> Iterator[Change]:
        base = Change(
            action="none",
            source=job.ref,
            target=self._first_target(job.ref),
            name=job.name,
            losses=lowered.losses,
            schedule=lowered.schedule,
            reason="; ".join(lowered.notes),
        )
        if lowered.dead:
            yield attrs.evolve(base, losses=(), reason=f"nothing is left to move: {lowered.dead}")
            return
        if reason := self._refusal(lowered):
            yield attrs.evolve(base, action="blocked", reason=reason)
            return
        yield from _all_or_none(self._for_pieces(job, lowered, base))

    def _for_pieces(self, job: Job, lowered: Lowered, base: Change) -> Iterator[Change]:
        count = len(lowered.pieces)
        for number, fields in enumerate(lowered.pieces, 1):
            piece = attrs.evolve(base, piece=number, pieces=count, name=fields["name"], target=None)
            link = self.links.get(job.ref, {}).get(number)
            yield self._linked(piece, fields, link) if link else self._unlinked(piece, fields)
        for number, link in self.links.get(job.ref, {}).items():
            if number > count and link.target.id in self.at_target:
                extra = attrs.evolve(base, piece=number, pieces=link.pieces, target=link.target, losses=())
                yield attrs.evolve(extra, action="delete", reason=f"its schedule takes {count} jobs now")

    def _refusal(self, lowered: Lowered) -> str:
        if lowered.refused or lowered.needs:
            return "; ".join(lowered.refused or map(str, lowered.needs))
        unallowed = [
            loss for loss in lowered.losses if not any(covers(allowed, loss.path) for allowed in self.sync.allow_loss)
        ]
        if not unallowed:
            return ""
        told = "; ".join(f"{loss.path} ({loss.reason})" for loss in unallowed)
        listed = ", ".join(f'"{path}"' for path in dict.fromkeys(loss.path for loss in unallowed))
        return f"it would lose {told}; allow it with allow_loss = [{listed}] in [syncs.{self.sync.name}]"

    def _unlinked(self, piece: Change, fields: Mapping[str, Any]) -> Change:
        """There is no target job of ours yet: make one, unless it is there."""
        assert piece.source is not None
        marked = [job for job in self.free if _stands_for(job, piece.source, piece.piece)]
        unmarked = [job for job in self.free if job.mark is None]
        twins = [job for job in unmarked if identical(fields, flatten(job), self.mapping)]
        namesakes = [job for job in unmarked if job.name == fields["name"]] if self.sync.adopt == "name" else []
        candidates = marked or twins or namesakes
        if not candidates:
            return self._create(piece, fields)
        why = "carries our mark" if marked else "is exactly like it" if twins else "has its name"
        if len(candidates) > 1:
            ids = ", ".join(job.ref.id for job in candidates)
            reason = f"several jobs at the target could be it, each {why}: {ids}; delete or rename all but one"
            return attrs.evolve(piece, action="blocked", reason=reason)
        return self._adopt(piece, fields, candidates[0], why)

    def _adopt(self, piece: Change, fields: Mapping[str, Any], job: Job, why: str) -> Change:
        found = attrs.evolve(piece, target=job.ref)
        if self.sync.adopt == "never":
            reason = (
                f'{_ADOPTED}: {job.ref.id} {why}, but this state has no link to it; adopt = "identical" takes it over'
            )
            return attrs.evolve(found, action="blocked", reason=reason)
        remote = flatten(job)
        changes = tuple(differences(applied=remote, seen=remote, desired=fields, remote=remote, mapping=self.mapping))
        if changes and self.sync.adopt == "identical":
            paths = ", ".join(change.path for change in changes)
            reason = (
                f'{_ADOPTED}: {job.ref.id} {why}, but differs in {paths}; adopt = "name" takes it over and changes it'
            )
            return attrs.evolve(found, action="blocked", fields=changes, reason=reason)
        if blocked := self._unchangeable(changes, remote, fields):
            return attrs.evolve(found, action="blocked", fields=changes, reason=blocked)
        self.free.remove(job)
        return attrs.evolve(found, action="adopt", fields=changes, reason=f"it {why}")

    def _create(self, piece: Change, fields: Mapping[str, Any]) -> Change:
        if fields.get("enabled") is False and not self._can_pause():
            reason = (
                f"it is paused at the source, and under the {self.basis.contract} contract {self.mapping.rules.title} "
                "can neither create a paused job nor pause one; resume it, leave it out with select, or make it by hand"
            )
            return attrs.evolve(piece, action="blocked", reason=reason)
        new = tuple(FieldChange(path=path, new=fields[path], reason="new") for path in PATHS if path in fields)
        return attrs.evolve(piece, action="create", fields=new)

    def _can_pause(self) -> bool:
        rule = self.mapping.rules.fields.get("enabled")
        if rule is None:
            return False
        return bool(rule.create_path) or rule.change_under(self.basis.contract) == "update"

    def _linked(self, piece: Change, fields: Mapping[str, Any], link: Link) -> Change:
        """There is a target job of ours: see how it differs."""
        piece = attrs.evolve(piece, target=link.target)
        if problem := self.unreadable.get(link.target.id):
            return attrs.evolve(piece, action="blocked", reason=f"the target job cannot be read: {problem.error}")
        remote_job = self.at_target.get(link.target.id)
        if remote_job is None:
            if link.target in self.basis.unproved:
                reason = f"the target's listing lacks {link.target.id}, and did not answer when it was asked for it"
                return attrs.evolve(piece, action="blocked", reason=reason)
            if self.sync.on_deleted == "recreate":
                return attrs.evolve(self._create(piece, fields), target=None)
            reason = (
                f"somebody deleted {link.target.id} at the target; "
                f'on_deleted = "recreate" in [syncs.{self.sync.name}] makes it anew'
            )
            return attrs.evolve(piece, action="blocked", reason=reason)
        remote = flatten(remote_job)
        states = {"applied": link.applied, "seen": link.seen, "desired": fields, "remote": remote}
        found = tuple(differences(**states, mapping=self.mapping))
        piece = attrs.evolve(piece, agreed=agreed(**states, mapping=self.mapping))
        edited = [change for change in found if change.reason in {TARGET, BOTH}]
        if edited and self.sync.on_drift == "refuse":
            paths = ", ".join(change.path for change in edited)
            reason = (
                f"{'both sides' if any(c.reason == BOTH for c in edited) else 'somebody'} changed {paths}; "
                f'on_drift = "source" overwrites the target, "target" keeps it'
            )
            return attrs.evolve(piece, action="blocked", fields=found, reason=reason)
        kept = tuple(
            change for change in found if change.reason not in {TARGET, BOTH} or self.sync.on_drift == "source"
        )
        if blocked := self._unchangeable(kept, remote, fields):
            return attrs.evolve(piece, action="blocked", fields=found, reason=blocked)
        if not kept and edited:
            reason = f"edits at the target are kept: {', '.join(change.path for change in edited)}"
            return attrs.evolve(piece, fields=found, reason=reason)
        return attrs.evolve(piece, action=self._action(kept, remote, fields), fields=kept) if kept else piece

    def _unchangeable(self, changes: Iterable[FieldChange], remote: Mapping[str, Any], new: Mapping[str, Any]) -> str:
        fixed = [c.path for c in changes if self._kind(c.path, remote, new) == "fixed"]
        if not fixed:
            return ""
        title = self.mapping.rules.title
        contract = self.basis.contract
        return f"{title} cannot change {', '.join(fixed)} under the {contract} contract; change it there by hand"

    def _action(self, changes: Iterable[FieldChange], remote: Mapping[str, Any], new: Mapping[str, Any]) -> Action:
        changes = list(changes)
        if any(self._kind(change.path, remote, new) == "replace" for change in changes):
            return "replace"
        if [change.path for change in changes] == ["enabled"]:
            return "resume" if changes[0].new else "pause"
        return "update"

    def _kind(self, path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
        return self.mapping.change_kind(path, old, new, self.basis.contract)

    # -- jobs that have left the source -------------------------------------------------------------------------------

    def _missing(self) -> Iterator[Change]:
        present = {job.ref for job in self.basis.source.jobs} | {p.ref for p in self.basis.source.problems}
        for link in self.basis.links:
            if link.source in self.uncertain:
                continue
            if link.superseded:
                yield from self._leftover(link)
                continue
            listed = link.source.scope in self.basis.source.scopes
            if link.sync == self.sync.name and listed and link.source not in present:
                yield self._left(link)

    def _leftover(self, link: Link) -> Iterator[Change]:
        """A job that another one of ours has replaced, if it is still there."""
        if link.target.id in self.at_target:
            name = str(link.applied.get("name", link.target.id))
            reason = "another job of ours has taken its place"
            yield Change(action="delete", source=link.source, target=link.target, name=name, reason=reason)

    def _left(self, link: Link) -> Change:
        name = str(link.applied.get("name", link.source.id))
        gone = Change(
            action="none", source=link.source, target=link.target, name=name, piece=link.piece, pieces=link.pieces
        )
        remote = self.at_target.get(link.target.id)
        if remote is None:
            return attrs.evolve(gone, reason="it has left both sides")
        if self.sync.on_missing == "keep":
            return attrs.evolve(gone, reason="it has left the source; kept")
        if not self.basis.source.jobs:
            reason = "it has left the source, but so has everything else: an empty listing removes nothing"
            return attrs.evolve(gone, action="blocked", reason=reason)
        if link.source in self.basis.unproved:
            reason = "the source's listing lacks it, and the source did not answer when it was asked for it"
            return attrs.evolve(gone, action="blocked", reason=reason)
        if self.basis.shrunk:
            return attrs.evolve(gone, action="blocked", reason=f"it has left the source, but {self.basis.shrunk}")
        if self.sync.on_missing == "delete":
            return attrs.evolve(gone, action="delete", reason="it has left the source")
        if not remote.enabled:
            return attrs.evolve(gone, reason="it has left the source; already paused")
        if not self._can_pause():
            reason = f"it has left the source, and it cannot be paused under the {self.basis.contract} contract"
            return attrs.evolve(gone, action="blocked", reason=reason)
        change = FieldChange(path="enabled", old=True, new=False, remote=True, reason="it has left the source")
        return attrs.evolve(gone, action="pause", fields=(change,), reason="it has left the source")


def _all_or_none(pieces: Iterable[Change]) -> Iterator[Change]:
    """The pieces of one job: where one is blocked, nothing is done to the others, lest fires are lost or doubled."""
    pieces = list(pieces)
    blocked = next((piece for piece in pieces if piece.action == "blocked"), None)
    for piece in pieces:
        if blocked and piece.action not in {"blocked", "none"}:
            reason = f"piece {blocked.piece} of the same job is blocked, and all of them change together or none"
            yield attrs.evolve(piece, action="blocked", fields=(), reason=reason)
        else:
            yield piece


def _stands_for(job: Job, ref: JobRef, piece: int | None = None) -> bool:
    """Whether a target job carries our mark for this source job (and this piece of it)."""
    mark = job.mark
    if mark is None or (mark.provider, mark.scope, mark.id) != (ref.provider, scope_digest(ref.scope), ref.id):
        return False
    return piece is None or mark.piece == piece
