"""Both sides of a sync as read, without HTTP or SQL: what a cutover is planned from.

context_of(Given(source=(job("Alpha"),)).carried_out()).switch(ref("Alpha"), PLANNER, "target")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from migrator.canonical import Job, JobRef
from migrator.config import Sync
from migrator.cutover.context import CutoverContext
from migrator.extract import Extracted, Problem
from migrator.store.records import ActiveSide
from migrator.sync.endpoints import Endpoint
from migrator.sync.session import Session, Snapshot
from tests.plan.builder import SOURCE_SCOPE, TARGET_SCOPE, Given, mapping

UNOPENED: Any = None
"""Stands for what reaches a platform, a state or a config: none of them is asked."""


def session(given: Given) -> Session:
    """Return the session of a sync of which nothing is open."""
    options: dict[str, Any] = {"name": "it", "source": "omni", "target": "devin"} | given.options
    source, target = (Endpoint(name=one, adapter=UNOPENED, mapping=mapping(one)) for one in ("omni", "devin"))
    return Session(runtime=UNOPENED, sync=Sync(**options), state=UNOPENED, source=source, target=target)


def context_of(
    given: Given,
    *,
    listed: Iterable[Job] | None = None,
    active_sides: Iterable[ActiveSide] = (),
    elsewhere: Mapping[JobRef, str] | None = None,
    problems: Iterable[Problem] = (),
) -> CutoverContext:
    """Return what was read, and the plan that follows.

    Args:
        given: the source's jobs as their owners want them, the target's, and the bindings.
        listed: the source's jobs as they are; None for as they are wanted.
        active_sides: what is recorded.
        elsewhere: the source jobs that are active at another target.
        problems: records of the source that cannot be read.
    """
    recorded = {one.source: one for one in active_sides}
    known = given.given(active_sides=recorded)
    now = tuple(given.source if listed is None else listed)
    snapshot = Snapshot(
        plan=known.plan(),
        source=Extracted(jobs=given.source, scopes=(SOURCE_SCOPE,)),
        target=Extracted(jobs=given.target, scopes=(TARGET_SCOPE,)),
        is_short=False,
        bindings=given.bindings,
        listed=Extracted(jobs=now, problems=tuple(problems), scopes=(SOURCE_SCOPE,)),
        active_sides=recorded,
    )
    return CutoverContext(
        session=session(given), snapshot=snapshot, contracts=("put", "patch"), elsewhere=elsewhere or {}
    )


def with_other_target(found: CutoverContext, change: Callable[[Job], Job]) -> CutoverContext:
    """Return the same with target jobs that have changed since the plan was made."""
    target = found.snapshot.target.with_jobs(change)
    return attrs.evolve(found, snapshot=attrs.evolve(found.snapshot, target=target))
