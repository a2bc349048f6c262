"""Commands that switch the active side: cutover and retire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.menu.app import DryRunOption, JobsOption, SyncName, YesOption, app, when_used
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from migrator.cli import handing
else:
    handing = when_used("handing")

GuardOption = Annotated[
    str, typer.Option(metavar="TIME", help="Least time from a switch to the fires before and after it: 90s, 5m, 1h.")
]
InEffectOption = Annotated[
    bool,
    typer.Option(
        "--in-effect",
        help="What a checkout holds was merged: for platforms, such as GitHub Actions, that follow their files later.",
    ),
]


@app.command()
@takes_settings
def cutover(
    settings: Settings,
    sync: SyncName,
    *,
    job: JobsOption = None,
    guard: GuardOption = "5m",
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Start switching at this time: 2026-12-01T02:30Z. [default: now]")
    ] = None,
    dry_run: DryRunOption = False,
    back: Annotated[bool, typer.Option("--back", help="Switch back to the source.")] = False,
    delete_source: Annotated[
        bool,
        typer.Option("--delete-source", help="Delete source jobs that their platform can neither pause nor re-time."),
    ] = False,
    in_effect: InEffectOption = False,
    yes: YesOption = False,
) -> int:
    """Switch the active side from source to target, job by job.

    Each job is switched between two of its fires: the source is stopped and read back, then the target is activated and
    read back, so that the two sides are never active together. Jobs missing at the target are created first, staged.
    """
    return handing.cutover(
        settings,
        sync,
        jobs=job or (),
        guard=guard,
        at=at,
        dry_run=dry_run,
        back=back,
        delete_source=delete_source,
        in_effect=in_effect,
        yes=yes,
    )


@app.command()
@takes_settings
def retire(
    settings: Settings,
    sync: SyncName,
    *,
    job: JobsOption = None,
    guard: GuardOption = "5m",
    dry_run: DryRunOption = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the source jobs that are inactive.")] = False,
    max_deletes: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Most source jobs to stop or delete. [default: limits.deletes]"),
    ] = None,
    in_effect: InEffectOption = False,
    yes: YesOption = False,
) -> int:
    """Stop or delete source jobs whose target is verified.

    Only those whose target is verified now, and was due at least once since it is the active side. Without --delete,
    source jobs that are active beside their target are stopped.
    """
    return handing.retire(
        settings,
        sync,
        jobs=job or (),
        guard=guard,
        dry_run=dry_run,
        delete=delete,
        max_deletes=max_deletes,
        in_effect=in_effect,
        yes=yes,
    )
