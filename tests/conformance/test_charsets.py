"""JSON is UTF-8 whatever its label says: names arrive right, and nothing is written from bytes that are not UTF-8."""

from __future__ import annotations

import pytest

from migrator.errors import ProtocolError
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab

NAME = "Café für Zoë ☕"


def named(lab: Lab) -> None:
    """Give the source one job whose name no seven bits hold."""
    lab.source.wish(1)
    (raw,) = lab.source.records().values()
    lab.source.put({**raw, "name": NAME})


@pytest.mark.parametrize(("source", "target"), [("omni", "devin"), ("devin", "scrip"), ("scrip", "omni")])
async def test_a_wrong_label_changes_no_name(make_lab: MakeLab, source: str, target: str) -> None:
    """UTF-8 that calls itself ISO-8859-1 is UTF-8, on both sides; the second plan is empty."""
    lab = make_lab(source, target)
    named(lab)
    lab.world.fault("charset", times=0)

    assert {"create": 1} == await lab.run()
    assert [NAME] == [job.name for job in lab.target_jobs()]
    assert not (await lab.plan()).pending


@pytest.mark.parametrize("end", ["source", "target"])
async def test_other_bytes_are_an_error(make_lab: MakeLab, end: str) -> None:
    """A list in ISO-8859-1 is an error of that answer, at either endpoint, and nothing is written."""
    lab = make_lab("omni", "devin")
    named(lab)
    if end == "target":
        await lab.run()
    held = lab.target.records()
    lab.world.fault("latin1", provider={"source": "omni", "target": "devin"}[end], times=0)

    with pytest.raises(ProtocolError, match="UTF-8"):
        await lab.run()
    assert held == lab.target.records()
