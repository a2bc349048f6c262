"""The laws of every mapping: what is written can be read back, and marks do not disturb what they stand beside."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.canonical import JobRef, flatten
from migrator.mapping import ProviderMapping, load_mapping
from migrator.mapping.ownership import ownership_tag_for
from migrator.providers.registry import PROVIDERS
from tests.strategies import ANSWERS, converted_fields, patched

MAPPINGS = {
    name: load_mapping(name, documented=None if name == "json" else info.documented) for name, info in PROVIDERS.items()
}


@pytest.mark.parametrize("name", MAPPINGS)
@settings(max_examples=30)
@given(data=st.data())
def test_read_undoes_write(name: str, data: st.DataObject) -> None:
    """A job that was written and answered by the platform reads as the same job, with or without our mark."""
    mapping = MAPPINGS[name]
    fields = data.draw(converted_fields(mapping))
    ownership_tag = data.draw(
        st.none() | st.just(ownership_tag_for(JobRef(provider="omni", scope="acme", id="a:b c]/1"), 2, 3))
    )

    job = mapping.read(ANSWERS[name](mapping.create_payload(fields, ownership_tag)), scope="here")

    expected = {path: value for path, value in fields.items() if mapping.echo_of(path) != "none"}
    if name == "devin":
        expected = {"delivery.notify": "failure", "action.agent": "devin", **expected}
    assert _sorted(expected) == _sorted(flatten(job))
    assert ownership_tag == job.ownership_tag


@pytest.mark.parametrize("name", MAPPINGS)
@settings(max_examples=30)
@given(data=st.data())
def test_update_of_everything_writes_what_create_writes(name: str, data: st.DataObject) -> None:
    """An update that changes a field in place leaves exactly that field different."""
    mapping = MAPPINGS[name]
    before, after = data.draw(converted_fields(mapping)), data.draw(converted_fields(mapping))
    contract = data.draw(st.sampled_from(sorted(mapping.rules.contracts)))
    path = data.draw(st.sampled_from(["name", "description", "action.text", "action.payload", "delivery.notify"]))
    if path not in before or path not in after or mapping.change_kind(path, before, after, contract) != "update":
        return
    raw = ANSWERS[name](mapping.create_payload(before))
    merged = {**before, path: after[path]}

    raw = patched(name, raw, mapping.update_payload(merged, {path}, contract=contract))

    assert _sorted(merged)[path] == _sorted(flatten(mapping.read(raw, scope="here")))[path]


def _sorted(fields: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(fields.items()))


def test_every_provider_has_a_mapping() -> None:
    """Every provider that can be connected to has a mapping file of its own name."""
    assert {name: name for name in PROVIDERS} == {name: mapping.rules.provider for name, mapping in MAPPINGS.items()}


def test_mappings_are_values() -> None:
    """Loading a mapping twice gives equal mappings: nothing in it depends on when it was read."""
    assert load_mapping("omni") == load_mapping("omni")
    assert isinstance(load_mapping("omni"), ProviderMapping)
