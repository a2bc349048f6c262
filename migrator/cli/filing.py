"""Reports as files: the extension of the file name chooses the format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from migrator.cli.work import write_file
from migrator.errors import UsageError
from migrator.json_document import Document
from migrator.report.screen import Screen
from migrator.report.text import line

if TYPE_CHECKING:
    from migrator.report.overview import Overview
    from migrator.sync.results import SyncRun

_ENDINGS: Final = (".html", ".md", ".json")


def check_reports(paths: Iterable[Path]) -> None:
    """Check the format of every report, before anything is read.

    Raises:
        UsageError: the extension of a name is unknown.
    """
    for path in paths:
        if path.suffix not in _ENDINGS:
            allowed = f"a name that ends in {', '.join(_ENDINGS)}"
            raise UsageError("unknown kind of report", where="--report", actual=str(path), allowed=allowed)


def write_reports(
    paths: Iterable[Path], document: Callable[[], Document], overview: Callable[[], Overview], screen: Screen
) -> None:
    """Write each report, and say so.

    Args:
        paths: where to.
        document: what a JSON report holds: the same as with --json.
        overview: what the others show.
        screen: where to say it.

    Raises:
        UsageError: a file cannot be written.
    """

    def markdown() -> str:
        from migrator.report.markdown import markdown_text  # noqa: PLC0415 (only when it is asked for)

        return markdown_text(overview())

    def html() -> str:
        from migrator.report.html.overviews import overview_page  # noqa: PLC0415 (loads the templates' library)

        return overview_page(overview())

    _write(paths, {".json": lambda: document().text_parts(), ".md": markdown, ".html": html}, screen)


def write_round_reports(
    paths: Iterable[Path], document: Callable[[], Document], found: SyncRun, screen: Screen
) -> None:
    """Write each report of a sync run, and say so.

    Raises:
        UsageError: a file cannot be written.
    """

    def markdown() -> str:
        from migrator.report.sync_run_markdown import round_markdown  # noqa: PLC0415 (only when it is asked for)
        from migrator.report.sync_run_view import round_view  # noqa: PLC0415 (as above)

        return round_markdown(round_view(found))

    def html() -> str:
        from migrator.report.html.sync_runs import round_page  # noqa: PLC0415 (loads the templates' library)
        from migrator.report.sync_run_view import round_view  # noqa: PLC0415 (as above)

        return round_page(round_view(found))

    _write(paths, {".json": lambda: document().text_parts(), ".md": markdown, ".html": html}, screen)


def _write(paths: Iterable[Path], drawn: Mapping[str, Callable[[], str | Iterable[str]]], screen: Screen) -> None:
    for path in paths:
        write_file(path, drawn[path.suffix](), screen)
        screen.say([line(f"report written to {path}")])
