"""Workflow files as their owner reads and writes them, with PyYAML: nothing here knows how migrator does it.

A record is what a person sees in a file: `id`, `tag`, `name`, `enabled`, `schedule`, `prompt`; and `text`, the file as
it stands, for as long as nobody edits it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

Raw = dict[str, Any]

_TAG: Final = "# managed by migrator: "
_OFF: Final = re.compile(
    r"(?m)^  # --- paused by migrator.*\n((?:  # .*\n)+)(?:  workflow_dispatch:.*\n)?  # --- end of .*\n"
)
_EXPRESSION: Final = "${{ '${{' }}"


def load(root: Path) -> dict[str, Raw]:
    """Return the records of a checkout by the name of their file."""
    files = sorted((root / ".github" / "workflows").glob("*.yml"))
    return {file.name: _record(file.name, file.read_bytes().decode("utf-8", "surrogateescape")) for file in files}


def _record(name: str, text: str) -> Raw:
    off = _OFF.search(text)
    shown = text if off is None else text[: off.start()] + off[1].replace("  # ", "  ") + text[off.end() :]
    said = yaml.load(shown.replace("\udcff", "?"), yaml.BaseLoader)  # noqa: S506 (it builds texts only)
    (due,) = said["on"]["schedule"]
    step = said["jobs"]["agent"]["steps"][-1]
    return {
        "id": name,
        "tag": text.split("\n", maxsplit=1)[0].removeprefix(_TAG) if text.startswith(_TAG) else None,
        "name": said["name"],
        "enabled": off is None,
        "schedule": due["cron"],
        "timezone": due.get("timezone", "UTC"),
        "prompt": step["with"]["prompt"].replace(_EXPRESSION, "${{"),
        "text": text,
    }


def save(root: Path, records: Iterable[Raw]) -> None:
    """Let a checkout hold these records; files that nobody edited stay the same to the byte."""
    folder = root / ".github" / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    kept = {raw["id"]: raw for raw in records}
    for file in folder.glob("*.yml"):
        if file.name not in kept:
            file.unlink()
    for name, raw in kept.items():
        text = raw.get("text")
        if text is None or _record(name, text) != raw:
            text = _text(raw)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))


def _text(raw: Raw) -> str:
    zone = raw.get("timezone", "UTC")
    due = ["schedule:", f"  - cron: {json.dumps(raw['schedule'])}", f"    timezone: {zone}"]
    if not raw["enabled"]:
        due = [
            "# --- paused by migrator; to resume by hand, remove these two lines and uncomment the lines between ---",
            *(f"# {line}" for line in due),
            "# --- end of the paused schedule ---",
        ]
    prompt = json.dumps(raw["prompt"].replace("${{", _EXPRESSION), ensure_ascii=False)
    return "\n".join(
        [
            *([f"{_TAG}{raw['tag']}"] if raw.get("tag") else []),
            f"name: {json.dumps(raw['name'], ensure_ascii=False)}".replace("\\udcff", "\udcff"),
            "on:",
            *(f"  {line}" for line in due),
            "  workflow_dispatch:",
            "jobs:",
            "  agent:",
            "    runs-on: ubuntu-latest",
            "    steps:",
            "      - uses: anthropics/claude-code-action@v1",
            "        with:",
            "          anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}",
            f"          prompt: {prompt}",
            "",
        ]
    )
