"""The canonical model: one scheduled job of any platform, which every mapping reads into and writes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from attrs import field, frozen

from migrator.cron import Once, Recurring

if TYPE_CHECKING:
    from migrator.canonical.paths import Loss

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
"""An empty object; thousands of jobs share it."""


@frozen(kw_only=True)
class JobRef:
    """Where a job lives.

    Attributes:
        provider: the name of its provider.
        scope: what the connection reaches: an instance, a member, an organisation, a program, a file.
        id: the provider's own key for the job.
    """

    provider: str
    scope: str
    id: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.id}"


@frozen(kw_only=True)
class Unportable:
    """A trigger that only its own platform can evaluate.

    Attributes:
        kind: what it is: "participant_state", "immediate", "interval_count", "unreadable".
        raw: the provider's fields, or the text that could not be parsed.
        reason: why no other platform can hold it.
    """

    kind: str
    raw: Any = None
    reason: str = ""


Trigger = Recurring | Once | Unportable


@frozen(kw_only=True)
class Prompt:
    """An instruction for an AI agent; ids mean something on their own platform only.

    Attributes:
        text: the instruction.
        model: the data model that it works on; not a language model.
        branch: the branch of the data model.
        topic: the topic of the data model.
        agent: which agent or assistant runs it.
        playbook: the playbook that it follows.
        llm: the language model that the agent uses.
        thread: the conversation that each run continues; None where each run begins a new one.
    """

    text: str
    model: str | None = None
    branch: str | None = None
    topic: str | None = None
    agent: str | None = None
    playbook: str | None = None
    llm: str | None = None
    thread: str | None = None


@frozen(kw_only=True)
class Event:
    """An event sent into a rules engine.

    Attributes:
        name: the event's type.
        payload: JSON object merged into the event.
        scope: "program" (once) or "participants" (once for each).
        filter: expression that selects participants.
        guard: expression that must hold when it fires.
        hints: the platform's optimisation hints for `filter`.
    """

    name: str
    payload: Mapping[str, Any] | None = None
    scope: str | None = None
    filter: str | None = None
    guard: str | None = None
    hints: tuple[Any, ...] | None = None


Action = Prompt | Event


def _in_any_order(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(texts, key=lambda text: (text.casefold(), text)))


@frozen(kw_only=True)
class Email:
    """E-mail to addresses and to groups of the platform's own directory; order means nothing."""

    recipients: tuple[str, ...] = field(default=(), converter=_in_any_order)
    groups: tuple[str, ...] = field(default=(), converter=_in_any_order)


@frozen(kw_only=True)
class Slack:
    """A Slack channel or a person, by Slack's ids."""

    team: str | None = None
    channel: str | None = None
    user: str | None = None


Notify = Literal["always", "failure", "never"]


@frozen(kw_only=True)
class Delivery:
    """Where the result goes, and when its owner is told."""

    email: Email | None = None
    slack: Slack | None = None
    notify: Notify | None = None


@frozen(kw_only=True)
class OwnershipTag:
    """Our note on a job that we made: which source job it stands for.

    Attributes:
        provider: the source's provider.
        scope: a short digest of the source's scope.
        id: the source job's id.
        piece: which of `pieces` target jobs this is, from 1.
        pieces: how many target jobs stand for the source job.
    """

    provider: str
    scope: str
    id: str
    piece: int = 1
    pieces: int = 1


@frozen(kw_only=True)
class Job:
    """One scheduled job.

    Attributes:
        ref: where it was read.
        name: visible name.
        description: note that only people read.
        enabled: the owner's wish.
        suspended: why the platform disabled it, None when it did not.
        running: what says that a run of it is in progress, None where its platform says nothing of the kind.
        failing: what its platform tells of runs that fail, None when it tells of none.
        trigger: when it fires.
        action: what it does.
        delivery: where the result goes.
        run_as: the identity that it runs under, as the platform names it.
        labels: the owner's tags.
        provider_fields: everything read that has no canonical home, kept for export.
        residue: what of these changes what the job does, and is lost at every other platform.
        unknown: the provider fields among these that its mapping does not know, by dotted name; the canonical path
            `provider_fields`.
        unanswered: canonical paths that the platform holds and left out of its answer; a default stands there.
        ownership_tag: our note on it, if we made it.
        created_at: aware.
        updated_at: aware.
        fired_at: when it last fired, as its platform says; aware.
        origin: the job that a file of jobs had it from; None for a job that is not in a file, or has no origin.
        next_at: when it fires next, as its platform says; aware.
    """

    ref: JobRef
    name: str
    description: str | None = None
    enabled: bool = True
    suspended: str | None = None
    running: str | None = None
    failing: str | None = None
    trigger: Trigger
    action: Action
    delivery: Delivery = Delivery()
    run_as: str | None = None
    labels: tuple[str, ...] = field(default=(), converter=_in_any_order)
    provider_fields: Mapping[str, Any] = NOTHING
    residue: tuple[Loss, ...] = ()
    unknown: Mapping[str, Any] = NOTHING
    unanswered: frozenset[str] = frozenset()
    ownership_tag: OwnershipTag | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    fired_at: datetime | None = None
    origin: JobRef | None = None
    next_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether it would fire: wanted by its owner and not stopped by the platform."""
        return self.enabled and self.suspended is None

    @property
    def trouble(self) -> str:
        """What its platform tells of a stop or of runs that fail; "" when it tells of none."""
        stopped = f"disabled by its platform: {self.suspended}" if self.suspended else ""
        return "; ".join(filter(None, (stopped, self.failing)))
