"""Hypothesis strategies for canonical values, and what a platform answers to a create request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import strategies as st

from migrator.canonical import Email, Job, JobRef, Slack, unflatten
from migrator.cron import parse
from migrator.mapping import ProviderMapping

NOW: Final = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda text: text.strip() == text and text != ""
)
ids = st.uuids().map(str)
zones = st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Europe/London", "Asia/Tokyo"])
times = st.datetimes(datetime(2027, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 (bounds are naive by contract)
    lambda at: at.replace(second=0, microsecond=0)
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | words,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
emails = st.lists(
    st.text("abcdefgh", min_size=1, max_size=6).map(lambda name: f"{name}@example.com"),
    min_size=1,
    max_size=4,
    unique=True,
).map(tuple)

_TEXTS: Final = {
    "eventbridge": [
        "0 9 ? * MON *",
        "30 7 1,15 * ? *",
        "5 2 ? * MON-FRI *",
        "0 0 L * ? *",
        "0 12 ? * 2#1 *",
        "0 9 * * ? 2031",
    ],
    "vixie": ["0 9 * * 1-5", "*/30 * * * *", "15 6 1 * *", "0 0 * * SUN", "0 12 1,15 * 1"],
    "debian": ["0 9 * * 1-5", "*/30 * * * *", "15 6 1 * *", "0 0 * * SUN", "0 12 1,15 * 1"],
    "croniter": ["0 9 * * 1-5", "*/20 8-18 * * MON-FRI", "0 0 L * *", "0 12 * * 5#2", "15 9 1 3 * 0 2031"],
    "github": ["0 9 * * 1-5", "*/30 * * * *", "15 6 1 * *", "0 0 * * SUN"],
    "robfig": ["0 9 * * 1", "*/20 8-18 * * MON-FRI", "0 0 1 1 *", "45 23 * * 0"],
}


def _crons(dialect: str) -> st.SearchStrategy[Any]:
    pairs = [(name, text) for name, texts in _TEXTS.items() for text in texts if dialect in {"", name}]
    return st.sampled_from(pairs).map(lambda pair: parse(pair[1], pair[0]))


def converted_fields(mapping: ProviderMapping) -> st.SearchStrategy[dict[str, Any]]:
    """Flat fields of a job that the mapping's platform can hold."""
    rules = mapping.rules
    optional: dict[str, st.SearchStrategy[Any]] = {
        "description": words,
        "action.branch": ids,
        "action.topic": words,
        "action.playbook": ids,
        "action.llm": ids,
        "action.thread": ids,
        "action.filter": words,
        "action.guard": words,
        "action.hints": st.lists(st.dictionaries(words, words, min_size=1, max_size=2), min_size=1, max_size=2).map(
            tuple
        ),
        "action.payload": st.dictionaries(words, json_values, min_size=1, max_size=3),
        "delivery.notify": st.sampled_from(["always", "failure", "never"]),
        "run_as": ids,
        "labels": st.lists(words, min_size=1, max_size=3, unique=True).map(
            lambda items: tuple(sorted(items, key=lambda item: (item.casefold(), item)))
        ),
    }
    agents = rules.fields["action.agent"].one_of[:2] if "action.agent" in rules.fields else ()
    prompt = {"action.text": words} | (
        {"action.model": ids}
        if "action.model" in rules.fields
        else {"action.agent": st.sampled_from(agents) if agents else ids}
    )
    event = {"action.event": words, "action.scope": st.sampled_from(["program", "participants"])}
    groups = st.lists(ids, max_size=2 if "delivery.email.groups" in rules.fields else 0).map(tuple)
    emails_only = st.builds(Email, recipients=emails, groups=groups)
    channels = st.builds(Slack, team=words if "delivery.slack.team" in rules.fields else st.none(), channel=words)
    delivery = [
        st.fixed_dictionaries({path: strategy})
        for path, strategy in (("delivery.email", emails_only), ("delivery.slack", channels))
        if any(rules.fields.get(leaf) for leaf, _rule in mapping.rules.below(path))
    ]
    recurring = {
        "trigger.cron": _crons(rules.dialect),
        "trigger.timezone": st.just(rules.timezone) if rules.timezone else zones,
    }
    triggers = [st.fixed_dictionaries(recurring)]
    if "trigger.at" in rules.fields:
        triggers.append(st.fixed_dictionaries({"trigger.at": times}))
    held = {path: s for path, s in optional.items() if path in rules.fields and _of_kind(path, rules.actions[0])}
    return st.builds(
        lambda *parts: {path: value for part in parts for path, value in part.items()},
        st.fixed_dictionaries({"name": words, "enabled": st.just(value=True)}),
        st.fixed_dictionaries(prompt if rules.actions[0] == "prompt" else event, optional=held),
        st.one_of(delivery) if delivery else st.just({}),
        st.one_of(triggers),
    )


