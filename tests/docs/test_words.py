"""The vocabulary of the project: words and phrases that were retired stand in nothing that a person reads."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from migrator.cli.app import app
from tests.docs.pages import PAGES, ROOT

RETIRED: Final = {
    r"as (it|they) shall\b|\bshall\b": "present tense, or must",
    r"\banew\b": "again, or recreate",
    r"\bwhatever\b": "name the cases",
    r"\bfor ever\b": "exact, or permanently",
    r"\bcut-over|\bchange-?over\b|\bhand-?over\b": "cutover",
    r"\bstand-ins?\b|\btwins?\b": "simulator",
    r"\bright to fire\b|\bright has moved\b": "active side",
    r"\b(held|hold|holds|holding) back\b": "staged",
    r"\b(our|carries our|without a|own) marks?\b": "ownership tag",
    r"\bstrays?\b": "orphans",
    r"\bfollows? no clock\b": "not time-based",
    r"\blet in\b": "authenticated",
    r"\bnobody (knows|is here|writes)\b": "unresolved write; not a terminal",
    r"\bnever fires? again\b": "expired",
    r"\bgo as they are\b|\bgo, and lose\b|\blost on the way\b": "migrate unchanged; data loss",
    r"\bcarry (it|them) out\b|\bcarried out with\b": "apply",
    r"\bthere is no such\b|\bthis is no\b": "unknown X; not a X",
    r"\bmakes? (it|them|him) (anew|new)\b": "recreate",
    r"\bunsettled\b": "unresolved",
    r"\bfar away\b|\bmost of a year away\b": "parked",
    r"\bto look at\b|\bto paste\b|\bto read on\b": "HTML, Markdown, JSON",
    r"\bits trigger cannot move\b": "unsupported trigger",
    r"\bitself stopped it\b": "disabled by",
    r"\bwhat came of\b": "result",
    r"[;,·] live: |\blive: (over|both|neither)\b": "active at",
    r"\b(has|have) left (the source|both sides)\b": "removed at source",
    r"\bgoes both ways\b": "two-way",
    r"\b(our|ours) cop(y|ies)\b": "managed copy",
    r"\btak(e|es|en) (it|them) over\b": "adopt",
    r"\bsomebody else edited\b": "drift",
    r"\btime ?zone's\b|\btimezones\b": "time zone",
}
"""By pattern, what to say instead."""

_CODE: Final = re.compile(r"`[^`]+`")
_NAME: Final = re.compile(r"[\w./-]*")


def hits(text: str) -> list[str]:
    """Return each retired phrase that stands in a text, with its line and what to say instead."""
    return [
        f"line {text.count(chr(10), 0, found.start()) + 1}: {found[0]!r}; say {instead}"
        for pattern, instead in RETIRED.items()
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_use_the_words(page: Path) -> None:
    """Prose and printed output alike."""
    assert hits(page.read_text("utf-8")) == []


def helps(command: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each command and all that its help says."""
    context = typer.Context(command, info_name=name)
    yield name, command.get_help(context)
    for below, inner in getattr(command, "commands", {}).items():
        yield from helps(inner, f"{name} {below}")


def test_help_uses_the_words() -> None:
    """Every command, option and argument."""
    found = {name: hits(text) for name, text in helps(typer.main.get_command(app), "migrator")}

    assert {name: lines for name, lines in found.items() if lines} == {}


@cache
def texts(path: Path) -> str:
    """Return the strings, docstrings and comments of a module, without names, each on the line where it begins."""
    source = path.read_text("utf-8")
    lines = [""] * (source.count("\n") + 2)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _NAME.fullmatch(node.value):
            lines[node.lineno] += " " + " ".join(_CODE.sub("", node.value).split())
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0]] += " " + token.string
    return "\n".join(lines[1:])


MODULES: Final = sorted((ROOT / "migrator").rglob("*.py"))
PRINTED: Final = sorted((ROOT / "tests" / "golden").glob("*.txt"))
MAPPINGS: Final = sorted((ROOT / "mappings").glob("*.toml"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_code_uses_the_words(path: Path) -> None:
    """Messages, hints, docstrings and comments."""
    assert hits(texts(path)) == []


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.name)
def test_the_mappings_use_the_words(path: Path) -> None:
    """Their reasons stand in plans and in the pages of the providers."""
    assert hits(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", PRINTED, ids=lambda path: path.name)
def test_the_output_uses_the_words(path: Path) -> None:
    """All that the golden runs print, in good and bad ways."""
    assert hits(path.read_text("utf-8")) == []


def test_a_retired_phrase_is_found() -> None:
    """The check itself: a phrase is found in any case, with its line."""
    assert hits("All good.\nThe target is as it SHALL be.") == ["line 2: 'as it SHALL'; say present tense, or must"]
