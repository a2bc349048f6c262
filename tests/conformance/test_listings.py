"""Lists that are long, late, refused, repeated or cut short: nothing is lost, doubled or removed because of them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from migrator.errors import AuthError, MigratorError, ProtocolError, RefusedError, TransientError
from migrator.sandbox import Options
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import PAIRS, Lab, counts, frozen_records
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
    assert number == len(lab.held())
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
    assert number == len(lab.held())


@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_an_empty_source(make_lab: MakeLab, source: str, target: str) -> None:
    """From a source without jobs nothing comes, and nothing happens to what is at the target."""
    lab = make_lab(source, target, on_missing="delete")

    assert {} == await lab.run()
    assert {} == lab.made


@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_records_of_the_target_that_cannot_be_read(make_lab: MakeLab, source: str, target: str) -> None:
    """A record of ours that somebody broke is reported, not made anew; other people's broken ones do not matter."""
    lab = make_lab(source, target, on_deleted="recreate", on_drift="source")
    fill(lab, 2)
    await lab.run()
    for key in (lab.key_of("Job 001"), *list(lab.foreign)[:1]):
        lab.target.edit(key, **lab.target.platform.breaks)
    lab.foreign = frozen_records({key: lab.target.records()[key] for key in lab.foreign})
    lab.source.wish(1, text="More.")

    before = lab.target.records()
    assert {"blocked": 1, "none": 1} == await lab.run()
    assert before == lab.target.records()


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize(("source", "target"), RING)
async def test_one_refusal_for_haste_is_waited_out(make_lab: MakeLab, source: str, target: str, side: str) -> None:
    """A 429 on a list, and another one on a create, cost a moment and nothing else."""
    lab = make_lab(source, target)
    fill(lab, 2)
    list_fault(lab, side, "throttle", retry_after=2.0)
    lab.world.fault("throttle", provider=target, method="POST")

    assert {"create": 2} == await lab.run()
    assert lab.expected(wish(0), wish(1)) == lab.held()


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("status", 401, AuthError),
        ("status", 403, AuthError),
        ("status", 500, TransientError),
        ("reset", None, TransientError),
        ("throttle", None, TransientError),
        ("html", None, ProtocolError),
        ("broken_json", None, ProtocolError),
    ],
)
@pytest.mark.parametrize(
    ("source", "target", "side"),
    [("omni", "devin", "source"), ("scrip", "omni", "source"), ("omni", "devin", "target")],
)
async def test_a_list_that_cannot_be_read_changes_nothing(
    make_lab: MakeLab, source: str, target: str, side: str, kind: str, status: int | None, error: type[MigratorError]
) -> None:
    """A list that is refused, lost or garbled for good ends the run with a fitting error before anything is written."""
    lab = make_lab(source, target, on_missing="delete")
    fill(lab, 2)
    list_fault(lab, side, kind, status=status, times=0)

    with pytest.raises(error) as caught:
        await lab.carry_out()

    provider = getattr(lab, side).platform.name
    assert f"GET {provider} " in str(caught.value)
    assert {} == lab.made
    assert not [entry for entry in lab.world.requests if entry["method"] not in {"GET", "OPTIONS"}]


async def test_a_refused_token_ends_the_writing(make_lab: MakeLab) -> None:
    """When the target refuses the token in the middle, the rest is skipped; with the token back, all is done."""
    lab = make_lab("omni", "devin")
    fill(lab, 100)
    lab.world.fault("status", status=401, provider="devin", method="POST", nth=5, times=0)

    planned, applied = await lab.carry_out()

    counted = applied.summary
    assert (100, 4) == (len(planned.pending), counted["done"])
    assert counted["skipped"] > 0
    assert counted["skipped"] + counted["failed"] == 96
    lab.world.faults.clear()
    assert {"create": 96, "none": 4} == await lab.run()
    assert [f"Job {n:03}" for n in range(100)] == [job.name for job in lab.held()]


async def test_a_full_target_takes_what_it_has_room_for(make_lab: MakeLab) -> None:
    """Omni's quota, a 429 that waiting does not lift, ends the creating; the next run still wants the others."""
    lab = make_lab("devin", "omni", platforms=Options(omni_quota=12))
    fill(lab, 15)

    _planned, applied = await lab.carry_out()

    assert (10, 10) == (applied.summary["done"], len(lab.held()))
    assert {"create": 5, "none": 10} == counts(await lab.plan())
