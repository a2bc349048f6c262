"""The parser that every command is entered in, and what several commands have in common."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from migrator.cli import proposing

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

ConnectionName = Annotated[
    str,
    typer.Argument(metavar="CONNECTION", help="A connection of the config file.", autocompletion=proposing.connections),
]
SyncName = Annotated[
    str, typer.Argument(metavar="SYNC", help="A sync of the config file.", autocompletion=proposing.syncs)
]
RunId = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or last.", autocompletion=proposing.runs),
]
JobsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--job",
        metavar="NAME",
        help="Only this source job, by name or id; repeatable.",
        autocompletion=proposing.jobs,
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


def when_used(name: str) -> ModuleType:
    """A module of `migrator.cli` that is loaded when something in it is first asked for: parsing must be quick."""
    full = f"migrator.cli.{name}"
    if full in sys.modules:
        return sys.modules[full]
    spec = importlib.util.find_spec(full)
    assert spec
    assert spec.loader
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[full] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
