"""A crontab as its user reads and writes it, by hand and with `shlex`: nothing here knows how migrator does it.

A record is what a person sees in a block: `id` and `tag` of the note, `name`, `description`, `enabled`, `schedule`,
`prompt`, `mailto`; and `lines`, the block as it stands, for as long as nobody edits it.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

Raw = dict[str, Any]

_NOTE: Final = "# migrator: "
_JOB: Final = re.compile(r"(?P<off>#? ?)(?P<schedule>\S+ \S+ \S+ \S+ \S+) claude -p(?P<rest>.*)")


def load(path: Path) -> dict[str, Raw]:
    """Return the records of a crontab by id; each begins with a note."""
    text = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
    blocks = [_NOTE + block for block in text.split(_NOTE)[1:]]
    return {raw["id"]: raw for raw in (_record(block.strip("\n").split("\n")) for block in blocks)}


def _record(lines: list[str]) -> Raw:
    note = json.loads(lines[0].removeprefix(_NOTE))
    comments = [line[1:].removeprefix(" ") for line in lines[1:] if line.startswith("#") and not _JOB.fullmatch(line)]
    mailto = [line.partition("=")[2] for line in lines if line.startswith("MAILTO=")]
    (job,) = (found for line in lines if (found := _JOB.fullmatch(line)))
    argument, percent, stdin = job["rest"].replace(r"\%", "\0").partition("%")
    words = shlex.split(argument.replace("\0", "%"))
    return {
        "id": note["id"],
        "tag": note.get("tag"),
        "name": note.get("name", comments[0]),
        "description": "\n".join(comments[1:]) or None,
        "enabled": not job["off"].startswith("#"),
        "schedule": job["schedule"],
        "prompt": stdin.replace("%", "\n").replace("\0", "%") if percent else words[0],
        "mailto": mailto[0] if mailto else None,
        "lines": lines,
    }


def save(path: Path, records: Iterable[Raw]) -> None:
    """Write a crontab that holds these records; blocks that nobody edited are the same to the byte."""
    blocks = []
    for raw in records:
        kept = {key: value for key, value in raw.items() if key != "lines"}
        lines = raw.get("lines")
        if lines is None or {key: value for key, value in _record(lines).items() if key != "lines"} != kept:
            lines = _lines(kept)
        blocks.append("\n".join(lines) + "\n")
    path.write_bytes("\n".join(blocks).encode("utf-8", "surrogateescape"))


def _lines(raw: Raw) -> list[str]:
    note = {"id": raw["id"]} | ({"tag": raw["tag"]} if raw.get("tag") else {})
    described = [f"# {line}" for line in raw["description"].split("\n")] if raw.get("description") else []
    mail = [f"MAILTO={raw['mailto']}"] if raw.get("mailto") is not None else []
    prompt = raw["prompt"].replace("%", r"\%")
    command = f"claude -p%{prompt}".replace("\n", "%") if "\n" in prompt else f"claude -p {shlex.quote(prompt)}"
    job = f"{'' if raw['enabled'] else '#'}{raw['schedule']} {command}"
    return [_NOTE + json.dumps(note), f"# {raw['name']}", *described, *mail, job]
