"""One request at a time to the target: noted before it is sent, checked after, and linked.

    intent on disk ──▶ request ──▶ answer read back and compared ──▶ link and outcome on disk

A crash anywhere leaves an intent that the next run settles by looking, never by sending again. Only the intent is
waited for; links and outcomes reach the disk a moment later, before any intent that is noted after them.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, TypeVar

import attrs
from attrs import define, field

from migrator.apply.claims import ClaimKey, claim_key
from migrator.apply.sending import ReadBackError, Sending, in_steps, not_held, stepped
from migrator.canonical import PATHS, Fields, Job, JobRef, answered, flatten
from migrator.errors import MigratorError, RejectedError, StateError, UncertainError
from migrator.extract import Extracted
from migrator.mapping.marks import mark_for
from migrator.plan.compare import mismatches
from migrator.plan.values import Change
from migrator.providers.base import Record
from migrator.state import Notes
from migrator.state.values import Intent, Link

T = TypeVar("T")


@define(kw_only=True)
class Writer(Sending):
    """Writes to one target scope during one run.

    Attributes:
        scope: where jobs are created.
        target: the target's listing at the start.
        claims: by what it is about, the number under which the run claimed a change.
        marks: whether the platform takes ownership tags.
        accepted: paths whose form at the platform always counts as equal.
        notes: what the run notes; flush them when it ends.
        numbers: the numbers of the run's further writes.
    """

    scope: str
    target: Extracted
    claims: Mapping[ClaimKey, int] = field(factory=dict)
    marks: bool = True
    accepted: tuple[str, ...] = ()
    notes: Notes = field(init=False)
    numbers: itertools.count[int] = field(init=False)
    _claims: dict[ClaimKey, int] = field(init=False)
    _links: dict[JobRef, Link] = field(factory=dict, init=False)
    _kept: set[JobRef] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self.notes = Notes(self.state)
        self._claims = dict(self.claims)
        self.numbers = itertools.count(len(self._claims) + 1)

    # -- creating -----------------------------------------------------------------------------------------------------

    async def create(self, change: Change, fields: Fields) -> tuple[Link, Record | None]:
        """Make the target job of a change, live at once where the platform knows no other way.

        Returns:
            Its link, and its record if the platform answered with it; if not, it is still to be checked.
        """
        assert change.source is not None
        sent = dict(fields)
        if not self.mapping.rules.fields["enabled"].create_path:
            sent["enabled"] = True
        intent = await self._intend("create", change, sent)
        mark = mark_for(change.source, change.piece, change.pieces) if self.marks else None
        created = await self._noting(intent, self._create(sent, mark))
        link = Link(
            source=change.source,
            target=JobRef(provider=self.adapter.provider, scope=self.scope, id=created.id),
            piece=change.piece,
            pieces=change.pieces,
            sync=self.sync,
            applied=sent,
            seen=sent,
            marked=self.marks,
        )
        return self._note(link, intent), created.record

    async def _create(self, fields: Fields, mark: Any) -> Any:
        try:
            return await self.adapter.create_job(self.scope, self.mapping.create_payload(fields, mark))
        except RejectedError as error:
            marker = self.mapping.rules.marker
            if mark is None or marker is None or marker.form != "item" or marker.path not in error.body:
                raise
            # A server that does not know the field that would hold the mark has refused, so nothing was made.
            self.marks = False
            return await self.adapter.create_job(self.scope, self.mapping.create_payload(fields))

    async def check(self, link: Link, record: Record | None) -> Link:
        """Compare a target job with what was written; None reads it first.

        Raises:
            ReadBackError: it differs, in a form that is not equivalent; the next plan shows that and writes nothing.
        """
        sent = link.applied
        job, wrong = await self._look(
            link.target,
            record,
            lambda seen: mismatches(sent, seen, self.mapping, accepted=self.accepted),
            known=sent,
        )
        remote = answered(job, sent)
        checked = attrs.evolve(link, seen=remote, marked=job.mark is not None)
        self._note(checked)
        if wrong:
            what = f"{self.mapping.rules.title} holds something else than was written"
            raise not_held(what, link.target, wrong, sent=sent, seen=remote, sync=self.sync)
        return checked

    # -- changing -----------------------------------------------------------------------------------------------------

    async def update(self, link: Link, new: Mapping[str, Any], remote: Fields) -> Link:
        """Bring fields of a target job to new values; None empties one.

        A job that is to be paused is paused before anything else of it changes, and one that is to be resumed is
        resumed last: at no moment is a half-changed job live.

        Args:
            link: the job's link.
            new: the fields that change.
            remote: all of its fields as they are now.
        """
        for step in in_steps(new):
            after = stepped(remote, step)
            link = await self._update_step(link, step, after, self._with_added(link, step, after, remote))
            remote = {**after, **link.seen}
        return link

    def _with_added(self, link: Link, step: Mapping[str, Any], after: Fields, remote: Fields) -> Fields:
        """The fields to send: what the platform itself has added to a list is never removed unasked."""
        old, was = link.applied, link.seen
        more = {
            path: self.mapping.with_added(
                path, after.get(path), sent=old.get(path), seen=was.get(path), now=remote.get(path)
            )
            for path in step
        }
        return stepped(after, more)

    async def _update_step(self, link: Link, step: Mapping[str, Any], after: Fields, sending: Fields) -> Link:
        self.keep(link)
        intent = await self._intend("update", link, step)
        mark = mark_for(link.source, link.piece, link.pieces) if link.marked else None
        request = self._send_update(link.target, set(step), before=link.applied, after=sending, mark=mark)
        record = await self._noting(intent, request)
        try:
            job, wrong = await self._look(
                link.target,
                record,
                lambda seen: tuple(path for path in self._unkept(after, seen, link.applied) if path in step),
                known=after,
            )
        except StateError:
            raise
        except MigratorError as error:
            self.notes.settle(intent, "uncertain", f"it was sent and cannot be read back: {error}")
            raise
        seen = answered(job, after)
        applied = {path: value for path, value in {**link.applied, **step}.items() if value is not None}
        link = self._note(attrs.evolve(link, applied=applied, seen=seen, marked=job.mark is not None), intent)
        if wrong:
            what = f"{self.mapping.rules.title} did not take the change"
            raise not_held(what, link.target, wrong, sent=after, seen=seen, sync=self.sync)
        return link

    def _unkept(self, sent: Fields, seen: Fields, had: Fields) -> tuple[str, ...]:
        return mismatches(sent, seen, self.mapping, had=had, accepted=self.accepted)

    # -- deleting -----------------------------------------------------------------------------------------------------

    async def delete(self, link: Link) -> None:
        """Delete a target job of ours."""
        self.keep(link)
        intent = await self._intend("delete", link, {})
        await self._noting(intent, self.adapter.delete_job(link.target.scope, link.target.id))
        self.notes.drop_link(link.target, settles=intent)

    # -- noting -------------------------------------------------------------------------------------------------------

    def keep(self, link: Link, *, ours: bool = True) -> None:
        """Save a job's record as it was before this run touched it, and its link unless it was not yet `ours`."""
        if link.target in self._kept:
            return
        self._kept.add(link.target)
        if raw := self.target.raws.get(link.target):
            known = link if ours else None
            self.notes.snapshot(self.run, link.target, raw, link=known, dialect=self.mapping.rules.dialect)

    def adopt(self, job: Job, change: Change) -> Link:
        """Link a job that was there already."""
        assert change.source is not None
        fields = flatten(job)
        link = Link(
            source=change.source,
            target=job.ref,
            piece=change.piece,
            pieces=change.pieces,
            sync=self.sync,
            applied=fields,
            seen=fields,
            marked=job.mark is not None,
        )
        self.keep(link, ours=False)
        claimed = None if change.fields else self._claims.pop(claim_key(change.source, change.piece, job.ref), None)
        return self._note(link, self._intent("adopt", change, {}, seq=claimed) if claimed else None)

    def agree(self, link: Link, paths: Iterable[str], now: Fields) -> Link:
        """Note that the source has taken over what these paths of a target job hold now."""
        applied, seen = brought_up(link.applied, now, paths), brought_up(link.seen, now, paths)
        claimed = self._claims.pop(claim_key(link.source, link.piece, link.target), None)
        settles = self._intent("update", link, {}, seq=claimed) if claimed else None
        return self._note(attrs.evolve(link, applied=applied, seen=seen), settles)

    def supersede(self, link: Link) -> Link:
        """Note that another job is about to take this one's place."""
        self.keep(link)
        return self._note(attrs.evolve(link, superseded=True))

    def reinstate(self, link: Link) -> Link:
        """Note that no other job takes this one's place after all."""
        return self._note(attrs.evolve(link, superseded=False))

    def current(self, target: JobRef) -> Link:
        """The link of a target job as it was last noted in this run."""
        return self._links[target]

    def noted(self, target: JobRef) -> Link | None:
        """The same, None where this run has not noted anything of it."""
        return self._links.get(target)

    def forget(self, target: JobRef) -> None:
        """Nothing more is done to a target job in this run."""
        self._links.pop(target, None)

    async def _noting(self, intent: Intent, request: Awaitable[T]) -> T:
        """Wait for a request, and record whether it failed or its outcome is unknown."""
        try:
            return await request
        except UncertainError as error:
            self.notes.settle(intent, "uncertain", str(error))
            raise
        except MigratorError as error:
            self.notes.settle(intent, "failed", str(error))
            raise

    def _note(self, link: Link, settles: Intent | None = None) -> Link:
        self.notes.put_link(link, dialect=self.mapping.rules.dialect, settles=settles)
        self._links[link.target] = link
        return link

    async def _intend(self, action: str, of: Change | Link, fields: Mapping[str, Any]) -> Intent:
        target = None if action == "create" else of.target
        seq = self._claims.pop(claim_key(of.source, of.piece, target), None)
        intent = self._intent(action, of, fields, seq=seq or next(self.numbers))
        await self.notes.dispatch(intent, self.adapter.provider, self.mapping.rules.dialect, lock=self.lock)
        return intent

    def _intent(self, action: str, of: Change | Link, fields: Mapping[str, Any], *, seq: int) -> Intent:
        target = None if action == "create" else of.target
        return Intent(
            run=self.run,
            seq=seq,
            sync=self.sync,
            action=action,
            source=of.source,
            target_scope=target.scope if target else self.scope,
            target_id=target.id if target else None,
            piece=of.piece,
            pieces=of.pieces,
            name=str(fields.get("name") or (of.name if isinstance(of, Change) else of.applied.get("name", ""))),
            fields=fields,
            at=self.now(),
        )


def brought_up(fields: Fields, now: Fields, paths: Iterable[str]) -> Fields:
    """The fields with what these paths hold now."""
    paths = set(paths)
    rest = {path: value for path, value in fields.items() if path not in paths}
    return rest | {path: now[path] for path in PATHS if path in paths and path in now}


__all__ = ["ReadBackError", "Writer"]
