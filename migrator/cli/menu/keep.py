"""Commands that maintain the state database: state upgrade, export, import, prune, move and forget."""

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
    typer.Option(
        "--job",
        metavar="NAME",
        help="Only this job, by the id of its source job or by name; repeatable.",
        autocompletion=proposing.jobs,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the changes, and write nothing.")]

state = typer.Typer(help="Upgrade, back up and edit the state database.", rich_markup_mode=None)
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

    Bindings, journal and snapshots, as they were at one moment: a backup, or a move to another database. It contains
    prompts and names, and no secrets.
    """
    return keeping.export(settings, out=out)


@state.command()
@takes_settings
def prune(
    settings: Settings,
    *,
    older_than: Annotated[
        int, typer.Option("--older-than", min=30, metavar="DAYS", help="Remove runs that started more than DAYS ago.")
    ],
) -> int:
    """Remove old runs: their plans, writes and saved records.

    The latest run of each sync stays, and every run with an unresolved write. A removed run cannot be listed or rolled
    back any more; the jobs that it made stay bound.
    """
    return keeping.prune(settings, days=older_than)


@state.command()
@takes_settings
def move(
    settings: Settings,
    old: Annotated[str, typer.Argument(metavar="FROM", help=f"The old address: {_ADDRESS}.")],
    new: Annotated[str, typer.Argument(metavar="TO", help="The new address, of the same kind.")],
    *,
    sync: OfSync = "",
    job: OfJobs = None,
    to_sync: Annotated[
        str,
        typer.Option(
            "--to-sync",
            metavar="NAME",
            help="Where a file takes over retired jobs: the sync that owns them afterwards; the only one by default.",
            autocompletion=proposing.syncs,
        ),
    ] = "",
    dry_run: DryRun = False,
    yes: YesOption = False,
) -> int:
    """Move bindings to another sync, scope, source job or file of jobs, after asking.

    For a sync that was renamed, a connection that now has another address or token, a file that was moved, or a source
    job that was created again under another id. From the scope of retired jobs to a file that export --retired wrote,
    it lets the file take their place, and back. Ownership tags at the target that name what is moved are rewritten by
    journalled writes; no job is changed otherwise. The history shows it; the output names the command that reverts it.
    """
    return rehoming.move(settings, old, new, sync=sync, jobs=job or (), dry=dry_run, yes=yes, to_sync=to_sync)


@state.command()
@takes_settings
def forget(
    settings: Settings,
    old: Annotated[str, typer.Argument(metavar="ADDRESS", help=f"The address to remove: {_ADDRESS}.")],
    *,
    sync: OfSync = "",
    job: OfJobs = None,
    dry_run: DryRun = False,
    yes: YesOption = False,
) -> int:
    """Remove bindings, after asking; their target jobs stay.

    The target jobs do not change, and go on firing. A sync that selects their source jobs finds them by their
    ownership tags, and adopts them again with adopt = "identical".
    """
    return rehoming.forget(settings, old, sync=sync, jobs=job or (), dry=dry_run, yes=yes)


@state.command(name="import")
@takes_settings
def import_(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A document of state export.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the contents of this state.")] = False,
) -> int:
    """Import an exported state, as a whole or not at all.

    This state must be empty, unless --replace is given; then a file is backed up first. No run may be in progress.
    """
    return keeping.import_(settings, file, replace=replace)
