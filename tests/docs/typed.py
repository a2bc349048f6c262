"""Commands as documentation writes them, held against what can be typed."""

from __future__ import annotations

import re
import shlex
from typing import Any, Final

import typer

from migrator.cli.app import app

_ENDS: Final = re.compile(r"\s*(?:\||>|2>|&&|&|;|#|<).*")
"""What a shell reads itself."""

_STANDS_FOR: Final = re.compile(r"…|\.\.\.|\[[^\]]*\]|(?<=\w)\|\S+")
"""What a person fills in or leaves out."""


def parser() -> Any:
    """The command line's parser."""
    return typer.main.get_command(app)


def wrong(command: str) -> str:
    """Why nobody could type that; "" when it can be typed.

    Names and options must exist. Values, in capitals or not, are the reader's, and so are arguments that are left out.
    """
    try:
        words = shlex.split(_STANDS_FOR.sub("", _ENDS.sub("", command)))
    except ValueError as error:
        return f"{error}"
    given, context = words[1:], parser()
    options = _options(context)
    while given and given[0].startswith("-"):
        option, *given = given
        if option.partition("=")[0] not in options:
            return f"no option {option}"
        given = given[0 if options[option.partition("=")[0]] or "=" in option else 1 :]
    if not given:
        return ""
    name, *rest = given
    if name == "COMMAND":
        return ""
    if name not in context.commands:
        return f"no command {name}"
    command = context.commands[name]
    options |= _options(command)
    if rest and rest[0] in getattr(command, "commands", {}):
        options |= _options(command.commands[rest[0]])
    return next((f"no option {o} of {name}" for o in _used(rest) if o not in options), "")


def _options(command: Any) -> dict[str, bool]:
    """Every option of a command, and whether it stands alone."""
    found = {
        name: bool(getattr(p, "is_flag", False)) for p in command.params for name in p.opts if name.startswith("-")
    }
    return found | {"--help": True}


def _used(words: list[str]) -> list[str]:
    return [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
