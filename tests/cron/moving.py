"""A short way to ask for a translation, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from migrator.cron import Recurring, Translation, translate

NEW_YORK = "America/New_York"
NOVEMBER = datetime(2026, 11, 22, tzinfo=UTC)
WEEK = timedelta(days=8)


def move(text: str, route: str, zone: str = "UTC", **options: Any) -> Translation:
    """Translate along "source>target@zone" ("@" left out: any zone)."""
    source, _, rest = route.partition(">")
    target, _, target_zone = rest.partition("@")
    settings = {"now": NOVEMBER, "horizon": WEEK, "target_timezone": target_zone or None, **options}
    return translate(Recurring(text, zone), source=source, target=target, **settings)


def said(translation: Translation) -> list[str]:
    return sorted(piece.text or f"{piece.at:%Y-%m-%dT%H:%MZ}" for piece in translation.pieces)
