"""What switching the active side takes, job by job: from what was read, never from what was meant.

    forward    source stands still ──▶ target released          back    target held ──▶ source restored

The side that fires is stopped first, so that at no instant both are live; in the gap between fires, neither being live
for a moment harms nobody. Only what cannot be taken back, deleting the source job, comes last. Every move is planned
from what both sides hold now: so a move that died half-way is finished by planning it again, and taken back by planning
the way back.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs
from attrs import frozen

from migrator.canonical import Fields, Job, Unportable, flatten
from migrator.cron import Cron, next_fires
from migrator.cutover.values import Calendar, Does, Found, Goal, Move, Scene, Turn
from migrator.holding import held_back, is_distant, is_parked, may_fire, standstill
from migrator.mapping import ProviderMapping
from migrator.plan.compare import same
from migrator.state.values import Live, Right


@frozen(kw_only=True)
class Mover:
    """Plans moves between two sides.

    Attributes:
        sync: the sync's name.
        scope: provider and scope of the target.
        source: the source's mapping.
        source_contract: its update contract.
        target: the target's mapping.
        target_contract: its update contract.
        now: the clock.
        spare: how long before its only fire a job is left where it is.
        may_delete: whether a source job that can be brought to stand still in no other way may be deleted.
    """

    sync: str
    scope: tuple[str, str]
    source: ProviderMapping
    source_contract: str
    target: ProviderMapping
    target_contract: str
    now: datetime
    spare: timedelta
    may_delete: bool = False

    def move(self, scene: Scene, goal: Goal) -> Move:
        """What it takes that one side fires and the other does not."""
        base = Move(
            source=scene.source.ref,
            name=scene.source.name,
            goal=goal,
            live=found_live(scene),
            targets=tuple(link.target for link in scene.links),
            right=scene.right,
            calendars=tuple(self.calendars(scene)),
        )
        return self._forward(base, scene) if goal == "target" else self._back(base, scene)

    # -- forward ------------------------------------------------------------------------------------------------------

    def _forward(self, base: Move, scene: Scene) -> Move:
        if reason := self._about_to_fire(scene):
            return attrs.evolve(base, status="left", reason=reason)
        if reason := self._cannot_fire(scene):
            return attrs.evolve(base, status="refused", reason=reason)
        stop, parked, wish = self._stop(scene)
        if stop is None:
            return attrs.evolve(base, status="refused", reason=self._cannot_stop())
        releases = tuple(self._release(scene))
        right = self.right(scene, live="target", parked=parked, wish=wish)
        deleting = any(turn.does == "delete" for turn in stop)
        turns = (*releases, *stop) if deleting else (*stop, *releases)
        if not turns and scene.right and scene.right.live == "target" and not scene.right.begun:
            return attrs.evolve(base, status="there", reason="the target is the active side already")
        return attrs.evolve(base, turns=turns, moved=right, reason=_why(turns, scene.right))

    def _stop(self, scene: Scene) -> tuple[tuple[Turn, ...] | None, Fields, Fields]:
        """What stops the source job, what it then holds, and what that was before; None where nothing can stop it."""
        right = scene.right
        if not may_fire(scene.source, right):
            if right is None or not is_parked(scene.source, right):
                return (), {}, {}
            if "enabled" in right.parked or is_distant(flatten(scene.source), self.source.rules.dialect, now=self.now):
                return (), right.parked, right.wish
        before = flatten(scene.source)
        parked = standstill(before, self.source, self.source_contract, now=self.now)
        if parked:
            does: Does = "pause" if "enabled" in parked else "move away"
            turn = Turn(side="source", job=scene.source.ref, does=does, before=before, new=parked)
            wish = right.wish if right and is_parked(scene.source, right) else before
            return (turn,), parked, {path: wish[path] for path in parked}
        if self.may_delete:
            return (Turn(side="source", job=scene.source.ref, does="delete", before=before),), {}, {}
        return None, {}, {}

    def _cannot_fire(self, scene: Scene) -> str:
        """Why the target could not take over: its platform has stopped a job that is to fire there."""
        stopped = [job.suspended for job in scene.targets.values() if job.suspended is not None]
        if not stopped or not scene.wished.live:
            return ""
        reason = f"{self.target.rules.title} has stopped it at the target ({stopped[0]}): resume it there first"
        if may_fire(scene.source, scene.right):
            return reason
        return f"{reason}, or switch back to the source: {back_command(self.sync, scene.source)}"

    def _cannot_stop(self) -> str:
        title = self.source.rules.title
        return (
            f"under the {self.source_contract} contract {title} can neither pause a job nor move its schedule: pause "
            "it there by hand when it is not due, then run the command again; or delete it with --delete-source"
        )

    def _release(self, scene: Scene) -> Iterator[Turn]:
        for link in scene.links:
            before = flatten(scene.targets[link.target])
            new = {p: v for p, v in scene.due.get(link.target, {}).items() if not same(before.get(p), v)}
            if new:
                yield Turn(side="target", job=link.target, does="release", before=before, new=new, link=link)

    def _about_to_fire(self, scene: Scene) -> str:
        """Why a job is left on the source: it fires once more, and that soon."""
        if not may_fire(scene.source, scene.right):
            return ""
        fires = _coming_fires(scene.wished, self.source.rules.dialect, self.now)
        if not fires:
            return "it has no fires ahead"
        if len(fires) == 1 and fires[0] <= self.now + self.spare:
            return f"it fires for the last time at {fires[0]:%Y-%m-%d %H:%M} UTC: the source does that"
        return ""

    # -- back ---------------------------------------------------------------------------------------------------------

    def _back(self, base: Move, scene: Scene) -> Move:
        right = scene.right
        holds = self._hold(scene)
        if holds is None:
            return attrs.evolve(base, status="refused", reason=self._cannot_hold())
        if scene.source.suspended is not None and holds:
            return attrs.evolve(base, status="refused", reason=self._source_stopped(scene.source.suspended))
        restore = tuple(self._restore(scene, right)) if right else ()
        settled = right is not None and right.live == "source" and not right.parked and not right.begun
        if not holds and not restore and settled:
            return attrs.evolve(base, status="there", reason="the source is the active side already")
        turns = (*holds, *restore)
        moved = self.right(scene, live="source")
        return attrs.evolve(base, turns=turns, moved=moved, reason=_why(turns, right))

    def _hold(self, scene: Scene) -> tuple[Turn, ...] | None:
        """What stops the target jobs that may fire; None where one of them cannot be stopped.

        A job that its platform has stopped fires nothing as it is, and some platforms refuse to pause it. Once it may
        fire again, the next sync pauses it.
        """
        turns: list[Turn] = []
        for link in scene.links:
            job = scene.targets[link.target]
            before, fields = flatten(job), scene.released(link)
            held = held_back(fields, self.target, self.target_contract, now=self.now, as_made=link.applied)
            if not job.enabled or (job.suspended is not None and "enabled" in held):
                continue
            if not held:
                return None
            if new := {path: value for path, value in held.items() if not same(before.get(path), value)}:
                turns.append(Turn(side="target", job=link.target, does="hold", before=before, new=new, link=link))
        return tuple(turns)

    def _source_stopped(self, why: str) -> str:
        return f"{self.source.rules.title} has stopped it at the source ({why}): resume it there first"

    def _cannot_hold(self) -> str:
        title = self.target.rules.title
        return (
            f"under the {self.target_contract} contract {title} can neither pause a job nor change its schedule: pause "
            "it there by hand, then run the command again"
        )

    def _restore(self, scene: Scene, right: Right) -> Iterator[Turn]:
        """Give the source job what it had, also where it seems to have that: a listing may be late to show the stop.

        What its owner has made of it since stays.
        """
        before = flatten(scene.source)
        has_it = all(same(before.get(path), value) for path, value in right.wish.items())
        if right.parked and (has_it or is_parked(scene.source, right)):
            yield Turn(side="source", job=scene.source.ref, does="restore", before=before, new=right.wish)

    # -- both ---------------------------------------------------------------------------------------------------------

    def right(
        self,
        scene: Scene,
        *,
        live: Live,
        parked: Fields | None = None,
        wish: Fields | None = None,
    ) -> Right:
        """Return what to record of a job's active side."""
        return Right(
            source=scene.source.ref,
            target=self.scope,
            sync=self.sync,
            name=scene.source.name,
            live=live,
            parked=parked or {},
            wish=wish or {},
            since=self.now,
        )

    def calendars(self, scene: Scene) -> Iterator[Calendar]:
        """When the source job fires, and then each target job."""
        yield Calendar(job=scene.source.ref, fields=flatten(scene.wished), dialect=self.source.rules.dialect)
        for link in scene.links:
            yield Calendar(job=link.target, fields=scene.released(link), dialect=self.target.rules.dialect)


