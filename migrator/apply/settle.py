"""Find out what became of writes whose outcome nobody noted: by looking, never by sending again.

A run that died leaves intents without an outcome. A listing of the target answers most of them: a created job shows
itself by its ownership tag, or by being new and exactly what was sent; an update by its values; a delete by absence.
A job that is not listed yet may only be late to show, so a create counts as never made after several looks. What a
listing cannot answer is left to a person, and blocks that one job.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Container, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs
from attrs import frozen

from migrator.canonical import Job, answered, flatten
from migrator.errors import MigratorError, RefusedError
from migrator.extract import LATENESS, Extracted
from migrator.isolation import attempt
from migrator.mapping import ProviderMapping
from migrator.mapping.marks import key_of, key_of_mark
from migrator.plan.compare import identical
from migrator.state import State
from migrator.state.values import ORIGIN, Intent, Link

_SKEW: Final = timedelta(minutes=5)
"""How far the platform's clock may be from ours."""
_YOUNG: Final = timedelta(minutes=5)
"""How long after a lost answer what it made may be late to show."""
_MOMENTS: Final = timedelta(minutes=1)
"""How long after a write that worked a listing that does not show it is taken for late."""
_PATIENCE: Final = (0.5, 1.0, 2.0)
"""Seconds between listings while one is late."""
_ABSENT: Final = "absent"
"""Said of a create that a listing does not show."""
_LOOK: Final = "give the id of the job that this write created"
_REMEMBERED: Final = timedelta(days=7)
"""How long a create that failed is remembered, in case that what it made shows after all."""


@frozen(kw_only=True)
class Settler:
    """Settles the writes to one target.

    Attributes:
        mapping: the target's.
        state: where links and outcomes are noted.
        scopes: the target's.
        relist: lists the target again.
        now: the clock.
        sleep: waits that many seconds.
    """

    mapping: ProviderMapping
    state: State
    scopes: tuple[str, ...]
    relist: Callable[[], Awaitable[Extracted]]
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]

    async def settle(self, intents: Iterable[Intent], target: Extracted) -> tuple[Extracted, tuple[Intent, ...]]:
        """Settle what can be settled.

        Args:
            intents: writes without an outcome; the lock of their target is held.
            target: a listing that was begun after the last of them was noted.

        Returns:
            The latest listing, and what only a person can settle, each with what was looked for.
        """
        left: list[Intent] = []
        waiting = list(intents)
        for wait in (*LATENESS, None):
            absent = list(self._absent(waiting, target, left))
            young = [intent for intent in absent if self.now() - intent.at < _YOUNG]
            for intent in absent:
                if wait is None or intent not in young:
                    self.state.settle(intent, "failed", "it was never created: no listing shows it")
            if wait is None or not young:
                break
            await self.sleep(wait)
            waiting, target = young, await self.relist()
        for intent in left:
            self.state.settle(intent, "uncertain", intent.error)
        return target, tuple(left)

    async def caught_up(self, target: Extracted) -> Extracted:
        """A listing that shows what was written in the last moments, as far as waiting helps.

        A platform may show a write late. A job that is missing, or not as we left it a moment ago, would look as if
        somebody had deleted or edited it; so it is listed again until it shows, or until it is old news.
        """
        written = self._since(_MOMENTS)
        for wait in _PATIENCE if written else ():
            if not self._lags(target, written):
                break
            await self.sleep(wait)
            target = await self.relist()
        return target

    def _lags(self, target: Extracted, written: Collection[Intent]) -> bool:
        touched = {intent.target_id for intent in written if intent.target_id}
        links = {link.target.id: link for link in self._links(target, only=touched)}
        jobs = {job.ref.id: job for job in target.jobs if job.ref.id in touched}
        unread = {problem.ref.id for problem in target.problems}
        for intent in written:
            if intent.state != "done" or intent.target_id is None or intent.target_id in unread:
                continue
            known, job = links.get(intent.target_id), jobs.get(intent.target_id)
            if (job is None and known) or (job and known is None and intent.action == "delete"):
                return True
            if known and job and not identical(known.seen, answered(job, known.seen), self.mapping):
                return True
        return False

    def reclaim(self, target: Extracted) -> bool:
        """Link what a create has made although its answer, or our looks, said that it had not; whether there was any.

        Only a job with the ownership tag of that very source job, and no older than the create, is ours. Where
        another one stands for the source job by now, it is one too many, and the next plan removes it.
        """
        links = self.state.linked(self.mapping.rules.provider, target.scopes)
        linked, standing = {target for _, _, target in links}, {(source, piece) for source, piece, _ in links}
        marked = [job for job in target.jobs if job.mark is not None and job.ref not in linked]
        found = False
        for intent in self._since(_REMEMBERED) if marked else ():
            if intent.action != "create" or intent.state != "failed":
                continue
            mine = [job for job in marked if _marked(job, intent) and _may_be_of(job, intent)]
            if len(mine) == 1:
                link = attrs.evolve(
                    link_to(mine[0], intent, self.mapping), superseded=(intent.source, intent.piece) in standing
                )
                self.state.put_link(link, dialect=self.mapping.rules.dialect, settles=intent)
                standing.add((link.source, link.piece))
                marked.remove(mine[0])
                found = True
        return found

    def _since(self, span: timedelta) -> tuple[Intent, ...]:
        rules, since = self.mapping.rules, self.now() - span
        found = self.state.settled_since(rules.provider, self.scopes, rules.dialect, since)
        return tuple(intent for intent in found if intent.piece != ORIGIN)

    def _absent(self, intents: Iterable[Intent], target: Extracted, left: list[Intent]) -> Iterable[Intent]:
        """Settle against one listing: the creates that it does not show are returned, unclear ones go to `left`."""
        links = {link.target.id: link for link in self._links(target)}
        jobs = {job.ref.id: job for job in target.jobs}
        for intent in intents:
            found = attempt("reconciled", self._reconciled, intent, target, jobs, links)
            if isinstance(found, MigratorError):
                left.append(attrs.evolve(intent, state="uncertain", error=str(found)))
            elif found == _ABSENT:
                yield intent
            elif found:
                left.append(attrs.evolve(intent, state="uncertain", error=found))

    def _reconciled(self, intent: Intent, target: Extracted, jobs: Mapping[str, Job], links: dict[str, Link]) -> str:
        """Settle one write; "" when it is settled, `_ABSENT`, or why it cannot be told."""
        target_id = intent.target_id or ""
        if intent.action == "create":
            free = [job for job in target.jobs if job.ref.id not in links]
            found = self._created(intent, free, target)
            if not isinstance(found, Job):
                return found or _ABSENT
            links[found.ref.id] = link = link_to(found, intent, self.mapping)
            self.state.put_link(link, dialect=self.mapping.rules.dialect, settles=intent)
        elif intent.action == "update":
            self._settle_update(intent, jobs.get(target_id), links.get(target_id))
        elif target_id in jobs:
            self.state.settle(intent, "failed", "the job is still there")
        elif target_id in links:
            self.state.drop_link(links[target_id].target, settles=intent)
        else:
            self.state.settle(intent, "done")
        return ""

    def _links(self, target: Extracted, *, only: Container[str] | None = None) -> tuple[Link, ...]:
        return self.state.links(self.mapping.rules.provider, target.scopes, self.mapping.rules.dialect, only=only)

    def _created(self, intent: Intent, free: list[Job], target: Extracted) -> Job | str | None:
        """The job that a create made, why it cannot be told, or None when there is none."""
        fresh = [job for job in free if _may_be_of(job, intent)]
        marked = [job for job in fresh if _marked(job, intent)]
        unmarked = [job for job in fresh if job.mark is None]
        found = marked or [
            job for job in unmarked if identical(intent.fields, answered(job, intent.fields), self.mapping)
        ]
        since = f"{intent.at:%Y-%m-%d %H:%M} UTC"
        sought = f"the answer to its create was lost; looked for a job of {self.mapping.rules.title} made since {since}"
        if len(found) == 1:
            return found[0]
        if found:
            return f"{sought}, and it could be any of {', '.join(job.ref.id for job in found)}"
        if alike := [job for job in unmarked if job.name == intent.name and job.created_at is not None]:
            ids = ", ".join(job.ref.id for job in alike)
            return f"{sought} that is exactly what was sent; {ids} has its name and is something else"
        if unread := [problem for problem in target.problems if problem.name == intent.name]:
            ids = ", ".join(problem.ref.id for problem in unread)
            return f"{sought}; {ids} has its name and cannot be read"
        return None

    def _settle_update(self, intent: Intent, job: Job | None, link: Link | None) -> None:
        """Values that are there now as they were sent were sent by us, not by somebody who edited the target."""
        if job is None or link is None:
            self.state.settle(intent, "failed", "the job is gone")
            return
        remote = answered(job, link.applied)
        had = link.applied
        arrived = {
            path: value
            for path, value in intent.fields.items()
            if self.mapping.kept(path, value, remote.get(path), had.get(path))
        }
        if not arrived:
            self.state.settle(intent, "failed", "it never arrived")
            return
        known = {path: remote.get(path) for path in arrived}
        applied = {path: value for path, value in {**had, **arrived}.items() if value is not None}
        seen = {path: value for path, value in {**link.seen, **known}.items() if value is not None}
        noted = attrs.evolve(link, applied=applied, seen=seen)
        self.state.put_link(noted, dialect=self.mapping.rules.dialect, settles=intent)


