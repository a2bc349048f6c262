"""A document that is written part by part is the document as a whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.report.screen import document_text
from migrator.report.streaming import Long
from tests.strategies import json_values

MEMBERS = st.dictionaries(st.text("abcé", min_size=1), json_values, max_size=3)


@pytest.mark.parametrize("ascii_only", [False, True])
@given(head=MEMBERS, items=st.lists(json_values, max_size=3), rest=MEMBERS)
def test_parts_are_the_whole(head: dict[str, Any], items: list[Any], rest: dict[str, Any], *, ascii_only: bool) -> None:
    """Its parts make the very text that the whole document is written as."""
    rest = {f"{name}-after": value for name, value in rest.items()}
    document = Long(head=head, name="items", items=lambda: items, rest=lambda: rest)

    assert document_text(document.whole(), ascii_only=ascii_only) == "".join(document.text(ascii_only=ascii_only))
