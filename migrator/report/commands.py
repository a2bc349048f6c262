"""Printed commands that work when they are pasted: with the options of the command that prints them."""

from __future__ import annotations

import re
from typing import Final

from rich.text import Text

COMMANDS: Final = (
    *("apply", "audit", "cutover", "dedupe", "doctor", "export", "history", "list", "plan", "retire", "rollback"),
    *("settle", "show", "state export", "state forget", "state import", "state move", "status", "sync", "unlock"),
    "verify",
)
"""The commands that read a config or a state."""

_COMMAND: Final = re.compile(rf"\bmigrator (?:{'|'.join(COMMANDS)})\b(?! (?:-c|--config|--state|--mappings)\b)")


def completed(text: str, options: str) -> str:
    """Return a text whose commands have these options, unless they have options of that kind already."""
    return _COMMAND.sub(lambda found: f"{found[0]} {options}", text) if options else text


def completed_text(text: Text, options: str) -> Text:
    """Return a styled text as `completed` does."""
    for found in reversed(list(_COMMAND.finditer(text.plain)) if options else []):
        end = found.end()
        style = next((span.style for span in text.spans if span.start < end <= span.end), "")
        text = text[:end] + Text(f" {options}", style) + text[end:]
    return text
