"""An ownership tag is rewritten by one request that changes nothing else, and is read back."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from migrator.errors import MigratorError, RejectedError, UncertainError
from migrator.execute.tag_rewrite import rewrite_tag
from migrator.extract import LATE_WAITS
from migrator.mapping.ownership import ownership_tag_for
from migrator.providers.base import ContractError
from tests.execute.bench import MADE, RUN, Bench
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault
from tests.plan.builder import ref

GIVEN = attrs.evolve(MADE, target=MADE.target[:1], bindings=MADE.bindings[:1])
KEY = GIVEN.target[0].ref.id
OTHER = ref("Another")
TAG = ownership_tag_for(OTHER, 1, 1)


def begun(bench: MakeBench) -> Bench:
    """Return a run that was begun; the platform does not answer with the job."""
    made = bench(GIVEN).begin()
    made.target.answers = False
    return made


async def rewrite(made: Bench) -> None:
    """Let the target job name another source job."""
    (binding,) = GIVEN.bindings
    try:
        await rewrite_tag(made.writer, binding, OTHER, made.writer.listed(binding.target))
    finally:
        await made.writer.journal.flush()


def untagged(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a record without its tags."""
    return {key: value for key, value in raw.items() if key != "tags"}


async def test_a_tag_names_another_source_job_and_nothing_else_changes(bench: MakeBench) -> None:
    """The record as it was before is kept with its binding, for a rollback."""
    made = begun(bench)
    before = dict(made.target.raws[KEY])

    await rewrite(made)
    assert made.target.job(KEY).ownership_tag == TAG
    assert untagged(made.target.raws[KEY]) == untagged(before)
    assert (made.target.did, made.writes(), made.slept) == (["update"], [("update", "done")], [])
    (kept,) = made.state.saved_records(RUN, "vixie")
    assert (kept.record, kept.binding) == (before, GIVEN.bindings[0])


@pytest.mark.parametrize(("error", "state"), [(RejectedError("no"), "failed"), (UncertainError("lost"), "uncertain")])
async def test_what_is_known_of_a_tag_that_was_not_rewritten_is_recorded(
    bench: MakeBench, error: MigratorError, state: str
) -> None:
    """Without an answer, the next run looks."""
    made = begun(bench)
    made.target.at[1] = Fault(error)

    with pytest.raises(type(error)):
        await rewrite(made)
    assert made.writes() == [("update", state)]


async def test_a_tag_that_the_platform_does_not_take_is_told(bench: MakeBench) -> None:
    """After as many looks as a write may take to show."""
    made = begun(bench)
    before = dict(made.target.raws[KEY])

    def keep() -> None:
        made.target.raws[KEY] = before

    made.target.at[1] = Fault(then=keep)

    with pytest.raises(MigratorError, match="did not take the ownership tag"):
        await rewrite(made)
    assert made.writes() == [("update", "failed")]
    assert made.target.reads == len(LATE_WAITS) + 1


async def test_a_tag_may_show_late(bench: MakeBench) -> None:
    """It is looked for again."""
    made = begun(bench)
    before, after = dict(made.target.raws[KEY]), {}

    def hide() -> None:
        after.update(made.target.raws[KEY])
        made.target.raws[KEY] = before

    def show() -> None:
        made.target.raws[KEY] = after

    made.target.at[1] = Fault(then=hide)
    made.meanwhile = show

    await rewrite(made)
    assert (made.writes(), made.slept) == ([("update", "done")], [LATE_WAITS[0]])


async def test_a_tag_is_sent_by_the_contract_that_the_platform_follows(bench: MakeBench) -> None:
    """It turns out to be the other one, and stays in force for what is written next."""
    made = begun(bench)
    rules = made.target.mapping.rules
    contracts = {**rules.contracts, "put": rules.contracts["patch"]}
    made.writer.mapping = attrs.evolve(made.target.mapping, rules=attrs.evolve(rules, contracts=contracts))
    made.target.at[1] = Fault(ContractError(RejectedError("no"), "put"))

    await rewrite(made)
    assert made.target.job(KEY).ownership_tag == TAG
    assert (made.target.did, made.writer.contract) == (["update", "update"], "put")
