"""Commands for moving jobs: list, export, audit, plan, show, apply, sync and verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli import proposing
from migrator.cli.menu.app import ConnectionName, JobsOption, OutFile, ReportFiles, SyncName, YesOption, app, when_used
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from migrator.cli import checking, exporting, looking, moving, syncing
else:
    checking, exporting, looking, moving, syncing = map(
        when_used, ("checking", "exporting", "looking", "moving", "syncing")
    )

HeldOption = Annotated[bool, typer.Option("--held", "--staged", help="Stage new jobs: nothing fires before cutover.")]


@app.command(name="list")
@takes_settings
def list_(settings: Settings, connection: ConnectionName) -> int:
    """List the jobs of a connection.

    Name, state, next fire and schedule in words of each, and whether migrator manages it. Nothing is written to any
    provider.
    """
    return looking.list_jobs(settings, connection)


@app.command()
@takes_settings
def export(
    settings: Settings,
    connection: ConnectionName,
    *,
    out: OutFile = None,
    retired: Annotated[
        bool, typer.Option("--retired", help="Instead: the jobs that are gone from it and go on at a target, as kept.")
    ] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help='Only jobs that match: name="Weekly *", id=ID or enabled=true; repeatable.',
        ),
    ] = None,
) -> int:
    """Print every job of a connection as canonical JSON.

    Nothing is written to any provider; the document can be a connection of its own (provider = "json").
    """
    return exporting.export(settings, connection, out=out, select=select or (), retired=retired)


@app.command()
@takes_settings
def audit(
    settings: Settings,
    connection: ConnectionName,
    *,
    provider: Annotated[
        str,
        typer.Option("--to", metavar="PROVIDER", help="Where its jobs would go.", autocompletion=proposing.providers),
    ],
    days: Annotated[int, typer.Option(min=1, max=366, metavar="N", help="Length of the window.")] = 8,
    mode: Annotated[
        str,
        typer.Option(
            metavar="window|year|single|exact",
            help="How schedules would reach it.",
            autocompletion=proposing.one_of(proposing.MODES),
        ),
    ] = "window",
    job: JobsOption = None,
    report: ReportFiles = None,
) -> int:
    """Show what would become of a connection's jobs elsewhere.

    What would move and how faithfully, what would be lost, and what a sync has to say. It needs no access to the other
    provider.
    """
    return checking.audit(
        settings, connection, provider=provider, mode=mode, days=days, jobs=job or (), reports=report or ()
    )


@app.command()
@takes_settings
def plan(
    settings: Settings,
    sync: SyncName,
    *,
    out: OutFile = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End with 10 when changes are pending and none is blocked.")
    ] = False,
    report: ReportFiles = None,
    held: HeldOption = False,
    job: JobsOption = None,
) -> int:
    """Show what a sync would change.

    Nothing is written to any provider. A plan that is saved with -o can be applied as it was looked at.
    """
    return moving.plan(
        settings,
        sync,
        out=out,
        detailed_exitcode=detailed_exitcode,
        held=held,
        jobs=job or (),
        reports=report or (),
    )


@app.command()
@takes_settings
def show(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="PLAN.json", help="A plan saved with plan -o.")],
) -> int:
    """Show a saved plan.

    It is printed as `migrator plan` printed it. No provider is asked: whether it still fits, `migrator apply` checks.
    """
    return looking.show(settings, file)


@app.command()
@takes_settings
def apply(
    settings: Settings,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="SYNC|PLAN.json", help="A sync, or a plan saved with plan -o.", autocompletion=proposing.syncs
        ),
    ] = None,
    *,
    yes: YesOption = False,
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Instead: what that run has left of its plan.", autocompletion=proposing.runs),
    ] = None,
    max_deletes: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Change nothing when more jobs than that would be deleted.")
    ] = None,
    held: HeldOption = False,
    job: JobsOption = None,
) -> int:
    """Carry out a sync or a saved plan, after asking.

    With --held, new jobs fire nothing at the target until `migrator cutover` moves the right to fire.
    """
    return moving.apply(settings, what, yes=yes, resume=resume, max_deletes=max_deletes, held=held, jobs=job or ())


@app.command()
@takes_settings
def sync(
    settings: Settings,
    syncs: Annotated[
        list[str] | None,
        typer.Argument(metavar="SYNC", help="Syncs of the config file.", autocompletion=proposing.syncs),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every sync of the config file.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done; nothing is written to any provider.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing unless somebody should look; for cron's mail.")
    ] = False,
    job: JobsOption = None,
    report: ReportFiles = None,
) -> int:
    """Plan and apply within the limits, without asking.

    Syncs that have nothing to do with each other run side by side, and one that fails does not stop the others. It ends
    with the worst of their exit codes; 3 also says that a schedule will not stay exact until the next night.
    """
    return syncing.sync(
        settings,
        syncs or (),
        everything=everything,
        dry_run=dry_run,
        quiet=quiet,
        jobs=job or (),
        reports=report or (),
    )


@app.command()
@takes_settings
def verify(
    settings: Settings,
    sync: SyncName,
    *,
    days: Annotated[
        int | None,
        typer.Option(
            min=1, max=366, metavar="N", help="How long fires have to agree. [default: the window less a day]"
        ),
    ] = None,
) -> int:
    """Prove, job by job, that the target does what the source says.

    Both sides are read again, and their fires compared. Ends with 1 when a job differs, is absent, or cannot be proved.
    """
    return checking.verify(settings, sync, days=days)
