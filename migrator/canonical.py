"""The canonical model: one scheduled job of any platform.

A `Job` is what every mapping reads into and writes from. It is also seen flat, as {canonical path: value} (`flatten`,
`unflatten`): lowering, planning and the link table work on that form, because losses, differences and permissions are
all stated per path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import attrs
from attrs import field, frozen

from migrator.cron import Once, Recurring
from migrator.json_types import Keywords

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
"""An empty object; thousands of jobs share it."""

Fields = Mapping[str, Any]
"""A job seen flat: canonical path to value; a path without a value is absent, never None."""


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
        residue: the provider fields among these whose loss changes what the job does, by canonical path.
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
    residue: Mapping[str, str] = NOTHING
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


PATHS: Final = (
    "name",
    "description",
    "enabled",
    "trigger.cron",
    "trigger.timezone",
    "trigger.at",
    "action.text",
    "action.model",
    "action.branch",
    "action.topic",
    "action.agent",
    "action.playbook",
    "action.llm",
    "action.thread",
    "action.event",
    "action.payload",
    "action.scope",
    "action.filter",
    "action.guard",
    "action.hints",
    "delivery.email",
    "delivery.slack",
    "delivery.notify",
    "run_as",
    "labels",
    "provider_fields",
)
"""Every canonical path, in the order in which people read a job."""

SHARED_PATHS: Final = frozenset(
    path
    for path in PATHS
    if path.partition(".")[0] in {"enabled", "delivery", "run_as"}
    or path in {"trigger.timezone", *(f"action.{a.name}" for a in attrs.fields(Prompt) if a.name != "text")}
)
"""The canonical paths of which thousands of jobs have few different values, which can be told apart by `==`."""

TRIGGER_PATHS: Final = ("trigger.cron", "trigger.timezone", "trigger.at")
PROMPT_PATHS: Final = tuple(p for p in PATHS if p in {f"action.{a.name}" for a in attrs.fields(Prompt)})
EVENT_PATHS: Final = tuple(p for p in PATHS if p.startswith("action.") and p not in PROMPT_PATHS)

PARTS: Final[Mapping[str, type[Email | Slack]]] = {"delivery.email": Email, "delivery.slack": Slack}
"""The canonical paths whose values have parts of their own."""

LEAVES: Final = tuple(
    leaf
    for path in PATHS
    for leaf in ([f"{path}.{a.name}" for a in attrs.fields(PARTS[path])] if path in PARTS else [path])
)
"""Every canonical path, with the parts of values in place of the values."""


CanonicalPath = Annotated[str, Keywords({"enum": [*PATHS]})]
LeafPath = Annotated[str, Keywords({"enum": [*LEAVES]})]
LossPath = Annotated[
    str, Keywords({"anyOf": [{"enum": [*dict.fromkeys([*PATHS, *LEAVES])]}, {"pattern": "^provider_fields\\..+$"}]})
]
"""A canonical path, a part of one, or a field that no mapping knows."""


@frozen(kw_only=True)
class Loss:
    """Data that a job loses at the target.

    Attributes:
        path: the field that is lost or changed.
        had: the value before.
        becomes: the value after, None when nothing is left.
        reason: why the target cannot hold it.
    """

    path: LossPath
    had: Any
    becomes: Any = None
    reason: str


def covers(allowed: str, path: str) -> bool:
    """Whether permission for the path `allowed` extends to `path`: itself and all below it."""
    return path == allowed or path.startswith(allowed + ".")


def flatten(job: Job) -> dict[str, Any]:
    """A job as {canonical path: value}, in the order of `PATHS`; absent values are left out.

    An `Unportable` trigger has no canonical path and so leaves nothing.
    """
    values: dict[str, Any] = {"name": job.name, "description": job.description, "enabled": job.enabled}
    match job.trigger:
        case Recurring(cron=cron, timezone=timezone):
            values |= {"trigger.cron": cron, "trigger.timezone": timezone}
        case Once(at=at):
            values["trigger.at"] = at
    match job.action:
        case Event():
            values |= {f"action.{'event' if n == 'name' else n}": v for n, v in _items(job.action)}
        case Prompt():
            values |= {f"action.{n}": v for n, v in _items(job.action)}
    values |= {f"delivery.{n}": v for n, v in _items(job.delivery)}
    values |= {"run_as": job.run_as, "labels": job.labels, "provider_fields": job.unknown}
    return {path: values[path] for path in PATHS if not is_absent(values.get(path))}


def answered(job: Job, known: Fields) -> dict[str, Any]:
    """A job seen flat; where its platform has left a field out of its answer, with what is known of that field."""
    if not job.unanswered:
        return flatten(job)
    rest = {path: value for path, value in flatten(job).items() if path not in job.unanswered or path not in known}
    told = rest | {path: known[path] for path in job.unanswered if path in known}
    return {path: told[path] for path in PATHS if path in told}


def unflatten(fields: Fields, **rest: Any) -> Job:
    """The job that `fields` describe; `rest` gives what has no path (`ref`, `suspended`, `provider_fields`, …).

    Raises:
        KeyError: a job must have a name, an action and a trigger, and the path named is missing.
    """
    trigger: Trigger = rest.pop("trigger", None) or (
        Once(at=fields["trigger.at"])
        if "trigger.at" in fields
        else Recurring(cron=fields["trigger.cron"], timezone=fields["trigger.timezone"])
    )
    below = {path.removeprefix("action."): value for path, value in fields.items() if path.startswith("action.")}
    action: Action
    if "event" in below:
        action = Event(name=below.pop("event"), **below)
    else:
        action = Prompt(text=below.pop("text", None) or fields["action.text"], **below)
    delivery = {path.removeprefix("delivery."): value for path, value in fields.items() if path.startswith("delivery.")}
    return Job(
        name=fields["name"],
        description=fields.get("description"),
        enabled=fields.get("enabled", True),
        trigger=trigger,
        action=action,
        delivery=_delivery(**delivery),
        run_as=fields.get("run_as"),
        labels=fields.get("labels", ()),
        unknown=fields.get("provider_fields", NOTHING),
        **rest,
    )


@lru_cache(maxsize=1024)
def _delivery(**parts: Any) -> Delivery:
    """A delivery; jobs whose results go to the same place share one."""
    return Delivery(**parts)


_COLLECTIONS: Final = (str, tuple, list, Mapping)


def is_absent(value: Any) -> bool:
    """Whether a value says nothing: None, an empty text or an empty collection."""
    return not value and (value is None or isinstance(value, _COLLECTIONS))


def _items(value: Any) -> list[tuple[str, Any]]:
    return [(a.name, getattr(value, a.name)) for a in attrs.fields(type(value))]
