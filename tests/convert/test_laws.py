"""The laws of lowering: everything is accounted for, the target can hold the result, and once is enough."""

from __future__ import annotations

import json
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.canonical import (
    LEAVES,
    PARTS,
    PATHS,
    TRIGGER_PATHS,
    Email,
    Fields,
    Job,
    JobRef,
    covers,
    flatten,
    is_absent,
    unflatten,
)
from migrator.config.model import Schedule, Sync, Template
from migrator.convert import Converted, convert
from migrator.mapping import ProviderMapping, load_mapping
from migrator.mapping.codecs import thaw
from migrator.plan.compare import same
from migrator.prompt_envelope import restore
from migrator.providers.registry import PROVIDERS
from tests.strategies import ANSWERS, NOW, jobs

pytestmark = pytest.mark.slow

MAPPINGS: Final = {name: load_mapping(name) for name in PROVIDERS}
PAIRS: Final = [(source, target) for source in MAPPINGS for target in MAPPINGS]

SYNC: Final = Sync(
    name="it",
    source="a",
    target="b",
    set={"action.model": "m-1", "delivery.email": Email(recipients=("ops@example.com",)), "action.agent": "devin"},
    template=Template(prompt="Do ${name}: ${event} with ${payload}"),
)


def converted(job: Job, target: ProviderMapping) -> Converted:
    """What becomes of a job with everything that a sync can say."""
    return convert(job, target=target, sync=SYNC, now=NOW)


def at_target(fields: Any, target: ProviderMapping) -> Job:
    """The job that stands at the target when these fields were written."""
    return unflatten(fields, ref=JobRef(provider=target.rules.provider, scope="there", id="t-1"))


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=20)
@given(data=st.data())
def test_lowering_twice_is_lowering_once(source: str, target: str, data: st.DataObject) -> None:
    """What was converted is converted to itself, with nothing more to lose."""
    mapping = MAPPINGS[target]
    for piece in converted(data.draw(jobs(MAPPINGS[source])), mapping).parts:
        again = converted(at_target(piece, mapping), mapping)

        assert (piece,) == again.parts
        assert () == again.losses


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=20)
@given(data=st.data())
def test_everything_is_accounted_for(source: str, target: str, data: st.DataObject) -> None:
    """Every field of the source is carried as it is, said in the event or prompt, or listed as lost with a reason."""
    job, mapping = data.draw(jobs(MAPPINGS[source])), MAPPINGS[target]
    result = converted(job, mapping)

    assert all(loss.reason and loss.path in PATHS for loss in result.losses)
    for piece in result.parts:
        arrived = flatten(restore(at_target(piece, mapping)))
        for path, value in flatten(job).items():
            if path in TRIGGER_PATHS or any(covers(loss.path, path) for loss in result.losses):
                continue
            assert (
                same(value, arrived.get(path)) or _is_said(path, value, arrived) or (path == "enabled" and not job.live)
            ), (path, value)


def _is_said(path: str, value: Any, prompt: Fields) -> bool:
    """Whether an event's value stands in the prompt that it became; a prompt runs once for the whole program."""
    text = value if isinstance(value, str) else json.dumps(thaw(value), indent=2, ensure_ascii=False, sort_keys=True)
    said = path in {"action.event", "action.payload"} and text in prompt["action.text"]
    return said or (path, value) == ("action.scope", "program")


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=20)
@given(data=st.data())
def test_the_target_holds_what_it_is_given(source: str, target: str, data: st.DataObject) -> None:
    """The target's limits are kept, and a platform that answers with what it was sent gives back exactly the piece."""
    mapping = MAPPINGS[target]
    for piece in converted(data.draw(jobs(MAPPINGS[source])), mapping).parts:
        for leaf, rule in mapping.rules.fields.items():
            path = leaf.rpartition(".")[0] if leaf.rpartition(".")[0] in PARTS else leaf
            value: Any = piece.get(path) if path == leaf else getattr(piece.get(path), leaf.rpartition(".")[2], None)
            assert rule.max is None or is_absent(value) or len(value) <= rule.max
        read = mapping.read(ANSWERS[target](mapping.create_payload({**piece, "enabled": True})), scope="there")
        expected = {path: value for path, value in piece.items() if mapping.echo_of(path) != "none"}
        assert {**expected, "enabled": True} == flatten(read)


@pytest.mark.parametrize("target", MAPPINGS)
@settings(max_examples=20)
@given(data=st.data())
def test_a_stopped_job_is_never_made_live(target: str, data: st.DataObject) -> None:
    """A job that its owner paused or its platform stopped is paused wherever it goes, and only such a job is."""
    job = data.draw(jobs(MAPPINGS["json"]))

    assert {job.live} >= {piece.get("enabled", True) for piece in converted(job, MAPPINGS[target]).parts}


@pytest.mark.parametrize("mode", ["window", "year", "single", "exact"])
@pytest.mark.parametrize("target", MAPPINGS)
@settings(max_examples=20)
@given(data=st.data())
def test_there_are_pieces_or_a_reason(target: str, mode: Any, data: st.DataObject) -> None:
    """A job goes in pieces, or there is a sentence that says why it does not; never both, never neither."""
    sync = attrs.evolve(SYNC, schedule=Schedule(mode=mode))
    result = convert(data.draw(jobs(MAPPINGS["json"])), target=MAPPINGS[target], sync=sync, now=NOW)

    assert bool(result.parts) != bool(result.refused or result.needs or result.dead)
    assert set(LEAVES) >= {path for piece in result.parts for path in piece if path not in PARTS}
