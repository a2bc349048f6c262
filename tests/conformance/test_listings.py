"""Lists that are long, late, refused, repeated or cut short: nothing is lost, doubled or removed because of them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from migrator.errors import ProtocolError, RefusedError
from migrator.sandbox import Options
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import wish

RING: Final = [("omni", "devin"), ("devin", "scrip"), ("scrip", "omni")]
"""Every platform once at either end."""

LISTS: Final = {"omni": "*/routines", "devin": "*/schedules", "scrip": "*/automations"}


def fill(lab: Lab, number: int) -> None:
    """Put that many jobs at the source."""
    lab.source.put(*(lab.source.platform.write(n, wish(n)) for n in range(number)))


def pages(lab: Lab) -> int:
    """How many pages both lists have."""
    return sum(-(-len(place.records()) // place.platform.page) for place in (lab.source, lab.target))


def list_fault(lab: Lab, side: str, kind: str, **rule: Any) -> None:
    """Something goes wrong with the lists of one side."""
    provider = getattr(lab, side).platform.name
    lab.world.fault(kind, provider=provider, method="GET", path=LISTS[provider], **rule)


@pytest.mark.parametrize(("source", "target"), RING)
async def test_lists_of_two_pages(make_lab: MakeLab, source: str, target: str) -> None:
    """Jobs of both pages arrive, once each; a page that repeats or is cut short is found out and removes nothing."""
    lab = make_lab(source, target, platforms=Options(omni_quota=1000), on_missing="delete")
    number = lab.source.platform.page + 20
    fill(lab, number)

    assert {"create": number} == await lab.run()
    assert number == len(lab.target_jobs())
    assert pages(lab) == len(lab.world.requests)

    for kind, rule, errors in (
        ("repeated_page", {"nth": 2}, (ProtocolError,)),
        ("truncated_page", {"times": 0}, (ProtocolError, RefusedError)),
    ):
        list_fault(lab, "source", kind, **rule)
        if (
            kind == "truncated_page" and source != "omni"
        ):  # only Omni says surely how many there are: each one is asked for
            planned, _applied = await lab.carry_out()
            assert () == planned.pending
        else:
            with pytest.raises(errors):
                await lab.carry_out()
        lab.world.faults.clear()
    assert number == len(lab.target_jobs())


async def test_a_full_target_takes_what_it_has_room_for(make_lab: MakeLab) -> None:
    """Omni's quota, a 429 that waiting does not lift, ends the creating; the next run still wants the others."""
    lab = make_lab("devin", "omni", platforms=Options(omni_quota=12))
    fill(lab, 15)

    _planned, applied = await lab.carry_out()

    assert (10, 10) == (applied.summary["done"], len(lab.target_jobs()))
    assert {"create": 5, "none": 10} == counts(await lab.plan())
