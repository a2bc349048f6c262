"""What no line of a crontab can hold is blocked by the plan, not by the write."""

from __future__ import annotations

from pathlib import Path

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
