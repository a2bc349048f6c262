"""Reports as files: the ending of a file's name says what it is drawn in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from migrator.cli.work import write_file
from migrator.errors import UsageError
from migrator.report.overview import Overview
from migrator.report.screen import Screen, document_text
from migrator.report.words import line

_ENDINGS: Final = (".html", ".md", ".json")


def check_reports(paths: Iterable[Path]) -> None:
    """Does nothing where every report can be drawn; called before anything is read.

    Raises:
        UsageError: the ending of a name says nothing.
    """
    for path in paths:
        if path.suffix not in _ENDINGS:
            allowed = f"a name that ends in {', '.join(_ENDINGS)}"
            raise UsageError("this is no kind of report", where="--report", actual=str(path), allowed=allowed)


def write_reports(
    paths: Iterable[Path], document: Mapping[str, Any], overview: Callable[[], Overview], screen: Screen
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
    for path in paths:
        write_file(path, _text(path, document, overview))
        screen.say([line(f"report written to {path}")])


def _text(path: Path, document: Mapping[str, Any], overview: Callable[[], Overview]) -> str:
    if path.suffix == ".json":
        return document_text(document)
    if path.suffix == ".md":
        from migrator.report.markdown import markdown_text  # noqa: PLC0415 (only when it is asked for)

        return markdown_text(overview())
    from migrator.report.html import overview_page  # noqa: PLC0415 (loads the templates' library)

    return overview_page(overview())