def _of_kind(path: str, action: str) -> bool:
    event_only = {"action.payload", "action.filter", "action.guard", "action.hints"}
    return (path in event_only) == (action == "event") or not path.startswith("action.")


def _omni(body: dict[str, Any]) -> dict[str, Any]:
    destination = body.get("destination", {})
    if destination.get("type") == "email":
        destination = {"recipientEmails": [], "userGroupIds": [], **destination}
    stamps = {"createdAt": "2026-11-01T00:00:00Z", "updatedAt": "2026-11-01T00:00:00Z"}
    return {
        "description": None,
        "branchId": None,
        "topicName": None,
        **body,
        **stamps,
        "destination": destination,
        "disabled": False,
        "systemDisabled": False,
        "systemDisabledReason": None,
        "lastRun": None,
        "recipientCount": 1,
        "id": "r-1",
    }


def _devin(body: dict[str, Any]) -> dict[str, Any]:
    body = dict(body)
    playbook = body.pop("playbook_id", None)
    body.pop("create_as_user_id", None)
    return {
        "frequency": None,
        "agent": "devin",
        "notify_on": "failure",
        **body,
        "playbook": {"playbook_id": playbook, "title": None} if playbook else None,
        "enabled": True,
        "scheduled_session_id": "sched-1",
        "org_id": "org-1",
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
    }


def _scrip(body: dict[str, Any]) -> dict[str, Any]:
    body = dict(body)
    trigger = dict(body.pop("trigger"))
    kind = trigger.pop("type")
    return {**body, **trigger, "trigger_type": kind, "id": "a-1", "status": "active", "source": "api"}


def _crontab(body: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "agent", **body, "id": "line-1"}


def _langgraph(body: dict[str, Any]) -> dict[str, Any]:
    """The whole request comes back as `payload`, and some of it is repeated beside it."""
    cron_id = "01a22a86-e42a-7083-9959-7cfacc811c1e"
    stamps = {"created_at": "2026-11-01T00:00:00+00:00", "updated_at": "2026-11-01T00:00:00+00:00"}
    return {
        "cron_id": cron_id,
        "assistant_id": body["assistant_id"],
        "thread_id": body.get("thread_id"),
        "user_id": "",
        "end_time": None,
        "schedule": body["schedule"],
        "timezone": body.get("timezone"),
        "payload": {**body, "config": {"configurable": {"cron_id": cron_id}}},
        "next_run_date": "2026-11-02T00:00:00+00:00",
        "metadata": body.get("metadata", {}),
        "on_run_completed": None if body.get("thread_id") else "delete",
        "enabled": body.get("enabled", True),
        **stamps,
    }


def _github(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "id": "w.yml"}


def _json(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "id": "j-1"}


ANSWERS: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "omni": _omni,
    "devin": _devin,
    "scrip": _scrip,
    "langgraph": _langgraph,
    "json": _json,
    "crontab": _crontab,
    "github": _github,
}
"""What each platform answers with after it was given a create request, by its documentation."""


def patched(provider: str, raw: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """A record after an update request with this body."""
    if provider != "langgraph":
        return raw | body
    metadata = {**raw["metadata"], **body.get("metadata", {})}
    top = {key: value for key, value in body.items() if key in {"schedule", "timezone", "enabled"}}
    return {**raw, **top, "metadata": metadata, "payload": {**raw["payload"], **body}}


@st.composite
def jobs(draw: st.DrawFn, mapping: ProviderMapping) -> Job:
    """Jobs as they may stand on the mapping's platform, with texts and lists longer than others take."""
    fields = draw(converted_fields(mapping))
    long = {"name": 600, "description": 4000, "action.text": 5000, "action.topic": 300}
    for path in draw(st.sets(st.sampled_from(sorted(long)))) & set(fields):
        fields[path] = (fields[path] * long[path])[: long[path]].strip() or "x"
    if "delivery.email" in fields and draw(st.booleans()):
        many = tuple(f"user{number}@example.com" for number in range(draw(st.integers(90, 130))))
        fields["delivery.email"] = Email(recipients=many)
    return unflatten(
        fields | {"enabled": draw(st.booleans())},
        ref=JobRef(provider=mapping.rules.provider, scope="here", id=draw(ids)),
        suspended=draw(st.none() | st.just("its model is gone")),
    )
