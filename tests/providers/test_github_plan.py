"""What no workflow can hold is blocked by the plan, not by the write."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.errors import UsageError
from migrator.testing.base import FILE
from migrator.testing.lab import Lab
from tests.conformance.files import GitHub
from tests.conformance.lab import started


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"text": "Say ${{ this }}. " * 2000}, "an expression to GitHub, of at most 21,000 characters"),
        ({"text": "\N{GRINNING FACE}" * 40_000}, "of at most 131,000 bytes, and it has 160,000"),
        ({"name": "The ${{ name }}"}, "the name of a workflow cannot hold ${{"),
    ],
)
async def test_what_no_workflow_can_hold_is_blocked(tmp_path: Path, changes: dict[str, str], why: str) -> None:
    """The plan says why, of a new job and of one that became like that; the others move."""
    with (
        started(FILE, tmp_path / "source") as source,
        started(GitHub(), tmp_path / "target") as target,
        Lab(source, target, tmp_path) as lab,
    ):
        lab.source.wish(1, **changes)
        lab.source.wish(2)
        lab.source.wish(3)
        (blocked,) = (await lab.plan()).blocked
        assert why in blocked.reason
        assert await lab.run() == {"create": 2, "blocked": 1}

        lab.source.wish(3, **changes)
        assert [True, True] == [why in change.reason for change in (await lab.plan()).blocked]


async def test_a_template_that_cannot_be_used_is_known_to_the_plan(tmp_path: Path) -> None:
    """Nothing is planned with a template that is not there."""
    with (
        started(FILE, tmp_path / "source") as source,
        started(GitHub(), tmp_path / "target") as target,
        Lab(source, target, tmp_path) as lab,
    ):
        lab.source.wish(1)
        lab.target.given["template"] = str(tmp_path / "none.yml")
        lab.configure()
        with pytest.raises(UsageError, match="the template does not exist"):
            await lab.plan()
