"""Commands that recover from a failed run: status, history, settle, unlock, dedupe and rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli import proposing
from migrator.cli.menu.app import DryRunOption, RunId, SyncName, YesOption, app, when_used
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from migrator.cli import deduping, recovering, unlocking
else:
    deduping, recovering, unlocking = map(when_used, ("deduping", "recovering", "unlocking"))


@app.command()
@takes_settings
def status(
    settings: Settings,
    sync: Annotated[
        str | None,
        typer.Argument(
            metavar="SYNC",
            help="Also read both endpoints, and show the active side of each job.",
            autocompletion=proposing.syncs,
        ),
    ] = None,
) -> int:
    """Show unresolved writes, unfinished runs and locks.

    Without SYNC it reads only the state. With SYNC it also reads both endpoints, and shows the active side of each job.
    """
    return recovering.status(settings, sync)


@app.command()
@takes_settings
def history(
    settings: Settings,
    run: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="Show every write of this run.", autocompletion=proposing.runs),
    ] = None,
    *,
    sync: Annotated[
        str | None,
        typer.Option(metavar="SYNC", help="Only the runs of this sync.", autocompletion=proposing.syncs),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, metavar="N", help="At most N runs; 0 for all.")] = 20,
) -> int:
    """Show the latest runs, or every write of one."""
    return recovering.history(settings, run, sync=sync, limit=limit)


@app.command()
@takes_settings
def settle(
    settings: Settings,
    run: RunId,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Id or name of the source job.")],
    *,
    created: Annotated[
        str | None, typer.Option(metavar="ID", help="The job was created: this is its id at the target.")
    ] = None,
    not_created: Annotated[
        bool, typer.Option("--not-created", help="The job was not created; the next run creates it.")
    ] = False,
) -> int:
    """Resolve a write whose result is unknown.

    `migrator status` lists unresolved writes. The job stays blocked until then, so that it is never created twice.
    """
    return recovering.settle(settings, run, job, created=created, not_created=not_created)


@app.command()
@takes_settings
def unlock(
    settings: Settings,
    target: Annotated[
        str | None,
        typer.Argument(metavar="TARGET", help="The lock, its connection or its sync; needed where several are held."),
    ] = None,
    *,
    yes: YesOption = False,
) -> int:
    """Free the lock of a target whose run has ended, after asking.

    This is seldom needed: the next run takes a lock over at once when its process ended on this machine, and otherwise
    a minute after its last renewal. The owner of the lock is printed first. Do not free the lock of a running process.
    """
    return unlocking.unlock(settings, target, yes=yes)


@app.command()
@takes_settings
def dedupe(
    settings: Settings,
    sync: SyncName,
    *,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="ID", help="The target job to remove; may be repeated.")
    ] = None,
    yes: YesOption = False,
) -> int:
    """Remove duplicates: several target jobs of one source job.

    It lists the target jobs that have the same ownership tag, or are bound to the same source job, and asks which to
    remove; without a terminal, name them with --remove. Ends with 3 when there are duplicates and none was removed.
    """
    return deduping.dedupe(settings, sync, remove=remove or (), yes=yes)


@app.command()
@takes_settings
def rollback(settings: Settings, run: RunId, *, dry_run: DryRunOption = False, yes: YesOption = False) -> int:
    """Put the target back as it was before a run, after asking.

    Changed jobs are changed back, created jobs are deleted, deleted jobs are recreated under a new id. A job that was
    changed since is not touched. A rollback is a run of its own, and can be rolled back like any other.
    """
    return recovering.rollback(settings, run, dry_run=dry_run, yes=yes)
