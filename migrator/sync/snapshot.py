"""Both endpoints as listed at one time, with the plan."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from migrator.canonical import JobRef
from migrator.extract import Extracted
from migrator.plan.changes import Plan
from migrator.plan.duplicates import Duplicate
from migrator.store.records import ActiveSide, Binding


@frozen(kw_only=True)
class Snapshot:
    """What was seen, and the plan that follows from it.

    Attributes:
        plan: the plan.
        source: the source's jobs as their owners want them.
        target: the target's jobs.
        is_short: whether the source's listing is suspiciously short.
        listed: the source's jobs as they are, stopped by a cutover or not.
        active_sides: which side may fire, by source job.
        retired: the source jobs that are gone on purpose, and whose kept definition stands in `source`.
        hold: whether new target jobs are to be staged until the cutover.
        duplicates: the target jobs of which there may be one for each source job and part, and are several.
    """

    plan: Plan
    source: Extracted
    target: Extracted
    is_short: bool
    bindings: tuple[Binding, ...] = ()
    listed: Extracted = field(factory=lambda: Extracted(jobs=()))
    active_sides: Mapping[JobRef, ActiveSide] = field(factory=dict)
    retired: frozenset[JobRef] = frozenset()
    hold: bool = False
    duplicates: tuple[Duplicate, ...] = ()
