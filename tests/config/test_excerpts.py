"""The line of the file beside an error: the caret is at the very place, and no secret is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.config.excerpts import excerpt

SECRET = "sk_live_4fQ9"


@pytest.mark.parametrize(
    ("line", "column", "shown", "expected"),
    [
        ('provider = "omny"', 1, "'omny'", ('provider = "omny"', "^^^^^^^^^^^^^^^^^")),
        ('provider = "omny"', 1, "", ('provider = "…"', "^^^^^^^^^^^^^^")),
        ("  two_way = true # a note", 3, "", ("two_way = true", "^^^^^^^^^^^^^^")),
        ("[syncs.nightly]", 8, "", ("[syncs.nightly]", "       ^^^^^^^")),
        ('a = { b = "x", c = 3 }', 16, "3", ('a = { b = "…", c = 3 }', "               ^^^^^")),
        (
            'allow_loss = ["delivery.email", "nope"]',
            33,
            "'nope'",
            ('allow_loss = ["…", "nope"]', "                   ^^^^^^"),
        ),
        ("limits = {", 1, "", ("limits = {", "^^^^^^")),
        ("key = ", 7, "", ("… =", "   ^")),
        ("", 1, "", ("", "^")),
    ],
)
def test_the_caret_is_under_the_place(line: str, column: int, shown: str, expected: tuple[str, str]) -> None:
    """A key is underlined with its value, anything else alone; what the message does not show is an ellipsis."""
    assert tuple(excerpt(line, column, shown=shown).split("\n")) == expected


@pytest.mark.parametrize(
    "line",
    [
        f'token = "{SECRET}"',
        f"token = '{SECRET}'",
        f"token = {SECRET}",
        f'token = "{SECRET}',
        f"token = {SECRET}=",
        f"token = {SECRET}==",
        f"token = x={SECRET}=y",
        f"token = {SECRET}=y",
        f'token = """{SECRET}"""',
        SECRET,
        f"{SECRET}=",
        f'o = {{ provider = "omni", token = "{SECRET}", x = 1 }}',
        f'token = "env:X" # {SECRET}',
        f'"{SECRET}", "x"',
    ],
)
@given(column=st.integers(1, 80))
def test_no_secret_is_shown(line: str, column: int) -> None:
    """Not in a value, nor without its quotes, nor in a comment, wherever the fault is."""
    assert SECRET not in excerpt(line, column)


@given(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"])), st.integers(1, 200))
def test_any_line_has_a_caret(line: str, column: int) -> None:
    """Two lines whatever the text, and the caret is no further right than one behind the end."""
    text, caret = excerpt(line, column).split("\n")

    assert set(caret.lstrip(" ")) == {"^"}
    assert caret.index("^") <= len(text)
