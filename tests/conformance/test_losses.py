"""What a target cannot hold: refused by default, given up only where the sync says so, and never silently."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.conformance.conftest import MakeLab
from tests.conformance.lab import PAIRS, counts
from tests.conformance.platforms import wish

LOSSES: Final[Mapping[tuple[str, str], tuple[Mapping[str, Any], set[str]]]] = {
    ("omni", "devin"): (
        {"description": "Read me.", "topicName": "orders"},
        {"description", "action.model", "action.topic", "delivery.email"},
    ),
    ("devin", "omni"): (
        {"tags": ["weekly"], "notify_on": "always"},
        {"action.agent", "delivery.notify", "labels"},
    ),
    ("scrip", "omni"): (
        {"participant_filter": "balance > 0", "guard_condition": "open"},
        {"action.filter", "action.guard"},
    ),
    ("scrip", "devin"): ({"description": "Read me.", "guard_condition": "open"}, {"description", "action.guard"}),
    ("devin", "scrip"): ({"bypass_approval": True}, {"action.agent"}),
    ("json", "devin"): ({"description": "Read me."}, {"description"}),
}
"""For each direction: what the source's record also says, and the canonical paths that are lost with it."""


@pytest.mark.parametrize(("source", "target"), LOSSES)
async def test_losses_are_refused_until_they_are_allowed(make_lab: MakeLab, source: str, target: str) -> None:
    """A job that would lose something is refused, with every path and reason; allowed path by path, it goes."""
    extra, paths = LOSSES[source, target]
    lab = make_lab(source, target, allow_loss=[])
    lab.source.put({**lab.source.platform.write(1, wish(1)), **extra})

    planned = await lab.plan()
    assert {"blocked": 1} == counts(planned)
    assert paths == {loss.path for loss in planned.changes[0].losses}
    assert all(f"{loss.path} ({loss.reason})" in planned.changes[0].reason for loss in planned.changes[0].losses)
    assert {"blocked": 1} == await lab.run()
    assert {} == lab.made

    lab.configure(allow_loss=sorted(paths)[1:])
    assert {"blocked": 1} == counts(await lab.plan())
    lab.configure(allow_loss=sorted(paths))
    assert {"create": 1} == await lab.run()
    assert lab.expected(wish(1)) == lab.target_jobs()


@pytest.mark.parametrize(
    ("source", "target", "extra"),
    [
        (
            "omni",
            "scrip",
            {"description": "Read me.", "topicName": "orders", "branchId": "5d3a9f60-7c21-4e0b-8f6e-2b1d4c0000b1"},
        ),
        (
            "devin",
            "scrip",
            {"tags": ["weekly"], "notify_on": "always", "slack_channel_id": "C1", "slack_team_id": "T1"},
        ),
        ("scrip", "json", {"participant_filter": "balance > 0", "guard_condition": "open", "description": "Read me."}),
        ("omni", "json", {"description": "Read me.", "topicName": "orders"}),
        ("devin", "json", {"tags": ["weekly"], "notify_on": "always"}),
    ],
)
async def test_some_targets_hold_everything(
    make_lab: MakeLab, source: str, target: str, extra: Mapping[str, Any]
) -> None:
    """Scrip carries whole prompts in its events, and a file holds anything: nothing is lost or need be allowed."""
    lab = make_lab(source, target, allow_loss=[])
    lab.source.put({**lab.source.platform.write(1, wish(1)), **extra})

    assert {"create": 1} == await lab.run()
    values = json.dumps(list(lab.made.values()))
    assert [] == [
        text
        for value in extra.values()
        for text in ([value] if isinstance(value, str) else value)
        if text not in values
    ]


@pytest.mark.parametrize("target", ["omni", "devin"])
async def test_an_event_needs_a_template_to_become_a_prompt(make_lab: MakeLab, target: str) -> None:
    """Without a template an event is refused, and the reason shows how to write one."""
    lab = make_lab("scrip", target)
    del lab.options["template"]
    lab.configure()
    lab.source.wish(1)

    planned = await lab.plan()

    assert {"blocked": 1} == counts(planned)
    assert "template = { prompt = " in planned.changes[0].reason


async def test_what_the_target_needs_must_come_from_somewhere(make_lab: MakeLab) -> None:
    """A job without a model is refused by Omni; a value in the sync, or a look-up of another id, supplies it."""
    lab = make_lab("devin", "omni", set={"delivery.email": {"recipients": ["ops@example.com"]}})
    lab.source.wish(1)

    planned = await lab.plan()

    assert {"blocked": 1} == counts(planned)
    assert '[syncs.it.lookup."action.model"]' in planned.changes[0].reason


@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_the_platforms_own_stop_arrives_as_a_pause(make_lab: MakeLab, source: str, target: str) -> None:
    """A job that its platform stopped is not made live elsewhere: it arrives paused, or not where nothing can be."""
    stops: dict[str, dict[str, Any]] = {
        "omni": {"systemDisabled": True, "systemDisabledReason": "The model is gone."},
        "scrip": {"status": "failed", "last_error": "no such key"},
        "json": {"suspended": "The model is gone."},
    }
    lab = make_lab(source, target)
    lab.source.put({**lab.source.platform.write(1, wish(1)), **stops.get(source, {"enabled": False})})

    assert {"blocked" if target == "omni" else "create": 1} == await lab.run()
    assert [False] * (target != "omni") == [job.enabled for job in lab.target_jobs()]
