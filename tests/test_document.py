"""Canonical values as JSON: nothing is lost on the way to a file and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.canonical import flatten
from migrator.document import digest, fields_from_json, fields_to_json, job_document
from migrator.json_document import json_of
from migrator.mapping import load_mapping
from migrator.providers.registry import PROVIDERS
from tests.strategies import converted_fields, jobs, json_values

MAPPINGS = {name: load_mapping(name) for name in PROVIDERS}


@pytest.mark.parametrize("name", MAPPINGS)
@settings(max_examples=30)
@given(data=st.data())
def test_fields_survive_json(name: str, data: st.DataObject) -> None:
    """Fields written as JSON text and read again are equal, with schedules in one dialect or in any."""
    fields = data.draw(converted_fields(MAPPINGS[name]))

    for dialect in {MAPPINGS[name].rules.dialect, ""}:
        text = json.dumps(fields_to_json(fields, dialect), ensure_ascii=False)
        assert fields == fields_from_json(json.loads(text), dialect)


@pytest.mark.parametrize("name", MAPPINGS)
@settings(max_examples=30)
@given(data=st.data())
def test_an_exported_job_is_read_back(name: str, data: st.DataObject) -> None:
    """A job that was written into a file of jobs is read from it as it was, its own platform's stop included."""
    job, mapping = data.draw(jobs(MAPPINGS[name])), MAPPINGS["json"]

    read = mapping.read(json.loads(json.dumps(json_of(job_document(job, mapping)))), scope="file")

    assert (flatten(job), job.suspended) == (flatten(read), read.suspended)


@given(content=st.dictionaries(st.text(), json_values, min_size=2), data=st.data())
def test_a_digest_depends_on_content_alone(content: dict[str, Any], data: st.DataObject) -> None:
    """The order of keys does not change a digest, and one more key does."""
    items = data.draw(st.permutations(list(content.items())))

    assert digest(content) == digest(dict(items))
    assert digest(content) != digest({**content, "".join(content) + "+": 1})
