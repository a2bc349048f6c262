"""Audits and plans as a page."""

from __future__ import annotations

from attrs import frozen

from migrator.report.html.frame import page
from migrator.report.html.pictures import Instant, Shared, Track, heat, instants, stacked, ticks, track
from migrator.report.overview import Overview, OverviewRow, Tally


@frozen(kw_only=True)
class _Drawn:
    """A row with its tally and its pictures."""

    row: OverviewRow
    tally: Tally
    coming: Track | None = None
    tracks: tuple[tuple[str, Track], ...] = ()
    instants: tuple[Instant, ...] = ()


def overview_page(shown: Overview) -> str:
    """Return an audit or a plan as one HTML document."""
    shared = Shared()
    rows = [_drawn(row, shown, shared) for row in shown.rows]
    maps = heat(shown.week)
    return page(
        "overview.html",
        shown=shown,
        rows=rows,
        paths=[(name, path) for path, name in shared.paths.items()],
        axes=[(name, days, ticks([place for place, _day in days])) for days, name in shared.axes.items()],
        bar=stacked(shown.outcomes),
        most=max((tally.jobs for tally in shown.verdicts), default=1),
        before=maps.before,
        after=maps.after,
        shades=maps.shades,
    )


def _drawn(row: OverviewRow, shown: Overview, shared: Shared) -> _Drawn:
    tally, forecast = shown.tally(row.outcome), row.forecast
    if forecast is None:
        return _Drawn(row=row, tally=tally)
    coming = track(forecast.coming, shared, moves=forecast.moves)
    tracks = [("The next two weeks", coming)] if coming.before or coming.after else []
    if forecast.later:
        tracks.append(("Around its next fire", track(forecast.later, shared, moves=forecast.moves)))
    if forecast.around:
        renewed = ", unless a sync renews the schedule before" if row.verdict == "exact_until" else ""
        tracks.append((f"Where the two sides part{renewed}", track(forecast.around, shared, moves=forecast.moves)))
    return _Drawn(row=row, tally=tally, coming=coming, tracks=tuple(tracks), instants=tuple(instants(forecast)))
