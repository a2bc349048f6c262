"""Packed records are the records that were packed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.compressed import CompressedMap

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=3), min_size=1, max_size=3), st.integers(0, 200))
@settings(max_examples=50)
def test_what_goes_in_comes_out(values: list[dict[str, Any]], count: int) -> None:
    """Every record under its key, in their order."""
    records = {str(number): values[number % len(values)] for number in range(count)}
    packed: CompressedMap[str] = CompressedMap()
    for key, value in records.items():
        packed.add(key, value)
    assert list(records.items()) == list(packed.items())
    assert len(records) == len(packed)


def test_many_alike_take_little_room() -> None:
    """A thousand records that differ in little take less than a tenth of their text."""
    packed: CompressedMap[int] = CompressedMap()
    for number in range(1024):
        packed.add(number, {"id": f"job-{number}", "text": "The same for all of them. " * 20})
    assert sum(map(len, packed._pages)) < 1024 * 52
    assert "job-1023" == packed[1023]["id"]


def test_what_is_read_is_a_copy() -> None:
    """Whoever changes what was read, however deep, changes nothing of what is held, also while its page stays open."""
    packed: CompressedMap[int] = CompressedMap()
    for number in range(100):
        packed.add(number, {"in": {"n": [number]}})
    for number in (3, 99):
        packed[number]["in"]["n"].append("more")
        assert {"in": {"n": [number]}} == packed[number]


def test_the_later_one_of_a_key_counts() -> None:
    """A record that comes twice is the later one."""
    packed: CompressedMap[str] = CompressedMap()
    for number in range(100):
        packed.add("a", {"n": number})
    assert ({"n": 99}, 1) == (packed["a"], len(packed))
    with pytest.raises(KeyError):
        packed["b"]
