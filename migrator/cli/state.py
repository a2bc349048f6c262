"""Commands that maintain the state database: state upgrade, export, import, prune, move and forget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from migrator.cli import completion
from migrator.cli.app import app
from migrator.cli.exit_codes import Exit
from migrator.cli.options import DryRunOption, OutFile, Settings, YesOption, takes_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from migrator.state_move.result import StateMove

_ADDRESS: Final = "sync.NAME, connection.NAME, scope.PROVIDER:SCOPE or job.ID"

OfSync = Annotated[
    str, typer.Option("--sync", metavar="NAME", help="Only what this sync owns.", autocompletion=completion.syncs)
]
OfJobs = Annotated[
    list[str] | None,
    typer.Option(
        "--job",
        metavar="NAME",
        help="Only this job, by the id of its source job or by name; repeatable.",
        autocompletion=completion.jobs,
    ),
]
OldAddress = Annotated[str, typer.Argument(metavar="FROM", help=f"The old address: {_ADDRESS}.")]
NewAddress = Annotated[str, typer.Argument(metavar="TO", help="The new address, of the same kind.")]
ForgottenAddress = Annotated[str, typer.Argument(metavar="ADDRESS", help=f"The address to remove: {_ADDRESS}.")]
NewOwner = Annotated[
    str,
    typer.Option(
        "--to-sync",
        metavar="NAME",
        help="Where a file takes over retired jobs: the sync that owns them afterwards; the only one by default.",
        autocompletion=completion.syncs,
    ),
]
OlderThan = Annotated[
    int, typer.Option("--older-than", min=30, metavar="DAYS", help="Remove runs that started more than DAYS ago.")
]
StateFile = Annotated[Path, typer.Argument(metavar="FILE", help="A document of state export.")]
ReplaceOption = Annotated[bool, typer.Option("--replace", help="Replace the contents of this state.")]

state = typer.Typer(help="Upgrade, back up and edit the state database.", rich_markup_mode=None)
app.add_typer(state, name="state")


@state.command()
@takes_settings
def upgrade(settings: Settings) -> int:
    """Bring the state to this version's schema.

    A new state gets its tables, and one of this version stays as it is. Of an older file, a copy is made first. All of
    the upgrade is done or nothing, and no run may be in progress.
    """
    from migrator.cli.environment import open_screen, opened_state
    from migrator.json_document import filled
    from migrator.report.documents.state import UpgradeDocument
    from migrator.report.state import upgrade_lines

    screen = open_screen(settings)
    with opened_state(settings, upgrade=True) as opened:
        document = filled(UpgradeDocument, opened.schema_version, state=opened.shown)
        screen.result(document, upgrade_lines(opened.schema_version, opened.shown))
    return Exit.DONE


@state.command()
@takes_settings
def export(settings: Settings, *, out: OutFile = None) -> int:
    """Print everything the state holds as one JSON document.

    Bindings, journal and snapshots, as they were at one moment: a backup, or a move to another database. It contains
    prompts and names, and no secrets.
    """
    from migrator.cli.environment import now, open_screen, opened_state
    from migrator.cli.files import write_file
    from migrator.report.state import row_words, writing_lines
    from migrator.report.text import line
    from migrator.store.dump_document import state_document

    screen = open_screen(settings)
    with opened_state(settings, must_exist=True) as opened:
        contents, at = opened.contents(), now()
        screen.say(writing_lines(opened.owners()))
    document = state_document(contents, at=at)
    if out is not None:
        write_file(out, document.text_parts(), screen)
        screen.say([line(f"{row_words(contents.counts)} written to {out}")])
    if out is None or settings.json:
        screen.document(document)
    return Exit.DONE


@state.command()
@takes_settings
def prune(settings: Settings, *, older_than: OlderThan) -> int:
    """Remove old runs: their plans, writes and saved records.

    The latest run of each sync stays, and every run with an unresolved write. A removed run cannot be listed or rolled
    back any more; the jobs that it made stay bound.
    """
    from datetime import timedelta

    from migrator.cli.environment import now, open_screen, opened_state
    from migrator.json_document import filled
    from migrator.report.documents.state import PruneDocument
    from migrator.report.state import prune_lines

    screen, before = open_screen(settings), now() - timedelta(days=older_than)
    with opened_state(settings) as opened:
        pruned = opened.prune(before)
        document = filled(PruneDocument, pruned, state=opened.shown, before=before)
        screen.result(document, prune_lines(pruned, before))
    return Exit.DONE


@state.command()
@takes_settings
def move(
    settings: Settings,
    old: OldAddress,
    new: NewAddress,
    *,
    sync: OfSync = "",
    job: OfJobs = None,
    to_sync: NewOwner = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> int:
    """Move bindings to another sync, scope, source job or file of jobs, after asking.

    For a sync that was renamed, a connection that now has another address or token, a file that was moved, or a source
    job that was created again under another id. From the scope of retired jobs to a file that export --retired wrote,
    it lets the file take their place, and back. Ownership tags at the target that name what is moved are rewritten by
    journalled writes; no job is changed otherwise. The history shows it; the output names the command that reverts it.
    """
    from functools import partial

    from migrator import state_move
    from migrator.state_move.addresses import Choice

    choice = Choice(sync=sync, jobs=tuple(job or ()))
    operation = partial(state_move.move, old=old, new=new, choice=choice, dry=dry_run, to_sync=to_sync)
    return _move(settings, operation, dry=dry_run, yes=yes)


@state.command()
@takes_settings
def forget(
    settings: Settings,
    old: ForgottenAddress,
    *,
    sync: OfSync = "",
    job: OfJobs = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> int:
    """Remove bindings, after asking; their target jobs stay.

    The target jobs do not change, and go on firing. A sync that selects their source jobs finds them by their
    ownership tags, and adopts them again with adopt = "identical".
    """
    from functools import partial

    from migrator import state_move
    from migrator.state_move.addresses import Choice

    choice = Choice(sync=sync, jobs=tuple(job or ()))
    return _move(settings, partial(state_move.forget, old=old, choice=choice, dry=dry_run), dry=dry_run, yes=yes)


def _move(settings: Settings, operation: Callable[..., Coroutine[Any, Any, StateMove]], *, dry: bool, yes: bool) -> int:
    """Ask, move or remove bindings, print the result, and return the exit code."""
    import asyncio

    from migrator.cli.environment import open_runtime, open_screen, opened_state
    from migrator.cli.prompts import PREVIEW, ask, require_terminal
    from migrator.report.documents.state import move_document
    from migrator.report.state import state_move_lines

    screen, runtime = open_screen(settings), open_runtime(settings)

    async def agree(found: StateMove) -> bool:
        if yes:
            return True
        screen.say(state_move_lines(found))
        require_terminal(screen, hint=PREVIEW)
        return await ask(screen, "Apply these changes?")

    with opened_state(settings, runtime) as opened:
        found = asyncio.run(operation(runtime=runtime, state=opened, agree=agree))
    screen.result(move_document(found), state_move_lines(found))
    if found.failed:
        return Exit.PARTLY_FAILED
    return Exit.DONE if dry or found.runs else Exit.DECLINED


@state.command(name="import")
@takes_settings
def import_(settings: Settings, file: StateFile, *, replace: ReplaceOption = False) -> int:
    """Import an exported state, as a whole or not at all.

    This state must be empty, unless --replace is given; then a file is backed up first. No run may be in progress.
    """
    from migrator.cli.environment import open_screen, opened_state
    from migrator.cli.files import read_file
    from migrator.report.documents.state import ImportDocument
    from migrator.report.state import import_lines
    from migrator.store.dump_document import contents_from_json

    screen = open_screen(settings)
    contents = contents_from_json(read_file(file), where=str(file))
    with opened_state(settings) as opened:
        backup = opened.fill(contents, replace=replace)
        version, counts = opened.schema_version.now, contents.counts
        document = ImportDocument(state=opened.shown, layout=version, moved=counts, backup=backup)
        screen.result(document, import_lines(contents.counts, backup, opened.shown))
    return Exit.DONE
