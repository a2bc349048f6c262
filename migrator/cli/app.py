"""The parser: the app in which every command is registered, and the options before a command's name."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from migrator import __version__
from migrator.cli.options import (
    ConfigOption,
    DebugOption,
    JsonOption,
    MappingsOption,
    NoColorOption,
    Settings,
    StateOption,
    VerboseOption,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:  # noqa: FBT001 (the parser calls it so)
    if asked:
        sys.stdout.write(f"migrator {__version__}\n")
        raise typer.Exit


@app.callback()
def migrator(
    context: typer.Context,
    *,
    config: ConfigOption = None,
    state: StateOption = None,
    mappings: MappingsOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
    verbose: VerboseOption = False,
    no_color: NoColorOption = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and stop.")
    ] = False,
) -> None:
    """Migrate scheduled AI jobs between platforms, and keep them in sync.

    Exit codes: 0 done or no changes; 1 failed; 2 wrong usage or configuration; 3 refused as unsafe or lossy; 4 partly
    failed; 5 another run holds the lock; 10 changes are pending (--detailed-exitcode); 130 interrupted at a prompt.
    """
    del version
    context.obj = Settings(
        config=config, state=state, mappings=mappings, json=json, debug=debug, verbose=verbose, no_color=no_color
    )
