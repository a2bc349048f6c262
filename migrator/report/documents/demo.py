"""The document of demo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from attrs import frozen

from migrator.audit import Outcome
from migrator.cutover.switches import Status as SwitchStatus
from migrator.execute.outcomes import Status
from migrator.json_document import Document, filled
from migrator.plan.changes import Action
from migrator.report.demo import Story
from migrator.verify import Status as ProofStatus


@frozen(kw_only=True)
class DemoDocument(Document):
    """The demonstration in numbers.

    Attributes:
        before: the names of the jobs, by connection.
        fires: how many fires were due, came exactly once, or were not due.
        again: the second plan.
        after: the names of the target's jobs.
        requests: requests sent, by provider.
    """

    NAME: ClassVar[str] = "demo"
    before: Mapping[str, tuple[str, ...]]
    audit: Mapping[Outcome, int]
    plan: Mapping[Action, int]
    apply: Mapping[Status, int]
    verify: Mapping[Literal[ProofStatus, "not_carried"], int]
    cutover: Mapping[SwitchStatus, int]
    fires: Mapping[Literal["due", "once", "extra"], int]
    again: Mapping[Action, int]
    after: tuple[str, ...]
    requests: Mapping[str, int]


def demo_document(story: Story) -> DemoDocument:
    """Return the demonstration in numbers."""
    return filled(
        DemoDocument,
        story,
        before={name: tuple(jobs) for name, jobs in story.before.items()},
        audit=story.audit.summary,
        plan=story.plan.summary,
        apply=story.applied.summary,
        verify=story.verified.summary,
        cutover=story.cutover.summary,
        fires={"due": story.week.due, "once": story.week.once, "extra": story.week.extra},
        again=story.again.summary,
        after=tuple(story.after),
        requests=story.applied.requests,
    )
