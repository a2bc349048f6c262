"""Sync runs as a page."""

from __future__ import annotations

from migrator.report.html.frame import page
from migrator.report.views.sync_runs import SyncRunView


def sync_run_page(view: SyncRunView) -> str:
    """Return a sync run as one HTML document."""
    return page("sync_run.html", view=view)
