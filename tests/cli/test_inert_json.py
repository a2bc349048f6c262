"""JSON that a terminal shows: what moves a cursor, turns the direction or cannot be seen is escaped."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from migrator.sandbox import World
from migrator.soundness import json_text
from tests.cli.bench import Run, routine

ACTING = [chr(code) for code in (*range(0x110000),) if unicodedata.category(chr(code)) in {"Cc", "Cf", "Zl", "Zp"}]
HOSTILE = "a\x1b[31m\x9b31m\u202eb\u2066c\u200bd\ufeffe\u2028f\x00g\u061ch\U000e0041i\x7fj\x85"
INERT = "é ü 日本 🎉 \\ / \" '"
COMMANDS = (
    ["export", "omni"],
    ["plan", "omni-to-devin", "--json"],
    ["audit", "omni", "--to", "devin", "--json"],
    ["sync", "omni-to-devin", "--json"],
    ["state", "export"],
    ["history", "--json"],
    ["verify", "omni-to-devin", "--json"],
)


def test_every_character_that_acts_is_escaped() -> None:
    """All controls, formats and separators of Unicode; nothing else, but what JSON itself escapes."""
    assert [char for char in ACTING if char != "\n" and char in json_text({"a": f"x{char}y"})] == []
    assert json.loads(json_text("".join(ACTING))) == "".join(ACTING)
    assert json_text(INERT).strip() == json.dumps(INERT, ensure_ascii=False)
    assert json.loads(json_text("\ud800 x")) == "\ud800 x"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_documents_are_inert(here: Path, run: Run, world: World, command: list[str]) -> None:
    """Printed or written to a file, a document holds no such character, and says what the platform said."""
    world.load("omni", [routine(f"Hostile {HOSTILE}", prompt=HOSTILE)])
    run("sync", "omni-to-devin")
    printed = run(*command)
    if command[-1] != "--json":
        run(*command, "-o", "out.json")
        assert acting((here / "out.json").read_text("utf-8")) == []

    assert (printed.document["schema"].startswith("migrator/"), acting(printed.out)) == (True, [])


def acting(text: str) -> list[str]:
    """The characters of a text that do something to a terminal."""
    return sorted({char for char in text if char in ACTING and char != "\n"})
