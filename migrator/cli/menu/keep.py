"""Commands for keeping the state over the years: state upgrade, export, import and prune."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli import proposing
from migrator.cli.menu.app import OutFile, YesOption, app, when_used
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from migrator.cli import keeping, rehoming
else:
    keeping, rehoming = when_used("keeping"), when_used("rehoming")

_ADDRESS = "sync.NAME, connection.NAME, scope.PROVIDER:SCOPE or job.ID"

OfSync = Annotated[
    str, typer.Option("--sync", metavar="NAME", help="Only what this sync owns.", autocompletion=proposing.syncs)
]
OfJobs = Annotated[
    list[str] | None,
    typer.Option("--job", metavar="NAME", help="Only this job, by the id of its source job or by name; repeatable."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show it, and change nothing.")]

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


@state.command()
@takes_settings
def move(
    settings: Settings,
    old: Annotated[str, typer.Argument(metavar="FROM", help=f"The address that is left: {_ADDRESS}.")],
    new: Annotated[str, typer.Argument(metavar="TO", help="The address that takes its place, of the same kind.")],
    *,
    sync: OfSync = "",
    job: OfJobs = None,
    dry_run: DryRun = False,
    yes: YesOption = False,
) -> int:
    """Move bindings to another sync name, connection, scope or source job, after asking.

    For a sync that was renamed, a connection that now has another address or token, a file that was moved, or a source
    job that was created again under another id. Ownership tags at the target that name what is moved are rewritten by
    journalled writes; no job is changed otherwise. The history shows it, and it says which command takes it back.
    """
    return rehoming.move(settings, old, new, sync=sync, jobs=job or (), dry=dry_run, yes=yes)


@state.command()
@takes_settings
def forget(
    settings: Settings,
    old: Annotated[str, typer.Argument(metavar="ADDRESS", help=f"What is forgotten: {_ADDRESS}.")],
    *,
    sync: OfSync = "",
    job: OfJobs = None,
    dry_run: DryRun = False,
    yes: YesOption = False,
) -> int:
    """Forget bindings, after asking: no sync has to do with their target jobs any more.

    Nothing is done at the target: its jobs stay as they are, and go on firing. A sync that selects their source jobs
    finds them by their ownership tags, and takes them over again with adopt = "identical".
    """
    return rehoming.forget(settings, old, sync=sync, jobs=job or (), dry=dry_run, yes=yes)


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
