"""A platform that keeps what it is given in a form of its own: no drift, no write twice, nothing of its own lost."""

from __future__ import annotations

from typing import Any, Final

import pytest

from migrator.sandbox.normalise import ADDED
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import wish

TEXT: Final = "  Cafe\u0301 \u00e0 la carte\r\nsecond line \n\n"
PAIRS: Final = [("omni", "devin"), ("omni", "scrip"), ("devin", "omni"), ("scrip", "omni"), ("scrip", "devin")]


def normalising(make_lab: MakeLab, source: str, target: str, **options: Any) -> Lab:
    lab = make_lab(source, target, **options)
    lab.world.fault(kind="normalise", provider=target, times=0)
    return lab


def writes(lab: Lab) -> list[str]:
    return [entry["method"] for entry in lab.world.requests if entry["method"] not in {"GET", "OPTIONS"}]


@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_what_is_trimmed_composed_and_sorted_is_written_once(make_lab: MakeLab, source: str, target: str) -> None:
    """Jobs are created, then changed, each with one write; the plans after these are empty, and stay so."""
    lab = normalising(make_lab, source, target)
    made = lab.source.platform.write(1, wish(1, name="Cafe\u0301 ", text=TEXT, description=" note\r\n"))
    extras: dict[str, dict[str, Any]] = {
        "omni": {"timezone": "US/Eastern"},
        "devin": {"tags": ["Zeta", "alpha"]},
        "scrip": {},
    }
    extra = extras[source]
    lab.source.put({**made, **extra})

    assert {"create": 1} == await lab.run()
    lab.source.put({**lab.source.platform.write(1, wish(1, name="Cafe\u0301 2 ", text=TEXT + "more \r\n")), **extra})
    assert {"update": 1} == await lab.run()
    night = await lab.night()
    assert (0, []) == (night.exit_code, writes(lab))


async def test_canonical_zones_and_addresses_are_the_same(make_lab: MakeLab) -> None:
    """A zone under another name, and addresses in lower case and another order, are what was written."""
    lab = normalising(make_lab, "json", "omni", set={"action.model": "5d3a9f60-7c21-4e0b-8f6e-2b1d4c000001"})
    raw = lab.source.platform.write(1, wish(1))
    raw["trigger"]["timezone"] = "US/Eastern"
    raw["delivery"] = {"email": {"recipients": ["Zoe@Example.com", "adam@example.com"], "groups": []}}
    lab.source.put(raw)

    assert {"create": 1} == await lab.run()
    assert ["America/New_York"] == [raw["timezone"] for raw in lab.made.values()]


async def test_a_label_of_the_platform_stays(make_lab: MakeLab) -> None:
    """The label that the platform adds is no drift; when our own labels change, it is sent along and so stays."""
    lab = normalising(make_lab, "json", "devin")
    raw = lab.source.platform.write(1, wish(1))
    lab.source.put({**raw, "labels": ["ours"]})
    assert {"create": 1} == await lab.run()

    lab.source.put({**raw, "labels": ["other"]})
    assert {"update": 1} == await lab.run()

    (made,) = lab.made.values()
    assert {ADDED, "other"} == {tag for tag in made["tags"] if not tag.startswith("migrator:")}


async def test_a_new_state_finds_its_jobs_in_the_platforms_form(make_lab: MakeLab) -> None:
    """Jobs that are adopted after the state was lost are what they shall be, in whatever form."""
    lab = normalising(make_lab, "omni", "scrip", adopt="identical")
    lab.source.wish(1, name="Cafe\u0301 ", text=TEXT)
    assert {"create": 1} == await lab.run()
    lab.forget()

    assert {"adopt": 1} == await lab.run()


async def test_what_is_stored_otherwise_is_reported_and_can_be_accepted(make_lab: MakeLab) -> None:
    """Another text is told with what cannot be seen in it, and not written again before somebody decides."""
    lab = make_lab("omni", "devin")
    lab.world.fault(kind="normalise", provider="devin", times=0, drops="\u200b")
    lab.source.wish(1, name="Re\u200bport")

    _plan, applied = await lab.carry_out()
    (outcome,) = applied.outcomes
    assert outcome.status == "failed"
    assert '"Re\\u200b' in outcome.error
    assert 'accept_stored = ["name"] in [syncs.it]' in outcome.error

    lab.world.requests.clear()
    planned, _applied = await lab.carry_out()
    assert {"blocked": 1} == counts(planned)
    assert planned.changes[0].reason.count('"Re\\u200b') == 1
    assert [] == writes(lab)

    lab.configure(accept_stored=["name"])
    assert {"none": 1} == counts(await lab.plan())
    lab.source.wish(1, name="Re\u200bport 2")
    assert {"update": 1} == await lab.run()


@pytest.mark.parametrize("target", ["devin", "scrip"])
async def test_a_create_without_response_is_found_in_the_platforms_form(make_lab: MakeLab, target: str) -> None:
    """The job that was made is taken for what was written, label and all, and is neither made again nor changed."""
    lab = normalising(make_lab, "omni", target)
    lab.world.fault(kind="reset", provider=target, method="POST", after=True)
    lab.source.wish(1, name="Cafe\u0301 ", text=TEXT)

    await lab.carry_out()
    await lab.carry_out()

    assert len(lab.made) == 1
    await lab.settled()


async def test_names_that_the_platform_takes_for_the_same_are_told_apart(make_lab: MakeLab) -> None:
    """Where names are unique, two that differ in composition or in blanks alone get different names, at once."""
    lab = normalising(make_lab, "omni", "scrip")
    lab.source.wish(1, name="Caf\u00e9")
    lab.source.wish(2, name="Cafe\u0301 ")

    assert {"create": 2} == await lab.run()
    assert len({raw["name"] for raw in lab.made.values()}) == 2
