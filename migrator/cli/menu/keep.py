"""Commands for keeping the state over the years: state upgrade, export, import and prune."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.menu.app import OutFile, app, when_used
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from migrator.cli import keeping
else:
    keeping = when_used("keeping")

state = typer.Typer(help="Upgrade, back up and move what migrator remembers.", rich_markup_mode=None)
app.add_typer(state, name="state")


@state.command()
@takes_settings
def upgrade(settings: Settings) -> int:
    """Bring the state to this version's schema.

    A new state gets its tables; one of this version stays as it is.
    """
    return keeping.upgrade(settings)


@state.command()
@takes_settings
def export(settings: Settings, *, out: OutFile = None) -> int:
    """Print everything the state holds as one JSON document.

    Links, journal and snapshots, as they were at one moment: a backup, or the way to another database. It holds prompts
    and names, and no secrets.
    """
    return keeping.export(settings, out=out)


@state.command()
@takes_settings
def prune(
    settings: Settings,
    *,
    older_than: Annotated[
        int, typer.Option("--older-than", min=30, metavar="DAYS", help="Runs that began before that many days.")
    ],
) -> int:
    """Forget old runs: their plans, writes and saved records.

    The latest run of each sync stays, and every run with a write that is not settled. What is forgotten can be listed
    and rolled back no more; the jobs that it made stay linked.
    """
    return keeping.prune(settings, days=older_than)


@state.command(name="import")
@takes_settings
def import_(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A document of state export.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of what is there.")] = False,
) -> int:
    """Put an exported state into this one, as a whole or not at all.

    This one must be empty, unless --replace is given; a file is copied then. No run may be under way.
    """
    return keeping.import_(settings, file, replace=replace)