def take_for(job: Job, intent: Intent, *, links: Iterable[Link], mapping: ProviderMapping, state: State) -> None:
    """Settle a create as a person says: this job is what it made.

    Raises:
        RefusedError: the job is known to stand for something else.
    """
    where = f"{mapping.rules.title} job {job.ref.id}"
    if taken := next((link for link in links if link.target == job.ref), None):
        what = "that job is bound to another source job already"
        raise RefusedError(what, where=where, actual=str(taken.source), hint=_LOOK)
    if job.mark is not None and not _marked(job, intent):
        what = "that job carries the ownership tag of another source job"
        raise RefusedError(what, where=where, actual=f"{job.mark.provider}/{job.mark.id}", hint=_LOOK)
    state.put_link(link_to(job, intent, mapping), dialect=mapping.rules.dialect, settles=intent)


def link_to(job: Job, intent: Intent, mapping: ProviderMapping) -> Link:
    """The link to what a create made; it says what is there, so that the next plan brings in line what is not.

    What the platform keeps in a form of its own counts as it was written.
    """
    assert intent.source is not None
    fields = flatten(job)
    written = {path: value for path, value in intent.fields.items() if mapping.kept(path, value, fields.get(path))}
    return Link(
        source=intent.source,
        target=job.ref,
        piece=intent.piece,
        pieces=intent.pieces,
        sync=intent.sync,
        applied={path: value for path, value in {**fields, **written}.items() if value is not None},
        seen=fields,
        marked=job.mark is not None,
    )


def _marked(job: Job, intent: Intent) -> bool:
    mark, source = job.mark, intent.source
    return (
        mark is not None and source is not None and key_of_mark(mark) == key_of(source) and mark.piece == intent.piece
    )


def _may_be_of(job: Job, intent: Intent) -> bool:
    """Whether a job is young enough to have been made by an intent; the platform may not say."""
    return job.created_at is None or job.created_at >= intent.at - _SKEW
