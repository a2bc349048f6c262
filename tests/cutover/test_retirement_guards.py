"""Guards of retiring that other tests would not miss: what is not proved, not gone, or not read stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from migrator.canonical import Prompt
from migrator.config.model import Schedule
from migrator.cron import Once, Recurring, parse
from migrator.cutover.retire import _made_at, _nightly
from migrator.errors import RejectedError
from migrator.store import open_state
from tests.cutover.contexts import context_of, with_other_target
from tests.cutover.retirement import ALPHA, DAY, MOVED, ONE, cut, deleted, omni, opened, refusal, retired
from tests.execute.bench import Bench
from tests.execute.memory import Fault
from tests.plan.builder import NOW, Given, job


def test_a_source_job_that_is_gone_is_said_to_be() -> None:
    """It has a target job."""
    switch = retired(cut(listed=()))
    assert (switch.status, switch.reason) == (
        "there",
        "the target is the active side already, and the source job is gone",
    )


async def test_a_source_job_that_is_gone_without_a_cutover_is_not_retired() -> None:
    """Its owner may have deleted it: its target job goes, too, as on_missing says."""
    assert await deleted(context_of(ONE, listed=()), omni()) == set()


async def test_a_source_job_that_cannot_be_read_is_not_gone() -> None:
    """The look-up finds a record, which is no job that could be understood."""
    source = omni(*ONE.source)
    source.raws[ALPHA.id]["disabled"] = "perhaps"

    assert await deleted(cut(listed=()), source) == set()


def test_a_job_for_an_instant_that_is_ahead_has_to_be_proved() -> None:
    """Somebody has run its target by hand."""
    ahead = Given(source=(attrs.evolve(job("Alpha"), trigger=Once(NOW + DAY)),)).carried_out()
    fired = ahead.with_target(lambda one: attrs.evolve(one, fired_at=NOW))
    other = Once(NOW + 2 * DAY)

    assert retired(cut(fired)).status == "planned"
    differs = with_other_target(cut(fired), lambda one: attrs.evolve(one, trigger=other))
    assert refusal(differs).startswith("it is not verified (differs: ")


def test_nothing_unproved_is_retired_with_or_without_a_deletion() -> None:
    """Neither stopped nor deleted."""
    later = Recurring(parse("0 10 * * 1", "vixie"), "UTC")
    both = context_of(ONE, active_sides=[attrs.evolve(MOVED, parked={}, original={})])
    for delete in (True, False):
        differs = with_other_target(cut(), lambda one: attrs.evolve(one, trigger=later))
        assert refusal(differs, delete=delete).startswith("it is not verified (differs: ")
        assert retired(with_other_target(both, lambda one: attrs.evolve(one, trigger=later)), delete=delete).steps == ()


def test_a_target_that_fired_when_its_side_became_active_has_fired() -> None:
    """In that very second."""
    at = NOW - timedelta(days=5)
    given = ONE.with_target(lambda one: attrs.evolve(one, fired_at=at))
    assert retired(cut(given, attrs.evolve(MOVED, since=at))).status == "planned"


# -- how long a target stays exact ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("window", {"year": "exact until 2028-02-28, by 5 target jobs"}),
        ("single", {"year": "exact until 2028-02-28, by 5 target jobs"}),
        ("year", {}),
    ],
)
@pytest.mark.parametrize("delete", [True, False])
def test_only_modes_that_keep_a_target_exact_for_longer_are_named(
    mode: Any, told: dict[str, str], *, delete: bool
) -> None:
    """Neither the one that it has, nor one that cannot convert it, nor one that lasts no longer."""
    one = Given(source=(job("Alpha", "0 9 L * ? *", "America/New_York"),)).having(schedule=Schedule(mode=mode))
    found = cut(one.carried_out().with_target(lambda one: attrs.evolve(one, fired_at=NOW)))
    (nightly,) = _nightly(found, [retired(found, delete=delete)])

    assert dict(nightly.modes) == told


# -- since when there is a target -------------------------------------------------------------------------------------


async def made_at(bench: Bench) -> Any:
    """Return when the target job of Alpha was made, by the journal of a run."""
    bench.state.end_run("run-000001", {})
    return _made_at(opened(context_of(ONE), bench.state, bench.source), ALPHA)


@pytest.fixture
def bench(tmp_path: Path) -> Callable[[Given], Bench]:
    """Makes a bench."""

    def make(given: Given) -> Bench:
        made: Bench = Bench(open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: made.now), given)
        return made

    return make


async def test_an_update_is_not_the_making_of_a_target(bench: Callable[[Given], Bench]) -> None:
    """When it was made is not known."""
    made = bench(ONE.with_source(lambda one: attrs.evolve(one, action=Prompt(text="Something else."))))
    assert [one[:2] for one in await made.applied()] == [("update", "done")]
    assert await made_at(made) is None


async def test_nor_is_a_create_that_was_refused(bench: Callable[[Given], Bench]) -> None:
    """There is no target job."""
    made = bench(Given(source=(job("Alpha"),)))
    made.target.at[1] = Fault(RejectedError("no"))
    assert [one[:2] for one in await made.applied()] == [("create", "failed")]
    assert await made_at(made) is None


async def test_a_target_of_unknown_age_has_to_fire_first(bench: Callable[[Given], Bench]) -> None:
    """Nothing says since when it could have; that it fired once may be long ago."""
    made = bench(ONE)
    made.begin()
    for given in (ONE, ONE.with_target(lambda one: attrs.evolve(one, fired_at=NOW))):
        told = refusal(opened(context_of(given), made.state, made.source), delete=False)
        assert told == "the target has not fired yet; wait for its next fire"


async def test_a_source_that_a_cutover_would_leave_stays(bench: Callable[[Given], Bench]) -> None:
    """It fires for the last time in a few minutes; the reason is that of the cutover."""
    once = attrs.evolve(job("Alpha"), trigger=Once(NOW + timedelta(minutes=5)))
    given = Given(source=(once,)).carried_out()
    made = bench(given)
    made.begin()

    assert refusal(opened(context_of(given), made.state, made.source)).startswith("it fires for the last time at ")