def back_command(sync: str, job: Job) -> str:
    """What switches one job back to its source."""
    return shlex.join(["migrator", "cutover", sync, "--back", "--job", job.name])


def _why(turns: tuple[Turn, ...], right: Right | None) -> str:
    """What a move is for that takes no write."""
    is_open = right is not None and right.begun is not None
    return "switched already; a crashed run did not record it" if is_open and not turns else ""


def found_live(scene: Scene) -> Found:
    """Which side fires, by what both of them hold."""
    is_over = scene.source.ref in scene.spent
    source = may_fire(scene.source, scene.right) and not is_over
    live = [_is_live(scene, number) for number in range(len(scene.links))]
    if source:
        return "both" if any(live) else "source"
    if all(live) and live:
        return "target"
    if any(live):
        return "part"
    return "over" if is_over else "neither" if scene.wished.live else "paused"


def _is_live(scene: Scene, number: int) -> bool:
    """Whether a target job fires: it is on, nothing holds it back, and there is an instant to come."""
    job, due = scene.targets[scene.links[number].target], scene.due.get(scene.links[number].target, {})
    fields = flatten(job)
    return job.live and job.ref not in scene.spent and all(same(fields.get(path), value) for path, value in due.items())


def is_spent(job: Job, dialect: str, now: datetime) -> bool:
    """Return whether a job will never be due again, paused or not; False where its trigger cannot be read."""
    return not isinstance(job.trigger, Unportable) and not _coming_fires(job, dialect, now)


def _coming_fires(job: Job, dialect: str, now: datetime) -> list[datetime]:
    """The next two instants at which a job is due, or as many as there are."""
    fields = flatten(job)
    cron, at = fields.get("trigger.cron"), fields.get("trigger.at")
    if isinstance(cron, Cron):
        return next_fires(cron, fields["trigger.timezone"], now, 2, dialect=dialect or cron.dialect)
    return [at] if isinstance(at, datetime) and at > now else []
