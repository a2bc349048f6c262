"""Text that engines read differently blocks its job until the connection decides."""

from __future__ import annotations

import pytest

from migrator.errors import UsageError
from migrator.sync import commands
from tests.conformance.conftest import MakeLab

CASES = [
    ("omni", "devin", "0 9 ? * 2 *", {"weekday_base": "1=SUN"}, "0 9 * * 1"),
    ("omni", "devin", "0 9 ? * 2 *", {"weekday_base": "0=SUN"}, "0 9 * * 2"),
    ("devin", "scrip", "*/90 * * * *", {"wide_step": "first"}, "0 * * * *"),
    ("devin", "scrip", "0 */24 * * *", {"wide_step": "every"}, "0 * * * *"),
    ("devin", "omni", "0 0 */2 * 1", {"day_rule": "and"}, None),
]


@pytest.mark.parametrize(("source", "target", "text", "cron", "expected"), CASES)
async def test_it_is_blocked_and_then_decided(
    make_lab: MakeLab, source: str, target: str, text: str, cron: dict[str, str], expected: str | None
) -> None:
    """The plan blocks the job with its readings; with the decision it is carried over, and verified."""
    lab = make_lab(source, target)
    lab.source.wish(1)
    lab.source.reschedule(1, text)
    (change,) = [c for c in (await lab.plan()).changes if c.source]
    assert (change.action, change.schedule and change.schedule.flags) == ("blocked", ("ambiguous_source",))
    ((question, answer),) = cron.items()
    assert f'{question} = "{answer}"' in change.reason
    assert "fires a week" in change.reason or "fire a week" in change.reason

    lab.connection[source]["cron"] = cron
    lab.configure(allow_loss=["trigger.cron", "description", "action", "delivery", "run_as", "labels"])
    await lab.run()
    if expected:
        field = lab.target.platform.schedule
        assert expected in {record[field] for record in lab.target.records().values()}
        found = await commands.verify(lab.runtime, lab.state, "it", days=7)
        assert [proof.status for proof in found.proofs] == ["proved"]


async def test_what_decides_nothing_is_an_error(make_lab: MakeLab) -> None:
    """Scrip's engine is known: a setting for it is refused, with the way out."""
    lab = make_lab("scrip", "devin")
    lab.connection["scrip"]["cron"] = {"wide_step": "first"}
    lab.configure()
    with pytest.raises(UsageError, match="reads it in one way"):
        await lab.plan()
