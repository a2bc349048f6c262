"""What no line of a crontab can hold is blocked by the plan, not by the write."""

from __future__ import annotations

from pathlib import Path

from migrator.catalog import entry_of
from migrator.providers.base import Connection
from migrator.providers.registry import PROVIDERS
from migrator.testing.base import FILE
from migrator.testing.lab import Lab
from tests.conformance.files import Crontab
from tests.conformance.lab import started


async def test_a_prompt_that_is_too_long_is_blocked(tmp_path: Path) -> None:
    """The plan says how long the line would be and what to set; with a folder for prompts it is no limit."""
    platform = Crontab()
    with (
        started(FILE, tmp_path / "source") as source,
        started(platform, tmp_path / "target") as target,
        Lab(source, target, tmp_path) as lab,
    ):
        lab.source.wish(1, text="Say it. " * 200)
        lab.source.wish(2)
        (blocked,) = (await lab.plan()).blocked
        assert "and debian cron reads 998; set prompts to a folder for prompt files" in blocked.reason

        (tmp_path / "prompts").mkdir()
        lab.target.given["prompts"] = str(tmp_path / "prompts")
        lab.configure()
        assert await lab.run() == {"create": 2}


def test_more_recipients_than_a_line_can_name() -> None:
    """Debian's cron cuts such a line off without a word, so that the result of a job goes astray."""
    agents = entry_of("crontab").mapping.rules.commands
    connection = Connection(provider="crontab", settings={"daemon": "debian", "timezone": "UTC", "path": "crontab"})
    job = {"name": "Note", "schedule": "0 9 * * *", "prompt": "Say it.", "agent": "claude"}
    refuses = PROVIDERS["crontab"].refuses
    assert refuses is not None
    few, many = ([f"somebody.{number:03}@example.com" for number in range(count)] for count in (30, 60))
    assert refuses(connection, agents, {**job, "mailto": few}) == ""
    told = "MAILTO: its line takes 1,506 bytes, and debian cron reads 998"
    assert told in refuses(connection, agents, {**job, "mailto": many})
