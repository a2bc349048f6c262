"""The text of a crontab: its job lines, what is in force at each, and edits that touch one job's lines alone.

A text that is parsed and rendered is the same to the byte. A managed job is a block: a line with our note, the name and
the description as comments, settings that are in force from here on, and the job line, behind a `#` while it is paused:

    # migrator: {"id": "5c0f…", "tag": "migrator:PROVIDER:…"}
    # Weekly report
    MAILTO=ops@example.com
    0 9 * * 1 claude -p 'Say what changed.'
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import evolve, field, frozen

ENCODING: Final = ("utf-8", "surrogateescape")
"""How a crontab is read: bytes that are not UTF-8 come back as they were."""

_NOTE: Final = re.compile(r"#\s?migrator: (\{.*\})\s*")
_SETTING: Final = re.compile(r"""\s*(?:"([^"=]*)"|'([^'=]*)'|([^\s=#"'][^\s=]*))\s*=\s*(.*)""", re.DOTALL)
_FIVE: Final = r"(?:[^\s#@][^\s]*[ \t]+[^\s]+[ \t]+[^\s]+[ \t]+[^\s]+[ \t]+[^\s]+|@[A-Za-z]+)"
_CLEAR: Final = r"(?:[\d*][\d*/,~-]*(?:[ \t]+[\w*/,~-]+){4}|@[a-z]+)"
"""A schedule that cannot be mistaken for prose."""

_HEADER: Final = re.compile(r"#\s*m(in(ute)?)?\s+h(our)?\s.*")
"""The line above the first job of most crontabs, which names the fields."""


@frozen(kw_only=True)
class JobLine:
    """One job line.

    Attributes:
        off: what stands before the job where it is paused: a `#`; "" where it is not.
        schedule: five fields or a macro, as written.
        gap: the blanks after it, with the user where lines name one.
        command: the rest.
        user: who it runs as, "" where lines do not say so.
    """

    off: str
    schedule: str
    gap: str
    command: str
    user: str = ""

    def text(self) -> str:
        """The line."""
        return f"{self.off}{self.schedule}{self.gap}{self.command}"


@frozen(kw_only=True)
class Block:
    """A job with the lines that belong to it.

    Attributes:
        first: index of its first line.
        at: index of its job line.
        line: the job line.
        note: our note on it; empty where we have none.
        name: its name, "" without one.
        description: its description, None without one.
        settings: the variables in force.
    """

    first: int
    at: int
    line: JobLine
    note: Mapping[str, Any] = field(factory=dict)
    name: str = ""
    description: str | None = None
    settings: Mapping[str, str] = field(factory=dict)


Clear = Callable[[str], bool]
"""Whether a command is one that a commented-out line may be taken for a paused job with."""


def parse_line(text: str, *, users: bool, paused: bool = False) -> JobLine | None:
    """Return the job that a line holds, None where it holds none.

    Args:
        text: the line.
        users: whether the sixth field is a user.
        paused: whether it must be a comment that holds a job, beyond doubt.
    """
    off = r"\s*#+\s*" if paused else r"[ \t]*"
    user = r"(?P<user>\S+)[ \t]+" if users else ""
    fields = _CLEAR if paused else _FIVE
    found = re.fullmatch(
        rf"(?P<off>{off})(?P<schedule>{fields})(?P<gap>[ \t]+{user})(?P<command>\S.*)", text, re.DOTALL
    )
    if found is None:
        return None
    parts = found.groupdict()
    return JobLine(user=parts.pop("user", "") or "", **parts)


def blocks(lines: Sequence[str], *, users: bool = False, clear: Clear = lambda _command: False) -> Iterator[Block]:
    """Yield every job, in the order of the lines.

    Args:
        lines: the crontab, split at its line ends.
        users: whether lines name a user.
        clear: tells a paused job from a comment.
    """
    settings: dict[str, str] = {}
    note: dict[str, Any] | None = None
    first, comments = 0, list[str]()
    for at, text in enumerate(lines):
        if (found := _note(text)) is not None:
            note, first, comments = found, at, []
        elif text.lstrip().startswith("#"):
            line = parse_line(text, users=users, paused=True)
            if line and (note is not None or clear(line.command)):
                yield _block(first if note else at, at, line, note, comments, settings)
                note, comments = None, []
            elif line:
                comments = [] if note is None else [*comments, text]
            else:
                first = first if note is not None or comments else at
                comments.append(text)
        elif setting := _setting(text):
            settings[setting[0]] = setting[1]
            comments = comments if note is not None else []
        elif line := parse_line(text, users=users):
            yield _block(first if note else at, at, line, note, comments, settings)
            note, comments = None, []
        else:
            note, comments = None, []


