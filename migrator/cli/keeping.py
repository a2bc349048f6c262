"""state upgrade, export, import and prune: maintain the state database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from migrator.cli.options import Settings
from migrator.cli.work import open_screen, opened_state, read_file, write_file
from migrator.json_document import filled
from migrator.report.documents.state import ImportDocument, PruneDocument, UpgradeDocument
from migrator.report.state import import_lines, moved_words, prune_lines, upgrade_lines, writing_lines
from migrator.report.text import line
from migrator.store.dump_document import contents_from_json, state_document


def upgrade(settings: Settings) -> int:
    """Bring the state to this version's schema."""
    screen = open_screen(settings)
    with opened_state(settings) as state:
        document = filled(UpgradeDocument, state.layout, state=state.shown)
        screen.result(document, upgrade_lines(state.layout, state.shown))
    return 0


def export(settings: Settings, *, out: Path | None) -> int:
    """Write everything that the state holds as one document."""
    screen = open_screen(settings)
    with opened_state(settings, must_exist=True) as state:
        contents, at = state.contents(), datetime.now(UTC)
        screen.say(writing_lines(state.owners()))
    document = state_document(contents, at=at)
    if out is not None:
        write_file(out, document.text_parts(), screen)
        screen.say([line(f"{moved_words(contents.counts)} written to {out}")])
    if out is None or settings.json:
        screen.document(document)
    return 0


def prune(settings: Settings, *, days: int) -> int:
    """Remove old runs."""
    screen, before = open_screen(settings), datetime.now(UTC) - timedelta(days=days)
    with opened_state(settings) as state:
        pruned = state.prune(before)
        document = filled(PruneDocument, pruned, state=state.shown, before=before)
        screen.result(document, prune_lines(pruned, before))
    return 0


def import_(settings: Settings, file: Path, *, replace: bool) -> int:
    """Put an exported state into this one."""
    screen = open_screen(settings)
    contents = contents_from_json(read_file(file), where=str(file))
    with opened_state(settings) as state:
        backup = state.fill(contents, replace=replace)
        layout, moved = state.layout.now, contents.counts
        document = ImportDocument(state=state.shown, layout=layout, moved=moved, backup=backup)
        screen.result(document, import_lines(contents.counts, backup, state.shown))
    return 0
