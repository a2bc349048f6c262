"""Canonical paths: losses, differences and permissions are all stated for one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import attrs
from attrs import frozen

from migrator.canonical.model import Email, Prompt, Slack
from migrator.json_types import Keywords

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
