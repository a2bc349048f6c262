"""The documentation is true: what it shows runs, and what it names exists."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from migrator.config import config_schema
from migrator.report.schemas import SCHEMAS
from tests.docs.pages import COMMANDS, PAGES, ROOT, Block, anchors, every_block, links, loose_commands, text_of
from tests.docs.typed import wrong

BLOCKS = every_block()
MARKED = [block for block in BLOCKS if block.language in {*COMMANDS, "python"}]


def named(page: Path) -> str:
    """A page's name for a test."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("block", MARKED, ids=lambda block: block.place)
def test_every_block_says_what_is_done_with_it(block: Block) -> None:
    """Run, tried by a test that names the page, written to a file by a test, or only shown, with the reason."""
    assert block.annotation in {"run", "tried by", "file", "shown"}, f"{block.place} has no comment above it"
    if block.annotation == "tried by":
        assert block.page.name in (ROOT / block.of).read_text("utf-8")


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in COMMANDS], ids=lambda block: block.place)
def test_commands_of_blocks_can_be_typed(block: Block) -> None:
    """Names and options exist, also where a block is not run."""
    typed = [c.text for c in block.commands] if block.commands else block.text.splitlines()

    assert [f"{text}: {wrong(text)}" for text in typed if text.startswith("migrator ") and wrong(text)] == []


@pytest.mark.parametrize("page", PAGES[:-1], ids=named)  # the last one quotes the head of a recording
def test_commands_of_sentences_can_be_typed(page: Path) -> None:
    """What a sentence names in passing exists as well."""
    assert [f"{text}: {wrong(text)}" for text in loose_commands(page) if wrong(text)] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link leads to a file, and every anchor to a heading."""
    lost = []
    for binding in links(page):
        path, _, anchor = binding.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(binding)

    assert lost == []


@pytest.mark.parametrize("page", [p for p in PAGES if ROOT / "docs" in p.parents], ids=named)
def test_pages_link_within_the_docs(page: Path) -> None:
    """The docs are also a site of their own, which holds nothing else."""
    there = [(page.parent / binding.partition("#")[0]).resolve() for binding in links(page)]

    assert [str(path) for path in there if not path.is_relative_to(ROOT / "docs")] == []


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "toml"], ids=lambda block: block.place)
def test_pieces_of_a_config_are_valid(block: Block) -> None:
    """A piece of migrator.toml has only keys and values that there are."""
    data = tomllib.loads(block.text)
    if data.keys() <= {"connections", "syncs", "notify"} and data:
        errors = Draft202012Validator(config_schema()).iter_errors({"connections": {}} | data)
        assert [error.message for error in errors if "is a required property" not in error.message] == []


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "json"], ids=lambda block: block.place)
def test_documents_are_valid(block: Block) -> None:
    """A document that is shown is what its schema says, as far as it is shown."""
    data = json.loads(block.text)
    if name := str(data.get("schema", "")).removeprefix("migrator/").removesuffix("@1"):
        errors = Draft202012Validator(SCHEMAS[name]()).iter_errors(data)
        assert [error.message for error in errors if "is a required property" not in error.message] == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("migrator plan nightly -o plan.json", ""),
        ("migrator -c FILE apply plan.json --yes | tail -3", ""),
        ("migrator plam", "no command plam"),
        ("migrator plan SYNC --jsom", "no option --jsom of plan"),
        ("migrator --cofnig x plan", "no option --cofnig"),
        ("migrator explain '0 9", "No closing quotation"),
    ],
)
def test_what_cannot_be_typed_is_found(command: str, why: str) -> None:
    """The check itself: a wrong name and a wrong option fail."""
    assert wrong(command) == why


def test_the_pages_are_all_there() -> None:
    """The check itself: pages, blocks and links are found."""
    assert len(PAGES) > 6
    assert len(MARKED) > 4
    assert sum(len(links(page)) for page in PAGES) > 3
    assert all("\n# " in f"\n{text_of(page)}" for page in PAGES)
