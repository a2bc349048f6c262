"""A sync run as a page."""

from __future__ import annotations

from migrator.report.html.frame import page
from migrator.report.sync_run_view import SyncRunView


def sync_run_page(shown: SyncRunView) -> str:
    """Return a sync run as one HTML document."""
    return page("sync_run.html", shown=shown)
