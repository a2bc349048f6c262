"""Prompts as events: the way there and back is exact, and other people's events are left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.canonical import Event, Job, JobRef, Prompt, flatten, unflatten
from migrator.cron import Once, Recurring, parse
from migrator.mapping import load_mapping
from migrator.prompt_envelope import KEY, restore, wrap
from tests.strategies import converted_fields, json_values, words

OMNI, DEVIN = load_mapping("omni"), load_mapping("devin")
HERE: Final = JobRef(provider="scrip", scope="here", id="a-1")
DAILY: Final = Recurring(cron=parse("0 9 * * *", "robfig"), timezone="UTC")


def carried(fields: dict[str, Any], event_name: str = "agent.prompt") -> Job:
    """The event job that carries a prompt."""
    return unflatten(wrap(fields, event_name), ref=HERE)


@settings(max_examples=30)
@given(fields=st.sampled_from([OMNI, DEVIN]).flatmap(converted_fields), event_name=words)
def test_a_prompt_comes_back_exactly(fields: dict[str, Any], event_name: str) -> None:
    """A prompt with all its settings is restored to the last field, whatever the event is called."""
    job = carried(fields, event_name)

    assert isinstance(job.action, Event)
    assert (event_name, "program") == (job.action.name, job.action.scope)
    assert fields == flatten(restore(job))


@given(payload=st.none() | st.dictionaries(words, json_values, max_size=4))
def test_other_events_stay_events(payload: Any) -> None:
    """An event that does not carry a prompt of ours is returned as it is."""
    job = Job(ref=HERE, name="Theirs", trigger=DAILY, action=Event(name="theirs", payload=payload))

    assert job == restore(job)


@pytest.mark.parametrize(
    "payload",
    [
        {KEY: {"action.text": "Hi."}, "more": 1},
        {KEY: {}},
        {KEY: "action.text"},
        {KEY: {"action.text": "Hi.", "action.mood": "good"}},
        {KEY: {"action.text": "Hi.", "labels": 7}},
        {KEY: {"action.text": "Hi.", "delivery.email": {"recipients": "a@example.com", "cc": []}}},
    ],
)
def test_an_edited_payload_stays_an_event(payload: Any) -> None:
    """What merely looks like ours, because somebody edited it, is not taken apart."""
    job = Job(ref=HERE, name="Edited", trigger=DAILY, action=Event(name="agent.prompt", payload=payload))

    assert job == restore(job)


def test_what_is_the_platforms_own_is_kept() -> None:
    """Restoring changes what a job does, not where it lives or how it stands: ref, stop, history and trigger stay."""
    once = Once(at=datetime(2027, 1, 1, tzinfo=UTC))
    job = attrs.evolve(carried({"name": "A", "action.text": "Hi.", "trigger.at": once.at}), suspended="stopped")

    restored = restore(job)

    assert (HERE, "stopped", once, Prompt(text="Hi.")) == (
        restored.ref,
        restored.suspended,
        restored.trigger,
        restored.action,
    )
