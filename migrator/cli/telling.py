"""providers, schema and completion: commands that need no platform."""

from __future__ import annotations

from typing import Final

from typer.completion import get_completion_script  # type: ignore[attr-defined]  # typer re-exports it

from migrator.cli.options import Settings
from migrator.cli.proposing import SHELLS, VARIABLE
from migrator.cli.work import open_screen, read_mappings
from migrator.config.shapes import choose
from migrator.report.capabilities import holdings_lines
from migrator.report.documents.local import CompletionDocument
from migrator.report.documents.providers import providers_document
from migrator.report.schemas import SCHEMAS
from migrator.soundness import json_text

_END: Final = "    return 0\n"
_NO_FILES: Final = '    [[ "${COMP_WORDS[COMP_CWORD-1]}" == --job ]] && compopt +o default 2>/dev/null\n'
"""Of bash's script: no file is a job, though bash proposes files where nothing else fits."""


def providers(settings: Settings) -> int:
    """Show what each provider supports."""
    screen, rules = open_screen(settings), read_mappings(settings)
    screen.result(providers_document(rules), holdings_lines(rules, verbose=settings.verbose, width=screen.width))
    return 0


def schema(settings: Settings, name: str) -> int:
    """Print the JSON Schema of a document."""
    screen = open_screen(settings)
    screen.text(json_text(SCHEMAS[choose(name, SCHEMAS, "unknown document")]()) + "\n")
    return 0


def completion(settings: Settings, shell: str) -> int:
    """Print the completion script of a shell."""
    choose(shell, SHELLS, "unknown shell")
    script = get_completion_script(prog_name="migrator", complete_var=VARIABLE, shell=shell) + "\n"
    script = script.replace(_END, _NO_FILES + _END)
    screen = open_screen(settings)
    if settings.json:
        screen.document(CompletionDocument(shell=shell, script=script))
    else:
        screen.text(script)
    return 0
