"""The pictures of docs/schedules.md: what the verdicts mean, drawn from the cron engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from migrator.cron import Recurring, next_fires, parse, translate
from migrator.cron.translator import Mode

_NOW: Final = datetime(2027, 3, 10, tzinfo=UTC)
_CASES: Final[Mapping[str, tuple[int, str, str, str, str, str | None]]] = {
    "exact": (8, "0 6,12,18 ? * MON-FRI *", "eventbridge", "Asia/Kolkata", "vixie", "UTC"),
    "exact_split": (31, "20 9 8-14 * 1", "vixie", "UTC", "eventbridge", None),
    "exact_until": (8, "0 9 * * ? *", "eventbridge", "America/New_York", "vixie", "UTC"),
    "approximate": (8, "30 2,22 ? * MON-FRI *", "eventbridge", "America/New_York", "vixie", "UTC"),
    "one_time": (8, "0 10 15 3 ? 2027", "eventbridge", "Europe/Madrid", "vixie", "UTC"),
}
_WIDE, _LEFT, _ROW = 720, 150, 34
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#222}.l{stroke:#bbb}.g{stroke:#ddd}.a{fill:#1f77b4}.b{fill:#d95f02}"
    ".r{fill:none;stroke:#c00;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.l{stroke:#666}.g{stroke:#444}.a{fill:#6db3e8}.b{fill:#ff9d4d}.r{stroke:#f66}}"
)


def pictures() -> dict[str, str]:
    """For each verdict, some days of fires: the source above, each job at the target below."""
    return {f"verdict-{name}": _picture(name, *case) for name, case in _CASES.items()}


def _picture(name: str, days: int, text: str, source: str, zone: str, target: str, only: str | None) -> str:
    cron, span = parse(text, source), timedelta(days=days)
    mode: Mode = "single" if name == "approximate" else "auto"
    found = translate(
        Recurring(cron, zone), source=source, target=target, target_timezone=only, now=_NOW, horizon=span, mode=mode
    )
    rows = [(f"source, {zone}", text, "a", _within(next_fires(cron, zone, _NOW, 400, dialect=source), span))]
    for piece in found.pieces:
        if piece.at:
            rows.append(("one-time job", f"{piece.at:%Y-%m-%d %H:%M} UTC", "b", [piece.at]))
        else:
            fires = next_fires(parse(piece.text or "", target), piece.timezone, _NOW, 400, dialect=target)
            rows.append((f"job at the target, {piece.timezone}", piece.text or "", "b", _within(fires, span)))
    return _drawn(name, rows, span)


def _within(fires: list[datetime], span: timedelta) -> list[datetime]:
    return [at for at in fires if at < _NOW + span]


def _drawn(name: str, rows: list[tuple[str, str, str, list[datetime]]], span: timedelta) -> str:
    high = _ROW * len(rows) + 36
    said = f"{name}: fires of the source and of the jobs at the target from {_NOW:%Y-%m-%d} on"
    wanted, got = set(rows[0][3]), {at for row in rows[1:] for at in row[3]}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {high}" role="img" aria-label="{said}">',
        f"<title>{said}</title><style>{_STYLE}</style>",
    ]
    for day in range(0, span.days + 1, -(-span.days // 8)):
        x = _x(timedelta(days=day) / span)
        parts.append(f'<line class="g" x1="{x}" y1="6" x2="{x}" y2="{high - 26}"/>')
        if day < span.days:
            parts.append(f'<text x="{x + 2}" y="{high - 8}">{_NOW + timedelta(days=day):%d %b}</text>')
    for number, (title, text, kind, fires) in enumerate(rows):
        y = 20 + _ROW * number
        parts.append(f'<text x="4" y="{y - 2}">{title}</text><text x="4" y="{y + 12}">{text}</text>')
        parts.append(f'<line class="l" x1="{_LEFT + 40}" y1="{y}" x2="{_WIDE}" y2="{y}"/>')
        rings = [_x((at - _NOW) / span) for at in fires if (at in wanted) != (at in got)]
        parts += [f'<circle class="r" cx="{x}" cy="{y}" r="8"/>' for x in rings]
        parts += [f'<circle class="{kind}" cx="{_x((at - _NOW) / span)}" cy="{y}" r="4"/>' for at in fires]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(share: float) -> float:
    return round(_LEFT + 40 + share * (_WIDE - _LEFT - 40), 1)
