"""Countries that change their minds about their clocks: releases of the time zone database that tests write."""

from __future__ import annotations

import struct
import sys
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from migrator.sandbox import World

HOUR: Final = 3600
Releases = tuple[tuple[str, dict[str, tuple[int, list[tuple[int, int]]]]], ...]
"""From which day on what is known: by zone, the offset at first, and its changes, in seconds."""


def moment(text: str) -> int:
    """Seconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def zone_file(first: int, changes: list[tuple[int, int]]) -> bytes:
    """A zone as a file of the time zone database (RFC 9636)."""
    offsets = sorted({first, *(offset for _at, offset in changes)})
    kinds = [offsets.index(first), *(offsets.index(offset) for _at, offset in changes)]
    times = [-(2**55), *(at for at, _offset in changes)]

    def block(width: str, times: list[int], kinds: list[int]) -> bytes:
        head = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, len(times), len(offsets), 4)
        info = b"".join(struct.pack(">lbb", offset, 0, 0) for offset in offsets)
        return head + struct.pack(f">{len(times)}{width}", *times) + bytes(kinds) + info + b"LMT\0"

    last = changes[-1][1] if changes else first
    return block("l", [], []) + block("q", times, kinds) + f"\n<L>{-last // HOUR}\n".encode()


def forget_zones() -> None:
    """Know of zones what a process that starts now would know."""
    zoneinfo.ZoneInfo.clear_cache()
    for name in [name for name in sys.modules if name.startswith("migrator.cron")]:
        for value in vars(sys.modules[name]).values():
            if callable(getattr(value, "cache_clear", None)):
                value.cache_clear()


class ZoneReleases:
    """The time zone database of source and migrator alike, release by release."""

    def __init__(self, folder: Path, world: World, releases: Releases) -> None:
        self.folder, self.world, self.releases = folder, world, releases
        self.coming = list(releases)

    def keep_up(self, now: datetime) -> bool:
        """Install the releases that are out by now; whether there were any."""
        before = len(self.coming)
        while self.coming and self.coming[0][0] <= f"{now:%Y-%m-%d}":
            number = len(self.releases) - len(self.coming)
            for zone, (first, changes) in self.coming.pop(0)[1].items():
                path = self.folder / zone
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(zone_file(first, changes))
            (self.folder / "+VERSION").write_text(f"2098{'abc'[number]}\n", encoding="utf-8")
            forget_zones()
            self.world._tickers.clear()
        return len(self.coming) < before
