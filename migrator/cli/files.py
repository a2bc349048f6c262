"""Files that commands read and write; the extension of a report's name chooses its format."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from migrator.errors import UsageError
from migrator.files import replacing
from migrator.json_document import Document
from migrator.report.screen import Screen
from migrator.report.text import line

if TYPE_CHECKING:
    from migrator.report.views import JobsView
    from migrator.report.views.sync_runs import SyncRunView

_ENDINGS: Final = (".html", ".md", ".json")


def read_file(path: Path) -> str:
    """Return the text of a file.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        hint = "check that it exists and that you may read it"
        raise UsageError(f"the file cannot be read: {error.strerror}", where=str(path), hint=hint) from error
    except UnicodeDecodeError as error:
        raise UsageError("the file is not text", where=str(path), allowed="a file in UTF-8") from error


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """Open a file for writing, which takes its place when the block ends: whole or not at all.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        with replacing(path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
            yield text
            text.detach()
    except OSError as error:
        hint = "check that its folder exists and that you may write to it, or name another file"
        raise UsageError(f"the file cannot be written: {error.strerror}", where=str(path), hint=hint) from error


def write_file(path: Path, text: str | Iterable[str], screen: Screen | None = None) -> None:
    """Write a file without secrets, whole or not at all; a long text may come in parts.

    Raises:
        UsageError: the file cannot be written.
    """
    with new_file(path) as file:
        parts = [text] if isinstance(text, str) else text
        file.writelines(map(screen.hide, parts) if screen else parts)


def check_reports(paths: Iterable[Path]) -> None:
    """Check the format of every report, before anything is read.

    Raises:
        UsageError: the extension of a name is unknown.
    """
    for path in paths:
        if path.suffix not in _ENDINGS:
            allowed = f"a name that ends in {', '.join(_ENDINGS)}"
            raise UsageError("unknown kind of report", where="--report", actual=str(path), allowed=allowed)


def write_reports(paths: Iterable[Path], document: Callable[[], Document], view: JobsView, screen: Screen) -> None:
    """Write each report of an audit or a plan, and print its path.

    Args:
        paths: the files.
        document: returns the content of a JSON report: the same as with --json.
        view: what HTML and Markdown show.
        screen: the output of the command.

    Raises:
        UsageError: a file cannot be written.
    """

    def markdown() -> str:
        from migrator.report.markdown import jobs_markdown

        return jobs_markdown(view)

    def html() -> str:
        from migrator.report.html.pages import jobs_page

        return jobs_page(view)

    _write(paths, {".json": lambda: document().text_parts(), ".md": markdown, ".html": html}, screen)


def write_sync_run_reports(
    paths: Iterable[Path], document: Callable[[], Document], view: SyncRunView, screen: Screen
) -> None:
    """Write each report of a sync run, and print its path.

    Raises:
        UsageError: a file cannot be written.
    """

    def markdown() -> str:
        from migrator.report.markdown import sync_run_markdown

        return sync_run_markdown(view)

    def html() -> str:
        from migrator.report.html.pages import sync_run_page

        return sync_run_page(view)

    _write(paths, {".json": lambda: document().text_parts(), ".md": markdown, ".html": html}, screen)


def _write(paths: Iterable[Path], contents: Mapping[str, Callable[[], str | Iterable[str]]], screen: Screen) -> None:
    for path in paths:
        write_file(path, contents[path.suffix](), screen)
        screen.say([line(f"report written to {path}")])
