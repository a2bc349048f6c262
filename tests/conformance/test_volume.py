"""Whole platforms at once: ten thousand jobs."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import MakeLab
from tests.conformance.platforms import wish


@pytest.mark.slow
async def test_ten_thousand_jobs(make_lab: MakeLab) -> None:
    """Ten thousand jobs of a file arrive, each once, with one request for each; doing it again changes nothing."""
    lab = make_lab("json", "devin")
    lab.source.put(*(lab.source.platform.write(n, wish(n)) for n in range(10_000)))

    await lab.carry_out()

    assert 10_000 + 1 == len(lab.world.requests)
    assert [f"Job {n:03}" for n in range(10_000)] == sorted(
        (job.name for job in lab.target_jobs()), key=lambda name: (len(name), name)
    )
    await lab.settled()
