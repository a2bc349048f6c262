"""The pages: audits, plans and sync runs."""

from __future__ import annotations

from attrs import frozen

from migrator.report.html.frame import page
from migrator.report.html.pictures import Instant, Shared, Track, heat, instants, stacked, ticks, track
from migrator.report.views import JobRow, JobsView
from migrator.report.views.sync_runs import SyncRunView


@frozen(kw_only=True)
class _Pictures:
    """A row and its pictures."""

    row: JobRow
    coming: Track | None = None
    timelines: tuple[tuple[str, Track], ...] = ()
    instants: tuple[Instant, ...] = ()


def jobs_page(view: JobsView) -> str:
    """Return an audit or a plan as one HTML document."""
    shared = Shared()
    rows = [_pictures(row, shared) for row in view.jobs]
    week = view.week
    maps = heat(week)
    return page(
        "jobs.html",
        view=view,
        week=week,
        rows=rows,
        paths=[(name, path) for path, name in shared.paths.items()],
        axes=[(name, days, ticks([place for place, _day in days])) for days, name in shared.axes.items()],
        bar=stacked(view.outcomes),
        most=max((one.jobs for one in view.verdicts), default=1),
        before=maps.before,
        after=maps.after,
        shades=maps.shades,
    )


def _pictures(row: JobRow, shared: Shared) -> _Pictures:
    schedule, forecast = row.schedule, row.forecast
    if schedule is None or forecast is None:
        return _Pictures(row=row)
    coming = track(forecast.coming, shared, migrates=forecast.migrates)
    timelines = [("The next two weeks", coming)] if coming.before or coming.after else []
    if forecast.later:
        timelines.append(("Around its next fire", track(forecast.later, shared, migrates=forecast.migrates)))
    if forecast.around:
        renewed = ", unless a sync renews the schedule before" if schedule.verdict == "exact_until" else ""
        around = track(forecast.around, shared, migrates=forecast.migrates)
        timelines.append((f"Where source and target differ{renewed}", around))
    return _Pictures(row=row, coming=coming, timelines=tuple(timelines), instants=tuple(instants(forecast)))


def sync_run_page(view: SyncRunView) -> str:
    """Return a sync run as one HTML document."""
    return page("sync_run.html", view=view)
