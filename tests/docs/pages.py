"""The pages of the documentation, taken apart: blocks of code, what is said about each, commands, links and anchors.

A block of commands (`console`) or of Python stands below a comment that says what a test does with it:

    <!-- run: sandbox -->        it is run, in a folder whose migrator.toml leads to simulators full of samples
    <!-- run: sandbox and state --> the same, with the state of an earlier run
    <!-- run: empty -->          it is run, in an empty folder
    <!-- tried by: FILE -->      the test in FILE runs its commands, with what stands for the capitals
    <!-- file: PATH -->          it is a file of the package that test_write_a_provider.py builds
    <!-- shown: why -->          it cannot be run here: its commands and options must exist
    <!-- prints: NAME -->        what the block of that name above prints, among others

A block of `sh` is pasted as a whole: each line is a command. In a block of `console`, a command stands behind `$ `, and
the lines below it are part of what it prints. `# ends with N` behind a command says its exit code; `…` stands for
anything. Blocks of one page with the same name follow each other in the same folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "cassettes" / "README.md",
)
COMMANDS = ("console", "sh", "bash", "shell")

_BLOCK = re.compile(
    r"(?:^<!-- (?P<annotation>[a-z ]+): (?P<of>.+?) -->\n)?^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_INDENTED = re.compile(r"(?:^ {4}\S[^\n]*\n)+", re.MULTILINE)
_CODE = re.compile(r"# ends with (\d+)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@frozen(kw_only=True)
class Command:
    """One command of a block.

    Attributes:
        text: what is typed.
        code: its exit code.
        shown: lines that it prints, among others.
    """

    text: str
    code: int
    shown: tuple[str, ...]


@frozen(kw_only=True)
class Block:
    """A fenced block of code.

    Attributes:
        page: where it stands.
        line: its first line there.
        language: what is behind the fence.
        annotation: "run", "tried by", "file" or "shown"; "" when nothing is said about it.
        of: what stands behind the annotation.
        text: the code.
    """

    page: Path
    line: int
    language: str
    annotation: str
    of: str
    text: str

    @property
    def place(self) -> str:
        """Page and line, for the name of a test."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[Command]:
        """What is typed, a backslash at the end of a line joining it to the next."""
        found: list[Command] = []
        prompt = "$ " if self.language == "console" else ""
        for line in self.text.replace("\\\n", " ").splitlines():
            if line.strip() and line.startswith(prompt):
                code = _CODE.search(line)
                typed = line[len(prompt) : code.start() if code else None].strip()
                found.append(Command(text=typed, code=int(code[1]) if code else 0, shown=()))
            elif found and line.strip():
                last = found.pop()
                found.append(Command(text=last.text, code=last.code, shown=(*last.shown, line)))
        return found


@cache
def text_of(page: Path) -> str:
    """What a page says."""
    return page.read_text("utf-8")


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page."""
    text = text_of(page)
    for found in _BLOCK.finditer(text):
        yield Block(
            page=page,
            line=text[: found.start("text")].count("\n"),
            language=found["language"],
            annotation=found["annotation"] or "",
            of=found["of"] or "",
            text=found["text"],
        )


def every_block() -> list[Block]:
    """Every fenced block of every page."""
    return [block for page in PAGES for block in blocks(page)]


def loose_commands(page: Path) -> Iterator[str]:
    """Commands of ours outside of fenced blocks: in indented lines, and in the midst of a sentence."""
    rest = _FENCED.sub("", text_of(page))
    for block in _INDENTED.findall(rest):
        yield from (line.strip() for line in block.splitlines() if line.strip().startswith("migrator "))
    yield from re.findall(r"`(migrator [^`]+)`", _INDENTED.sub("", rest))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts and the site make them."""
    titles = re.findall(r"^#+ +(.+?) *$", _FENCED.sub("", text_of(page)), re.MULTILINE)
    return {slug(title) for title in titles}


def slug(title: str) -> str:
    """A heading as an anchor."""
    bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", bare).strip().lower())


def links(page: Path) -> list[str]:
    """The targets of a page's links and pictures, those to the web left out."""
    found = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", _FENCED.sub("", _COMMENT.sub("", text_of(page))))
    return [link for pair in found for link in pair if link and not re.match(r"[a-z]+:", link)]
