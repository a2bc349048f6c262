"""Arguments and options that commands share, and `Settings`, the values of those that every command takes.

A command is a function of `Settings` and of its own arguments; `takes_settings` adds the shared options to what the
parser sees. Parsing runs nothing: it returns a `Task`, so that `errors.finish` handles the errors of every command.
"""

from __future__ import annotations

import functools
import inspect
import re
import shlex
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import evolve, field, fields, frozen

from migrator.cli import completion
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

ConnectionName = Annotated[
    str,
    typer.Argument(
        metavar="CONNECTION", help="A connection of the config file.", autocompletion=completion.connections
    ),
]
SyncName = Annotated[
    str, typer.Argument(metavar="SYNC", help="A sync of the config file.", autocompletion=completion.syncs)
]
RunId = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or last.", autocompletion=completion.runs),
]
JobsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--job",
        metavar="NAME",
        help="Only this source job, by name or id; repeatable.",
        autocompletion=completion.jobs,
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the changes, and write nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ReportFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--report", metavar="FILE", help="Write a report: HTML (.html), Markdown (.md) or JSON (.json); repeatable."
    ),
]
OutFile = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the document to a file.")]


@frozen(kw_only=True)
class Settings:
    """The options that every command takes.

    Attributes:
        config: the config file, None for the one in the working directory.
        state: URL of the state, None for a file beside the config.
        mappings: a folder of mapping files, None for the built-in ones.
        json: print the result as one JSON document.
        debug: print the stack trace of an error.
        verbose: print more.
        no_color: print without colours.
        at_end: closed when the command ends.
        secrets: the tokens that were read; none of them is printed.
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

    def command(self, *words: str) -> str:
        """Return a command to print, which works when it is pasted: its words, and the options of `shared`."""
        return shlex.join(["migrator", words[0], *self.shared, *words[1:]])

    def over(self, others: Settings) -> Settings:
        """Return these settings, with the others where these have no value."""
        unsaid = [a.name for a in fields(Settings) if not getattr(self, a.name)]
        return evolve(self, **{name: getattr(others, name) for name in unsaid})


@frozen
class Task:
    """A command with everything that was typed, ready to run.

    Attributes:
        command: its name, as it was typed: "migrator plan".
        settings: the options that every command takes.
        run: runs the command, and returns the exit code.
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
    """Return a command for the parser: with its own parameters, and the shared ones whose names it does not use."""
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


def job_options(jobs: Iterable[str] | None) -> list[str]:
    """Return the options that name jobs, as they are typed."""
    return [word for job in jobs or () for word in ("--job", job)]


def _option(name: str) -> inspect.Parameter:
    default = getattr(Settings(), name)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=_SHARED[name])
