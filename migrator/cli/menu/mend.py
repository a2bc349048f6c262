"""Commands for when a run did not end as it should have: status, history, settle, unlock and rollback."""

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
            metavar="SYNC", help="Read both sides of it, and say which one fires.", autocompletion=proposing.syncs
        ),
    ] = None,
) -> int:
    """Show what is unsettled, unfinished or under way.

    It looks at the state only, and asks no provider, unless a sync is named: then it says of each job which side is
    live now, by what both of them hold.
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
        str | None, typer.Option(metavar="ID", help="The job was made: this is its id at the target.")
    ] = None,
    not_created: Annotated[
        bool, typer.Option("--not-created", help="The job was not made; the next run makes it.")
    ] = False,
) -> int:
    """Decide a write that nobody knows the end of.

    `migrator status` lists them. The job stays blocked until then, so that it is never made twice.
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

    It is seldom needed: a lock is taken over at once when its process ended on this machine, and else a minute after
    its last renewal. What is known of its owner is told first. Free no lock whose process still runs.
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
    """Remove a target job that stands beside another one for the same source job.

    It lists the target jobs that carry one and the same ownership tag, or are bound to the same source job, and asks
    which is to go; elsewhere than on a terminal, --remove says so. Nothing is removed by itself. Ends with 3 while
    there are some and none was removed.
    """
    return deduping.dedupe(settings, sync, remove=remove or (), yes=yes)


@app.command()
@takes_settings
def rollback(settings: Settings, run: RunId, *, dry_run: DryRunOption = False, yes: YesOption = False) -> int:
    """Put the target back as it was before a run, after asking.

    What the run changed is changed back, what it made is removed, what it deleted is made anew under a new id. A job
    that somebody has changed since is left alone. It is a run of its own, and can be rolled back like any other.
    """
    return recovering.rollback(settings, run, dry_run=dry_run, yes=yes)
