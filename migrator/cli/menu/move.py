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

HeldOption = Annotated[
    bool, typer.Option("--staged", "--held", help="Create jobs inactive until cutover; --held is the same.")
]


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
        bool, typer.Option("--retired", help="Instead: jobs removed at source that live on at a target.")
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
        typer.Option(
            "--to", metavar="PROVIDER", help="The provider to migrate to.", autocompletion=proposing.providers
        ),
    ],
    days: Annotated[int, typer.Option(min=1, max=366, metavar="N", help="Length of the window, in days.")] = 8,
    mode: Annotated[
        str,
        typer.Option(
            metavar="window|year|single|exact",
            help="How schedules are converted, as a sync's schedule.mode.",
            autocompletion=proposing.one_of(proposing.MODES),
        ),
    ] = "window",
    job: JobsOption = None,
    report: ReportFiles = None,
) -> int:
    """Show what a migration to another provider would do.

    Which jobs can migrate and how exactly, what data they lose, and which settings a sync needs. It needs no access to
    the other provider.
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

    Nothing is written to any provider. A plan saved with -o is applied exactly as shown.
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

    It is printed as by `migrator plan`. No provider is read; `migrator apply` checks whether the plan is stale.
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
        typer.Option(
            metavar="RUN", help="Instead: finish the plan of an interrupted run.", autocompletion=proposing.runs
        ),
    ] = None,
    max_deletes: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Refuse the plan when it deletes more than N jobs.")
    ] = None,
    held: HeldOption = False,
    job: JobsOption = None,
) -> int:
    """Apply a sync or a saved plan, after asking.

    Without --staged, new jobs fire at once, also while their source jobs are active. With it they fire only after
    `migrator cutover`.
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the changes, and write nothing.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing unless something needs attention.")
    ] = False,
    job: JobsOption = None,
    report: ReportFiles = None,
) -> int:
    """Plan and apply within the limits, without asking.

    Independent syncs run at the same time; one that fails does not stop the others. The exit code is the worst of
    theirs; 3 also means that a schedule will not stay exact until the next run.
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
            min=1, max=366, metavar="N", help="How many days of fires to compare. [default: the window less a day]"
        ),
    ] = None,
) -> int:
    """Prove, job by job, that the target fires as the source does.

    Source and target are read again, and their fires compared. Ends with 1 when a job differs, is absent, or cannot be
    proved.
    """
    return checking.verify(settings, sync, days=days)