def _block(
    first: int,
    at: int,
    line: JobLine,
    note: Mapping[str, Any] | None,
    comments: Sequence[str],
    settings: Mapping[str, str],
) -> Block:
    if note is None:
        named = bool(comments) and not _HEADER.fullmatch(comments[-1].strip())
        name = _said(comments[-1]).strip() if named else ""
        return Block(first=at - 1 if name else at, at=at, line=line, name=name, settings=dict(settings))
    said = [_said(comment) for comment in comments]
    name, description = (said[0] if said else ""), "\n".join(said[1:]) if said[1:] else None
    if isinstance(kept := note.get("name"), str) and (not said or name == _plain(kept)):
        name = kept
    if isinstance(kept := note.get("description"), str) and description is None:
        description = kept
    in_force = dict(settings)
    return Block(first=first, at=at, line=line, note=note, name=name, description=description, settings=in_force)


def _said(comment: str) -> str:
    """What a comment says, without its sign and one blank."""
    return comment.lstrip()[1:].removeprefix(" ")


def _plain(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def _note(text: str) -> dict[str, Any] | None:
    """Our note, None where the line holds none."""
    found = _NOTE.fullmatch(text)
    try:
        value = json.loads(found[1]) if found else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("id"), str) and value["id"] else None


def _setting(text: str) -> tuple[str, str] | None:
    """The variable that a line sets, None where it sets none."""
    found = _SETTING.fullmatch(text)
    if found is None:
        return None
    name = next(part for part in found.group(1, 2, 3) if part is not None)
    value = found[4]
    if value[:1] in {"'", '"'}:
        end = value.find(value[0], 1)
        if end < 0 or value[end + 1 :].strip():
            return None
        return name, value[1:end].rstrip()  # as Debian's cron does
    return name, value.rstrip()


def job_ids(found: Sequence[Block]) -> tuple[str, ...]:
    """Return the id of each job: that of our note, else one that stands for its name, or for its command.

    A second job with the same id gets a number after it.
    """
    ids: dict[str, None] = {}
    for block in found:
        own = str(block.note.get("id") or _derived(block))
        job_id, number = own, 1
        while job_id in ids:
            number += 1
            job_id = f"{own}-{number}"
        ids[job_id] = None
    return tuple(ids)


def _derived(block: Block) -> str:
    said = f"name {block.name}" if block.name else f"command {block.line.command}"
    return f"line-{hashlib.sha256(said.encode(*ENCODING)).hexdigest()[:16]}"


def header(note: Mapping[str, Any], name: str, description: str | None, *, users: bool) -> list[str]:
    """Return the comments of a managed job: our note, its name and its description.

    What would not be read back as it is stands in the note.
    """
    kept = {key: value for key, value in note.items() if key not in {"name", "description"}}
    comments = [f"# {_plain(name)}"] if _plain(name) else []
    if any(_is_odd(line, users=users) for line in comments):
        comments = []
    if name and (name != _plain(name) or not comments):
        kept["name"] = name
    if description:
        told = [f"# {line}" if line else "#" for line in description.split("\n")]
        if not comments or any(_is_odd(line, users=users) for line in told):
            kept["description"] = description
        else:
            comments += told
    return [f"# migrator: {json.dumps(kept)}", *comments]


def _is_odd(comment: str, *, users: bool) -> bool:
    """Whether a comment would be taken for a paused job, or for our note."""
    return parse_line(comment, users=users, paused=True) is not None or _note(comment) is not None


def spoken(command: str) -> tuple[str, str | None]:
    r"""Return the shell command of a job line, and what it gets on its standard input.

    The first `%` ends the command; every later one is a new line; `\%` is a percent sign in both.
    """
    said: list[str] = []
    escaped = False
    for at, char in enumerate(command):
        if char == "%" and not escaped:
            return "".join(said), _input(command[at + 1 :])
        if char == "%":
            said.pop()
        said.append(char)
        escaped = char == "\\" and not escaped
    return "".join(said), None


def _input(text: str) -> str:
    said: list[str] = []
    for at, char in enumerate(text):
        before = text[at - 1 : at]
        if char == "%" and before == "\\":
            said[-1] = "%"
        else:
            said.append("\n" if char == "%" else char)
    return "".join(said)


def written(command: str, stdin: str | None) -> str | None:
    """Return what a job line must hold for this command and input, None where no line can."""
    text = command.replace("%", r"\%")
    if stdin is not None:
        text += "%" + stdin.replace("%", r"\%").replace("\n", "%")
    return text if "\n" not in text and spoken(text) == (command, stdin) else None


def with_line(lines: Sequence[str], block: Block, **changes: str) -> list[str]:
    """Return the lines with a job line changed."""
    line = evolve(block.line, **changes)
    return [*lines[: block.at], line.text(), *lines[block.at + 1 :]]
