"""What Devin's requests may hold: the fields of create and update, their types, and the rules across them.

The types are openapi's, and so is the kind of error (pages: see the package).
"""

from __future__ import annotations

from typing import Any, Final

from migrator.sandbox import wire
from migrator.sandbox.store import Json
from migrator.sandbox.wire import Invalid

ENUMS: Final = {
    "agent": ("devin", "data_analyst", "advanced"),  # the last one in published clients only, for every operation
    "notify_on": ("always", "failure", "never"),
    "schedule_type": ("recurring", "one_time"),
}
DEFAULTS: Final[Json] = {
    "agent": "devin",
    "notify_on": "failure",
    "schedule_type": "recurring",
    "interval_count": 1,
    "bypass_approval": False,
}
CLEARABLE: Final = frozenset(
    {
        "playbook_id",
        "platform",
        "slack_channel_id",
        "slack_team_id",
        "target_devin_id",
        "tags",
        "scheduled_at",
        "run_as_user_id",
    }
)
"""Null empties these (update; provider)."""
_TYPES: Final[dict[str, str]] = {
    "name": "string",
    "prompt": "string",
    "frequency": "string",
    "schedule_type": "string",
    "scheduled_at": "string",
    "agent": "string",
    "notify_on": "string",
    "playbook_id": "string",
    "interval_count": "integer",
    "bypass_approval": "boolean",
    "tags": "list",
    "platform": "string",
    "slack_channel_id": "string",
    "slack_team_id": "string",
    "target_devin_id": "string",
}
CREATE: Final = {**_TYPES, "create_as_user_id": "string"}
"""No `enabled`: what is created is on."""
UPDATE: Final = {**_TYPES, "enabled": "boolean", "run_as_user_id": "string"}


def checked(body: Json, types: dict[str, str]) -> Json:
    """The known properties of a body; unknown ones are ignored.

    Raises:
        Invalid: one has the wrong type.
    """
    given = {name: body[name] for name in types if name in body}
    for name, value in given.items():
        if value is not None and not _is_a(value, types[name]):
            raise Invalid(name, f"Input should be a valid {types[name]}", value, kind=f"{types[name]}_type")
        if value is not None and value not in ENUMS.get(name, (value,)):
            raise Invalid(name, f"Input should be one of {', '.join(ENUMS[name])}", value, kind="enum")
        if name == "scheduled_at" and value is not None and wire.instant(value) is None:
            raise Invalid(name, "Input should be a datetime with a timezone", value, kind="datetime_parsing")
    return given


def required(body: Json, *names: str) -> None:
    """Demand properties.

    Raises:
        Invalid: one is not there.
    """
    for name in names:
        if body.get(name) is None:
            raise Invalid(name, "Field required", body, kind="missing")


def consistent(whole: Json, given: Json) -> None:
    """Rules across fields; `whole` is the schedule as it would be, `given` what the request says (provider).

    Raises:
        Invalid: they contradict each other.
    """
    once = whole["schedule_type"] == "one_time"
    if once and given.get("frequency") is not None:
        raise Invalid("frequency", "frequency is not allowed for one_time schedules", given["frequency"])
    needed = "scheduled_at" if once else "frequency"
    if whole.get(needed) is None:
        raise Invalid(needed, f"{needed} is required for {whole['schedule_type']} schedules")
    if not once and whole.get("target_devin_id") is not None:
        raise Invalid("target_devin_id", "only valid for one_time schedules", whole["target_devin_id"])
    if whole["interval_count"] < 1:
        raise Invalid("interval_count", "Input should be greater than or equal to 1", whole["interval_count"])


def _is_a(value: Any, kind: str) -> bool:
    match kind:
        case "list":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case _:
            return isinstance(value, str)
