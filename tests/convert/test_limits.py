"""What a platform's documentation limits is found when planning, with the field, the value and the remedy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from migrator.canonical import Delivery, Email, Event, Job, JobRef, Prompt, Slack
from migrator.config import Sync
from migrator.convert import Converted, convert
from migrator.cron import Recurring, parse
from migrator.mapping import load_mapping

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MODEL = "5d3a9f60-7c21-4e0b-8f6e-2b1d4c000001"


def converted(target: str, *, options: dict[str, Any] | None = None, refusal: str = "", **job: Any) -> Converted:
    """What a job that fires each morning becomes at a target, which refuses every job where `refusal` is given."""
    plain: dict[str, Any] = {
        "ref": JobRef(provider="json", scope="jobs.json", id="1"),
        "name": "Job",
        "trigger": Recurring(cron=parse("0 9 * * *", "vixie"), timezone="UTC"),
        "action": Prompt(text="Do it."),
    }
    sync = Sync(name="it", source="a", target="b", **(options or {}))
    mapping = evolve(load_mapping(target), refuses=lambda _payload: refusal)
    return convert(Job(**{**plain, **job}), target=mapping, sync=sync, now=NOW)


@pytest.mark.parametrize("agent", ["devin", "data_analyst", "advanced"])
def test_documented_agents_go(agent: str) -> None:
    """Every agent that any published shape lists is written as it is."""
    found = converted("devin", action=Prompt(text="Do it.", agent=agent))
    assert [agent] == [piece["action.agent"] for piece in found.parts]


def test_an_unknown_value_needs_a_lookup() -> None:
    """A value that the platform does not list is refused before anything is sent, with the line that translates it."""
    found = converted("devin", action=Prompt(text="Do it.", agent="foo"))

    assert not found.parts
    (need,) = found.needs
    assert (
        "Devin Schedules takes one of devin, data_analyst, advanced as action.agent, and the job has 'foo'" == need.what
    )
    assert ('[syncs.it.lookup."action.agent"]', '"foo" = "…"') == (need.table, need.line)
    translated = converted(
        "devin", options={"lookup": {"action.agent": {"foo": "devin"}}}, action=Prompt(text="Do it.", agent="foo")
    )
    assert ["devin"] == [piece["action.agent"] for piece in translated.parts]


@pytest.mark.parametrize(("agent", "table"), [("devin", '[syncs.it.lookup."action.agent"]'), (None, "[syncs.it.set]")])
def test_what_the_sync_can_still_say_comes_before_a_refusal(agent: str | None, table: str) -> None:
    """An agent that the target does not know, or that nobody named, is asked of the sync; then the platform refuses."""
    found = converted("crontab", refusal="no line holds it", action=Prompt(text="Do it.", agent=agent))
    assert ((), [table]) == (found.refused, [need.table for need in found.needs])

    said = converted("crontab", refusal="no line holds it", action=Prompt(text="Do it.", agent="claude"))
    assert (("no line holds it",), ()) == (said.refused, said.needs)


def test_a_value_of_the_sync_is_corrected_in_the_sync() -> None:
    """What `set` gives is told with the table that gives it."""
    found = converted("devin", options={"set": {"action.agent": "foo"}})
    assert ["[syncs.it.set]"] == [need.table for need in found.needs]


@pytest.mark.parametrize(
    ("email", "model", "told"),
    [
        (
            Email(recipients=("ops",)),
            MODEL,
            "takes e-mail addresses as delivery.email.recipients, and the job has 'ops'",
        ),
        (Email(groups=("ops",)), MODEL, "takes UUIDs as delivery.email.groups, and the job has 'ops'"),
        (Email(recipients=("ops@example.com",)), "m-1", "takes UUIDs as action.model, and the job has 'm-1'"),
    ],
)
def test_forms_are_checked(email: Email, model: str, told: str) -> None:
    """Addresses and UUIDs are looked at before they are sent."""
    found = converted("omni", action=Prompt(text="Do it.", model=model), delivery=Delivery(email=email))
    assert not found.parts
    assert any(told in text for text in [*found.refused, *(need.what for need in found.needs)])


def test_our_own_tag_counts_among_fifty() -> None:
    """A list keeps a place for the tag that we add to it."""
    found = converted("devin", labels=tuple(f"label-{n:02}" for n in range(50)))
    (loss,) = [loss for loss in found.losses if loss.path == "labels"]
    assert (50, 49) == (len(loss.had), len(loss.becomes))
    assert not [loss for loss in converted("devin", labels=("a",) * 1).losses if loss.path == "labels"]


@pytest.mark.parametrize(("scope", "goes"), [("participants", True), ("program", False)])
def test_a_filter_selects_participants(scope: str, goes: bool) -> None:
    """Scrip takes a participant filter where there are participants."""
    found = converted("scrip", action=Event(name="x", scope=scope, filter="balance > 0"))
    assert goes == bool(found.parts)
    told = "[]" if goes else "takes nothing unless action.scope is participants"
    assert told in f"{[need.what for need in found.needs]}"


def test_one_slack_place_of_two() -> None:
    """Omni posts to a channel or to a person: the second is lost by name."""
    slack = Slack(channel="C1", user="U1")
    found = converted("omni", action=Prompt(text="Do it.", model=MODEL), delivery=Delivery(slack=slack))
    (loss,) = found.losses
    assert ("delivery.slack", Slack(channel="C1")) == (loss.path, loss.becomes)
    assert [Slack(channel="C1")] == [piece["delivery.slack"] for piece in found.parts]


@pytest.mark.parametrize("target", ["omni", "devin", "scrip"])
def test_unknown_fields_are_lost_by_name_and_never_exact(target: str) -> None:
    """A field that no mapping knows is a loss under its own name, and the schedule is flagged."""
    found = converted(target, unknown={"condition": {"only_if": "x"}, "destination.cc": ("y",)})
    assert {"provider_fields.condition", "provider_fields.destination.cc"} <= {loss.path for loss in found.losses}
    assert "unknown_fields" in found.schedule.flags
    assert [] == list(converted("json", unknown={"condition": 1}).losses)
