"""What the mapping of LangGraph makes of crons as its server 0.16.7 answers with them."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.canonical import JobRef, Prompt, flatten
from migrator.cron import Recurring
from migrator.errors import RecordError
from migrator.mapping import load_mapping, mapping_dir
from migrator.mapping.ownership import ownership_tag_for
from migrator.providers.registry import PROVIDERS
from tests.strategies import ANSWERS, patched

MAPPING = load_mapping("langgraph", documented=PROVIDERS["langgraph"].documented)
MAPPING_FILE = mapping_dir() / "langgraph.toml"
AGENT = "fe096781-5601-53d2-b2f6-0d3403f7e9ca"
THREAD = "01a22a86-e458-7089-ba28-88bbad37800c"
BODY: dict[str, Any] = {
    "assistant_id": AGENT,
    "schedule": "0 9 * * 1-5",
    "input": {"messages": [{"role": "user", "content": "Say what changed."}]},
}


def cron(**changes: Any) -> dict[str, Any]:
    """A cron after it was made with these fields."""
    return ANSWERS["langgraph"]({**BODY, **changes})


def test_a_cron_without_a_name_is_called_by_its_id() -> None:
    """The rest of a plain cron is a prompt in UTC."""
    job = MAPPING.read(cron(), scope="here")

    assert isinstance(job.trigger, Recurring)
    assert (job.name, job.trigger.timezone) == (job.ref.id, "UTC")
    assert job.action == Prompt(text="Say what changed.", agent=AGENT)
    assert (job.unknown, job.residue, job.live) == ({}, (), True)


@pytest.mark.parametrize("message", [{"type": "human"}, {"role": "human"}, {"role": "user"}])
def test_messages_as_langchain_writes_them(message: dict[str, str]) -> None:
    """A message of the user is written in several ways."""
    job = MAPPING.read(cron(input={"messages": [{**message, "content": "Hi"}]}), scope="here")
    assert job.action == Prompt(text="Hi", agent=AGENT)


@pytest.mark.parametrize(
    "given",
    [
        None,
        {"messages": []},
        {"messages": [{"role": "system", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Ho"}]},
        {"messages": [{"role": "user", "content": "Hi", "name": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
        {"messages": [{"role": "user", "content": "Hi"}], "more": 1},
        {"prompt": "Hi"},
        [],
    ],
)
def test_an_input_that_is_more_or_less_than_a_prompt(given: Any) -> None:
    """What cannot be carried whole is a problem of that cron, which names the field."""
    with pytest.raises(RecordError, match=r"payload\.input"):
        MAPPING.read(cron(input=given), scope="here")


def test_what_no_other_platform_has_is_a_loss() -> None:
    """Each of these fields changes what a run does, or when there is one."""
    raw = cron(
        webhook="https://example.com/done",
        context={"mode": "x"},
        interrupt_before="*",
        thread_id=THREAD,
        multitask_strategy="reject",
        metadata={"owner": "ops", "name": "Weekly"},
    )
    raw |= {"end_time": "2027-01-01T00:00:00+00:00"}
    raw["payload"]["config"] |= {"tags": ["a"], "recursion_limit": 7}
    raw["payload"]["config"]["configurable"]["model"] = "x"
    raw["payload"]["new_setting"] = 1
    job = MAPPING.read(raw, scope="here")

    assert {loss.path for loss in job.residue} == {"trigger.cron", "delivery.notify", "action.agent", "action.thread"}
    (end,) = (loss for loss in job.residue if loss.path == "trigger.cron")
    assert "end_time = " in end.had
    assert end.reason == "it stops firing then; no other platform ends a schedule"
    assert set(job.unknown) == {
        "metadata.owner",
        "payload.config.configurable.model",
        "payload.new_setting",
    }
    assert (job.name, flatten(job)["action.thread"]) == ("Weekly", THREAD)


def test_the_ownership_tag_stands_in_the_metadata_and_outlives_edits() -> None:
    """An update of another key, or a person's edit, leaves it; labels and the description can be emptied."""
    ownership_tag = ownership_tag_for(JobRef(provider="omni", scope="acme", id="a:b c]/1"), 2, 3)
    fields = {**flatten(MAPPING.read(cron(), scope="here")), "description": "Read me.", "labels": ("a", "b")}
    body = MAPPING.create_payload(fields, ownership_tag)
    assert body["metadata"]["migrator"] == f"migrator:omni:{ownership_tag.scope}:a%3Ab%20c%5D%2F1:2/3"

    bare = {path: value for path, value in fields.items() if path not in {"description", "labels"}}
    update = MAPPING.update_payload(bare, {"description", "labels"}, contract="patch", ownership_tag=ownership_tag)
    assert update == {"metadata": {"description": None, "labels": []}}
    job = MAPPING.read(patched("langgraph", ANSWERS["langgraph"](body), update), scope="here")
    assert (job.ownership_tag, flatten(job)) == (ownership_tag, bare)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_schedule_is_written_with_the_switch(enabled: bool) -> None:
    """The server computes the next run when a schedule is written, and fires at once what is overdue when enabled."""
    fields = {**flatten(MAPPING.read(cron(), scope="here")), "enabled": enabled}
    update = MAPPING.update_payload(fields, {"enabled"}, contract="patch")
    assert update == {"enabled": enabled, "schedule": "0 9 * * 1-5"}
    assert MAPPING.update_payload(fields, {"name"}, contract="patch") == {"metadata": {"name": fields["name"]}}


@pytest.mark.parametrize("path", ["action.agent", "action.thread"])
def test_what_a_patch_ignores_takes_a_new_cron(path: str) -> None:
    """The server answers 200 to another assistant, and keeps the old one."""
    old = flatten(MAPPING.read(cron(thread_id=THREAD), scope="here"))
    new = {**old, path: "00000000-0000-4000-8000-000000000000"}
    assert MAPPING.change_kind(path, old, new, "patch") == "replace"
    assert MAPPING.update_payload(new, {path}, contract="patch") == {}


def test_a_mapping_of_your_own_for_another_input(tmp_path: Any) -> None:
    """A graph that takes {"prompt": …} needs one line in a copy of the mapping."""
    theirs = '"action.text" = { read = "payload.input.prompt", create = "input.prompt", update = "input.prompt" }'
    lines = (MAPPING_FILE.read_text("utf-8")).splitlines()
    changed = [theirs if line.startswith('"action.text"') else line for line in lines]
    (tmp_path / "langgraph.toml").write_text("\n".join(changed), "utf-8")
    mapping = load_mapping("langgraph", directory=tmp_path, documented=PROVIDERS["langgraph"].documented)

    job = mapping.read(cron(input={"prompt": "Hi"}), scope="here")
    assert job.action == Prompt(text="Hi", agent=AGENT)
    assert mapping.create_payload(flatten(job))["input"] == {"prompt": "Hi"}
    assert {"payload.input.lang": "fr"} == mapping.read(
        cron(input={"prompt": "Hi", "lang": "fr"}), scope="here"
    ).unknown
