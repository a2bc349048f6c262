"""Reports as one HTML file that needs nothing else: no network, no other file, no script but ours.

    frame       the page around every report: head, policy, styles, script
    pictures    the geometry of charts; the templates draw them as SVG
    pages       the pages: audits, plans and sync runs

What a platform sent is hostile until proved otherwise. Templates escape every value, the script writes text only, and
the page's own policy lets nothing run or load but the one style sheet and the one script whose digests it names.
"""

from migrator.report.html.frame import page
from migrator.report.html.pages import jobs_page, sync_run_page

__all__ = ["jobs_page", "page", "sync_run_page"]
