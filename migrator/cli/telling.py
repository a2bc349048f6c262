"""providers, schema, completion and init: what can be known without asking anybody."""

from __future__ import annotations

from typing import Final

from typer.completion import get_completion_script  # type: ignore[attr-defined]  # typer re-exports it

from migrator.cli.options import Settings
from migrator.cli.proposing import SHELLS, VARIABLE
from migrator.cli.work import config_file, open_screen, read_mappings
from migrator.config import starter
from migrator.config.shapes import choose
from migrator.errors import UsageError
from migrator.report.holdings import holdings_document, holdings_lines
from migrator.report.schemas import SCHEMAS
from migrator.report.words import line

_COMPLETION: Final = "migrator/completion@1"
_INIT: Final = "migrator/init@1"


def providers(settings: Settings) -> int:
    """What each provider can hold."""
    screen, rules = open_screen(settings), read_mappings(settings)
    screen.result(holdings_document(rules), holdings_lines(rules, verbose=settings.verbose))
    return 0


def init(settings: Settings) -> int:
    """Write a commented config file."""
    screen, path = open_screen(settings), config_file(settings)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter())
    except FileExistsError as error:
        what, hint = "there is a config file already, and it stays as it is", "name another one with --config"
        raise UsageError(what, where=str(path), hint=hint) from error
    except OSError as error:
        hint = "see that its folder is there and that you may write to it"
        raise UsageError(f"the file cannot be written: {error.strerror}", where=str(path), hint=hint) from error
    said = line(f"{path} is written. Fill in your connections, then look: ", ("migrator plan nightly", "bold"))
    screen.result({"schema": _INIT, "path": str(path)}, [said])
    return 0


def schema(settings: Settings, name: str) -> int:
    """The JSON Schema of a document."""
    screen = open_screen(settings)
    screen.document(SCHEMAS[choose(name, SCHEMAS, "there is no such document")]())
    return 0


def completion(settings: Settings, shell: str) -> int:
    """What makes a shell complete."""
    choose(shell, SHELLS, "there is no completion for this shell")
    script = get_completion_script(prog_name="migrator", complete_var=VARIABLE, shell=shell) + "\n"
    screen = open_screen(settings)
    if settings.json:
        screen.document({"schema": _COMPLETION, "shell": shell, "script": script})
    else:
        screen.text(script)
    return 0
