"""Positions of keys in TOML texts: what tomllib sees is found where a person would look."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from migrator.config.positions import KeyPath, locate

NASTY = st.sampled_from(
    ["[not.a.table]", "key = 1", "# none", "]", "}", '"', "'", ",", "=", "\\", "a.b", "\n", "é", " "]
)
TEXTS = st.lists(NASTY | st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=3), max_size=4).map(
    "".join
)
KEYS = st.text("abcXYZ019_-", min_size=1, max_size=4) | TEXTS


def paths_of(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Every key and element below a value, as tomllib gives it."""
    inside = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return {(*path, key) for key, _ in inside}.union(*(paths_of(v, (*path, key)) for key, v in inside))


def basic(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text value in one of TOML's four styles."""
    text = draw(TEXTS)
    styles = [basic(text)]
    if "'" not in text and "\n" not in text:
        styles.append(f"'{text}'")
    if "'''" not in text and not text.endswith("'''"):
        styles.append(f"'''\n{text}'''" if not text.endswith("'") else f"'''{text} '''")
    escaped = text.replace("\\", "\\\\").replace('"""', '""\\"')
    styles.append(f'"""\n{escaped}"""' if not escaped.endswith('"') else f'"""{escaped[:-1]}\\""""')
    return draw(st.sampled_from(styles))


@st.composite
def keys(draw: st.DrawFn, name: str) -> str:
    """A key, bare where it can be, with blanks around it."""
    styles = [basic(name)]
    if name and all(sign in "abcXYZ019_-" for sign in name):
        styles += [name, name]
    if "'" not in name and "\n" not in name:
        styles.append(f"'{name}'")
    return draw(st.sampled_from(styles))


SCALARS = (
    st.integers(-9, 99).map(str)
    | st.booleans().map(lambda value: str(value).lower())
    | st.sampled_from(["1979-05-27 07:32:00Z", "1979-05-27T07:32:00", "07:32:00", "1979-05-27", "inf", "-1.5e3"])
    | texts()
)
GAPS = st.sampled_from([" ", "", "\n", " # ] } , \"'\n", "\n\n  "])
TREES = st.recursive(
    st.none(), lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3), max_leaves=12
)


@st.composite
def values(draw: st.DrawFn, tree: Any) -> str:
    """A tree as an inline value."""
    if isinstance(tree, dict):
        pairs = [f"{draw(keys(k))} = {draw(values(v))}" for k, v in tree.items()]
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(tree, list):
        items = [f"{draw(GAPS)}{draw(values(v))}{draw(GAPS)}" for v in tree]
        comma = "," if items and draw(st.booleans()) else ""
        return f"[{','.join(items)}{comma}{draw(GAPS)}]"
    return draw(SCALARS)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A valid TOML document that uses every way to nest."""
    return "".join(draw(table(draw(st.dictionaries(KEYS, TREES, max_size=4)), [])))


@st.composite
def table(draw: st.DrawFn, tree: dict[str, Any], header: list[str]) -> list[str]:
    """The lines of a table: its pairs, inline or dotted, then what has headers of its own."""
    pairs: list[str] = []
    below: list[str] = []
    for name, value in tree.items():
        key = draw(keys(name))
        indent = draw(st.sampled_from(["", "  ", "\t"]))
        if isinstance(value, dict) and value and draw(st.booleans()):
            if draw(st.booleans()):
                dot = draw(st.sampled_from([".", " . "]))
                pairs += [f"{indent}{key}{dot}{draw(keys(k))} = {draw(values(v))}\n" for k, v in value.items()]
            else:
                path = [*header, key]
                below += [f"{indent}[{' . '.join(path)}] # ]\n", *draw(table(value, path))]
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value) and draw(st.booleans()):
            path = [*header, key]
            for element in value:
                below += [f"[[{'.'.join(path)}]]\n", *draw(table(element, path))]
        else:
            pairs.append(f"{indent}{key}={draw(values(value))}{draw(st.sampled_from(['', ' # x = 1']))}\n")
    return [*pairs, "\n", *below]


@given(documents())
def test_finds_what_tomllib_finds(text: str) -> None:
    """Every key and element that tomllib sees has a position, and nothing else has."""
    assert set(locate(text)) == paths_of(tomllib.loads(text))


@given(documents())
def test_a_position_is_where_the_key_is_written(text: str) -> None:
    """At the position of a key stands that key, bare or in quotes; at that of an element, its value."""
    lines = text.split("\n")
    value = tomllib.loads(text)

    for path, (line, column) in locate(text).items():
        here = lines[line - 1][column - 1 :]
        key = path[-1] if isinstance(path[-1], str) else path[-2]
        found = value
        for step in path:
            found = found[step]  # type: ignore[index]
        assert starts_with_key(here, str(key)) or (isinstance(path[-1], int) and starts_with_value(here, found)), path


def starts_with_key(here: str, key: str) -> bool:
    return here.startswith((key or '""', basic(key), f"'{key}'"))


def starts_with_value(here: str, value: Any) -> bool:
    match value:
        case bool():
            return here.startswith(str(value).lower())
        case dict():
            return here.startswith("{")
        case list():
            return here.startswith("[")
        case str():
            return here.startswith(("'", '"'))
        case int() | float() | date() | datetime() | time():
            return here[:1].isdigit() or here[:1] in "-i"
    return False


def test_a_table_is_found_at_its_own_header() -> None:
    """A table that is first mentioned by the header of an inner one is found where it stands itself."""
    assert locate("[a.b]\n[a]\n") == {("a",): (2, 2), ("a", "b"): (1, 4)}


def test_dates_and_quotes_do_not_confuse() -> None:
    """A date with a blank, quotes at the end of a multi-line text, and headers inside texts are values."""
    text = 'when = [1979-05-27 07:32:00Z, 2]\nlong = """\n[x]\n"quoted"""""\nlast = \'\'\'[y]\'\'\'\n'

    assert locate(text) == {
        ("when",): (1, 1),
        ("when", 0): (1, 9),
        ("when", 1): (1, 31),
        ("long",): (2, 1),
        ("last",): (5, 1),
    }
    assert tomllib.loads("x = 1979-05-27 07:32:00Z")["x"] == datetime(1979, 5, 27, 7, 32, tzinfo=UTC)
