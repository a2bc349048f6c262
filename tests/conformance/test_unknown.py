"""What a platform sends beyond its documentation: never dropped in silence, never guessed, and told where it fails."""

from __future__ import annotations

from typing import Any, Final

import pytest

from migrator.config import Schedule
from migrator.doctor.connections import check_connection
from migrator.sync import commands
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import counts
from tests.conformance.platforms import wish

WEBHOOK: Final = {"type": "webhook", "url": "https://example.com/hook"}


@pytest.mark.parametrize(
    ("source", "target", "extra", "path"),
    [
        ("omni", "devin", {"condition": {"only_if": "x"}}, "provider_fields.condition"),
        ("devin", "scrip", {"timezone": "Europe/Berlin"}, "provider_fields.timezone"),
        ("scrip", "omni", {"skip_holidays": False}, "provider_fields.skip_holidays"),
        ("omni", "devin", {"destination": WEBHOOK}, "provider_fields.destination"),
        ("omni", "scrip", {"destination": {"recipientEmails": ["a@b.c"]}}, "provider_fields.destination"),
        ("devin", "omni", {"playbook": "playbook-1"}, "provider_fields.playbook"),
        ("json", "devin", {"note": "mine"}, "provider_fields.note"),
    ],
)
async def test_an_unknown_field_is_a_loss_under_its_own_name(
    make_lab: MakeLab, source: str, target: str, extra: dict[str, Any], path: str
) -> None:
    """It refuses the job until it is allowed, by its name or all of them at once; audit and doctor tell of it."""
    known = ["description", "action", "delivery", "run_as", "labels"]
    lab = make_lab(source, target, allow_loss=known)
    lab.source.wish(1)
    lab.source.put({**lab.source.platform.write(1, wish(1)), **extra})
    lab.source.wish(2)

    planned = await lab.plan()
    assert {"blocked": 1, "create": 1} == counts(planned)
    (blocked,) = planned.blocked
    assert path in {loss.path for loss in blocked.losses}
    assert f'"{path}"' in blocked.reason
    connection = "source-file" if source == "json" else source
    found = await commands.audit(lab.runtime, connection, target, Schedule())
    assert path in {lost for lost, _reason in found.losses}
    told = {check.what: check.found for check in await check_connection(lab.runtime, connection)}
    assert f"{path} in 1 job" in told["records"]

    lab.configure(allow_loss=[*known, "provider_fields"])
    assert {"create": 2} == counts(await lab.plan())
    lab.configure(allow_loss=[*known, path])
    assert {"create": 2} == await lab.run()


async def test_a_file_of_jobs_keeps_unknown_fields(make_lab: MakeLab) -> None:
    """Nothing is lost on the way into a file, and what it holds is lost by name on the way out of it."""
    lab = make_lab("omni", "json", allow_loss=[])
    lab.source.put({**lab.source.platform.write(1, wish(1)), "condition": {"only_if": ["x"]}})

    assert {"create": 1} == await lab.run()
    assert [{"condition": {"only_if": ["x"]}}] == [raw["unknown_fields"] for raw in lab.made.values()]
    lab.also("on", "target-file", "devin", allow_loss=["action", "delivery"])
    lab.more["connections.target-file"]["path"] = str(lab.target.file)
    lab.configure()
    (change, *_) = [c for c in (await lab.plan("on")).changes if c.losses and c.name == wish(1).name]
    assert "provider_fields.condition" in {loss.path for loss in change.losses}


@pytest.mark.parametrize(
    ("source", "extra"),
    [
        ("omni", {"systemDisabled": "true"}),
        ("omni", {"systemDisabled": 1}),
        ("omni", {"disabled": "false"}),
        ("omni", {"timezone": 1}),
        ("omni", {"schedule": ["0 9 * * ? *"]}),
        ("devin", {"enabled": "false"}),
        ("devin", {"enabled": 0}),
        ("devin", {"interval_count": "2"}),
        ("devin", {"interval_count": True}),
        ("devin", {"schedule_type": "RECURRING"}),
        ("devin", {"schedule_type": "one_time", "scheduled_at": 1767225600}),
        ("scrip", {"status": True}),
        ("scrip", {"status": None}),
        ("scrip", {"status": "snoozed"}),
        ("scrip", {"trigger_type": 1}),
        ("scrip", {"source": ["rule_action"]}),
        ("scrip", {"timezone": {"name": "UTC"}}),
        ("json", {"enabled": "no"}),
        ("json", {"suspended": True}),
    ],
)
async def test_a_wrong_type_of_what_decides_firing_is_a_problem(
    make_lab: MakeLab, source: str, extra: dict[str, Any]
) -> None:
    """Such a job is blocked with the field and the value; nothing takes it for live, or for paused."""
    lab = make_lab(source, "scrip" if source == "devin" else "devin")
    lab.source.put({**lab.source.platform.write(1, wish(1)), **extra})
    lab.source.wish(2)

    planned = await lab.plan()

    assert {"blocked": 1, "create": 1} == counts(planned)
    assert any(field in planned.blocked[0].reason for field in extra)


@pytest.mark.parametrize(
    ("source", "extra", "reported"),
    [
        (
            "devin",
            {"consecutive_failures": 3, "last_error_at": "2026-11-01T00:00:00Z", "last_error_message": "no credit"},
            "3 failures in a row, at 2026-11-01T00:00:00Z: no credit",
        ),
        ("scrip", {"status": "failed", "execution_error": "no such event"}, "disabled by its platform: no such event"),
        ("scrip", {"status": "failed", "error_message": "bad payload"}, "disabled by its platform: bad payload"),
        ("omni", {"lastRun": {"completedAt": None, "label": "Failed", "state": "ERROR"}}, "its last run: ERROR"),
    ],
)
async def test_failures_that_the_platform_tells_are_shown(
    make_lab: MakeLab, source: str, extra: dict[str, Any], reported: str
) -> None:
    """Plan and audit say of a job that its runs fail, and why it was stopped."""
    lab = make_lab(source, "scrip" if source == "devin" else "devin")
    lab.source.put({**lab.source.platform.write(1, wish(1)), **extra})

    found = await commands.audit(lab.runtime, source, lab.target.platform.name, Schedule())
    assert reported in found.findings[0].trouble
    (change,) = (await lab.plan()).changes
    assert reported.removeprefix("disabled by its platform: ") in change.reason


async def test_a_healthy_job_with_an_old_error_is_not_in_trouble(make_lab: MakeLab) -> None:
    """What failed once and runs again is history."""
    lab = make_lab("devin", "scrip")
    lab.source.put({**lab.source.platform.write(1, wish(1)), "last_error_message": "long ago"})
    found = await commands.audit(lab.runtime, "devin", "scrip", Schedule())
    assert [""] == [finding.trouble for finding in found.findings]
