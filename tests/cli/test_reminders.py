"""What is still to do by hand after a run: told of the connections whose jobs it can have changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.cli.environment import reminders
from migrator.config import load
from migrator.providers.registry import PROVIDERS
from migrator.sync.endpoints import Runtime

CONFIG = """
connections.repo = { provider = "github", path = "repo" }
connections.archive = { provider = "json", path = "jobs.json" }
"""


@pytest.mark.parametrize(
    ("sync", "at_source", "is_told"),
    [
        ('source = "archive"\ntarget = "repo"', False, True),
        ('source = "repo"\ntarget = "archive"', False, False),
        ('source = "repo"\ntarget = "archive"', True, True),
        ('source = "repo"\ntarget = "archive"\ntwo_way = true\non_drift = "target"', False, True),
    ],
)
def test_a_checkout_is_told_of_where_it_can_have_changed(
    tmp_path: Path, sync: str, at_source: bool, is_told: bool
) -> None:
    """A one-way sync changes nothing at its source; retire does."""
    config = tmp_path / "migrator.toml"
    config.write_text(f"{CONFIG}[syncs.nightly]\n{sync}\n")
    runtime = Runtime(config=load(config, providers=PROVIDERS), environ={})
    found = reminders(runtime, "nightly", at_source=at_source)
    assert ["Nothing was committed or pushed" in one.text.plain for one in found] == [True] * is_told
