"""The options that every command takes, and how a command gets them.

A command is a function that takes `Settings` first and its own arguments after; `takes_settings` shows the parser the
shared options beside them. Parsing runs nothing: it gives a `Task`, so that every error takes one way out.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import evolve, field, fields, frozen

from migrator.redaction import Secrets

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="The config file. [default: migrator.toml]")
]
StateOption = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="URL",
        help="Bindings and journal: sqlite:///FILE or postgresql://… [default: migrator.db beside the config]",
    ),
]
MappingsOption = Annotated[
    Path | None,
    typer.Option("--mappings", metavar="DIR", help="A folder with mapping files to use instead of the built-in ones."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Print the stack trace of an error.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Print more, and every request.")]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="Print without colours, as NO_COLOR=1 does.")]


@frozen(kw_only=True)
class Settings:
    """The options that every command takes.

    Attributes:
        config: the config file, None for the one in the working directory.
        state: URL of the state, None for a file beside the config.
        mappings: a folder of mapping files, None for our own.
        json: the result is one JSON document.
        debug: errors come with their trace.
        verbose: more is said.
        no_color: nothing is coloured.
        at_end: closed when the command ends.
        secrets: the tokens that were read; nothing that leaves holds one.
    """

    config: Path | None = None
    state: str | None = None
    mappings: Path | None = None
    json: bool = False
    debug: bool = False
    verbose: bool = False
    no_color: bool = False
    at_end: ExitStack = field(factory=ExitStack, eq=False, repr=False)
    secrets: Secrets = field(factory=Secrets, eq=False, repr=False)

    @property
    def shared(self) -> list[str]:
        """Return the options that a printed command needs to work on the same files; no password is among them."""
        state = re.sub(r"(://[^/:@]*):[^/]*@", r"\1:***@", self.state or "")
        named = (("-c", self.config), ("--state", state), ("--mappings", self.mappings))
        return [word for option, value in named if value for word in (option, str(value))]

    def over(self, others: Settings) -> Settings:
        """These, with the others where these say nothing."""
        unsaid = [a.name for a in fields(Settings) if not getattr(self, a.name)]
        return evolve(self, **{name: getattr(others, name) for name in unsaid})


@frozen
class Task:
    """A command with everything that was typed, ready to run.

    Attributes:
        command: its name, as it was typed: "migrator plan".
        settings: what was said beside the command's own arguments.
        run: does it, and returns the exit code.
    """

    command: str
    settings: Settings
    run: Callable[[], int]


_SHARED = {
    "config": ConfigOption,
    "state": StateOption,
    "mappings": MappingsOption,
    "json": JsonOption,
    "debug": DebugOption,
    "verbose": VerboseOption,
    "no_color": NoColorOption,
}


def takes_settings(command: Callable[..., int]) -> Callable[..., Task]:
    """A command for the parser: its own parameters and the shared ones, those of one name being its own."""
    own = [p for name, p in inspect.signature(command, eval_str=True).parameters.items() if name != "settings"]
    named = {parameter.name for parameter in own}
    shared = [_option(name) for name in _SHARED if name not in named]

    def parsed(context: typer.Context, **values: Any) -> Task:
        settings = Settings(**{parameter.name: values.pop(parameter.name) for parameter in shared})
        settings = settings.over(context.obj or Settings())
        return Task(context.command_path, settings, functools.partial(command, settings, **values))

    first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [first, *own, *shared]
    functools.update_wrapper(parsed, command)
    del parsed.__wrapped__  # type: ignore[attr-defined]  # update_wrapper sets it, and it would hide the new signature
    parsed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect.signature looks for
    parsed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return parsed


def _option(name: str) -> inspect.Parameter:
    default = getattr(Settings(), name)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=_SHARED[name])
