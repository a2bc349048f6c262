"""Texts that look the same are told apart."""

from __future__ import annotations

import pytest

from migrator.report.text import shorten_both
from migrator.soundness import contrast


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("Cafe\u0301", "Caf\u00e9", ('"Cafe\\u0301"', '"Caf\\u00e9"')),
        ("Report", "Report\n", ('"Report"', '"Report\\u000a"')),
        ("a\u200bb", "ab", ('"a\\u200bb"', '"ab"')),
        ("a\u00a0b", "a b", ('"a\\u00a0b"', '"a\\u0020b"')),
        ("line\r\n2", "line\n2", ('"line\\u000d\\u000a2"', '"line\\u000a2"')),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(one: str, other: str, shown: tuple[str, str]) -> None:
    """Both texts are shown from where they part, with code points in the place of what looks the same."""
    assert shown == shorten_both(one, other) == contrast(one, other)


def test_texts_that_differ_for_everybody_to_see_are_shown_as_they_are() -> None:
    """An accent is an accent where nothing hides."""
    assert ('"Café"', '"Tee"') == shorten_both("Café", "Tee")
