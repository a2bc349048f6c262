"""A plan in a file: what is applied is what was planned, and every edit shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.canonical import PATHS, JobRef, Loss
from migrator.convert.schedule import ConvertedSchedule
from migrator.errors import StalePlanError
from migrator.mapping import load_mapping
from migrator.plan.changes import ACTIONS, Change, FieldChange, Observed, Plan
from migrator.plan.document import PlanDocument, pack_plan, plan_document, plan_from_json
from tests.strategies import converted_fields, ids, times, words

MAPPINGS: Final = {name: load_mapping(name) for name in ("omni", "devin", "scrip", "json")}

refs = st.builds(JobRef, provider=st.sampled_from(sorted(MAPPINGS)), scope=words, id=ids)
losses = st.builds(Loss, path=st.sampled_from(PATHS), had=words, becomes=st.none() | words, reason=words)
schedules = st.builds(
    ConvertedSchedule,
    verdict=st.sampled_from(["exact", "exact_until", "one_time", "carried", "dead"]),
    pieces=st.lists(st.fixed_dictionaries({"text": words, "dialect": words, "timezone": words}), max_size=2).map(tuple),
    evidence=st.dictionaries(words, st.lists(words, max_size=2) | st.integers(), max_size=3),
    until=st.none() | times,
    flags=st.lists(words, max_size=2).map(tuple),
)


@st.composite
def changes(draw: st.DrawFn, target: str) -> Change:
    """Changes to jobs of a platform."""
    old, new, remote = (draw(converted_fields(MAPPINGS[target])) for _ in range(3))
    paths = draw(st.lists(st.sampled_from(sorted({*old, *new, *remote})), unique=True))
    pieces = draw(st.integers(1, 3))
    return Change(
        action=draw(st.sampled_from(ACTIONS)),
        source=draw(st.none() | refs),
        target=draw(st.none() | refs),
        name=draw(words),
        piece=draw(st.integers(1, pieces)),
        pieces=pieces,
        fields=tuple(
            FieldChange(path=p, old=old.get(p), new=new.get(p), remote=remote.get(p), reason="it changed")
            for p in paths
        ),
        losses=tuple(draw(st.lists(losses, max_size=2))),
        schedule=draw(st.none() | schedules),
        reason=draw(st.just("") | words),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans for a platform."""
    target = draw(st.sampled_from(sorted(MAPPINGS)))
    return Plan(
        sync=draw(words),
        source=draw(words),
        target=draw(words),
        target_provider=target,
        target_scope=draw(words),
        dialect=MAPPINGS[target].rules.dialect,
        contract="patch",
        lineage=draw(ids),
        serial=draw(st.integers(0, 9)),
        created_at=draw(times),
        observed=Observed(source=draw(ids), target=draw(ids)),
        changes=tuple(draw(st.lists(changes(target), max_size=4))),
        refusal=draw(st.just("") | words),
    )


@settings(max_examples=30)
@given(plan=plans())
def test_a_plan_survives_its_file(plan: Plan) -> None:
    """A plan that was written to a file and read again is the same plan."""
    assert plan == plan_from_json(json.dumps(plan_document(plan).to_json()), where="plan.json")


@settings(max_examples=30)
@given(plan=plans(), data=st.data())
def test_every_edit_shows(plan: Plan, data: st.DataObject) -> None:
    """Change, add or remove anything in a saved plan, and it is refused."""
    document = plan_document(plan).to_json()
    path = data.draw(st.sampled_from(list(_places(document))))
    *parents, last = path
    inner: Any = document
    for key in parents:
        inner = inner[key]
    if data.draw(st.booleans()) and isinstance(inner, dict):
        del inner[last]
    else:
        inner[last] = {"edited": inner[last]}

    with pytest.raises(StalePlanError):
        plan_from_json(json.dumps(document), where="plan.json")


def _places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _places(value, (*path, key))


@settings(max_examples=30)
@given(plan=plans())
def test_the_digest_tells_plans_apart(plan: Plan) -> None:
    """Two plans have one digest only if they are the same."""
    assert pack_plan(plan)[1] == pack_plan(attrs.evolve(plan))[1]
    assert pack_plan(plan)[1] != pack_plan(attrs.evolve(plan, serial=plan.serial + 1))[1]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"schema": "migrator/jobs@1"}', f'{{"schema": "{PlanDocument.schema_name()}"}}']
)
def test_other_files_are_no_plans(text: str) -> None:
    """A file that holds something else is refused with a message that names it."""
    with pytest.raises(StalePlanError) as caught:
        plan_from_json(text, where="plan.json")

    assert "plan.json" in str(caught.value)


def test_a_summary_counts_every_action() -> None:
    """The summary has every action, also those that do not occur: scripts need not ask whether they are there."""
    at = datetime(2027, 1, 1, tzinfo=UTC)
    plan = Plan(
        sync="it",
        source="a",
        target="b",
        target_provider="devin",
        target_scope="org",
        dialect="vixie",
        contract="patch",
        lineage="l",
        serial=0,
        created_at=at,
        observed=Observed(source="", target=""),
        changes=tuple(Change(action=action, source=None, name=action) for action in ("create", "create", "none")),
    )

    assert dict.fromkeys(ACTIONS, 0) | {"create": 2, "none": 1} == plan_document(plan).to_json()["summary"]


@given(plans())
@settings(max_examples=30)
def test_a_packed_plan_is_the_plan(plan: Plan) -> None:
    """What the journal keeps of a plan is the whole plan, under the digest of its document."""
    packed, digest = pack_plan(plan)
    assert plan == plan_from_json(packed, where="journal")
    assert digest == plan_document(plan).to_json()["digest"]


def test_half_a_packed_plan_is_none() -> None:
    """A text that was cut is refused like an edited file."""
    with pytest.raises(StalePlanError, match="not JSON"):
        plan_from_json("zlib:eJwDAAAA", where="journal")
