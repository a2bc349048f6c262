"""What each claim was proved on, in words: the row of README.md and the tables of docs/evidence.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from migrator.providers.declaration import Local
from migrator.providers.registry import PROVIDERS
from tests.platforms.software import FOLDER, Proof, Software, all_software, proof

ROW: Final = "proved on"
SIMULATOR: Final = "simulator"
_SIMULATED: Final = {"omni", "devin", "scrip"}
"""Providers whose own software cannot be run."""


def row(providers: Sequence[str]) -> list[str]:
    """Return the cells of the README's row: for each provider, what was run, its release and the day."""
    return [ROW, *(_cell(name) for name in providers)]


def _cell(provider: str) -> str:
    told = [
        f"{of.kind} {of.title} {of.version} ({measured.date})" for of, measured in _proved() if _is_for(of, provider)
    ]
    nothing = "files" if isinstance(PROVIDERS[provider].access, Local) else "no recorded run"
    return ", ".join([*([SIMULATOR] if provider in _SIMULATED else []), *told]) or nothing


def _is_for(of: Software, provider: str) -> bool:
    return provider in of.providers


def _proved() -> Iterator[tuple[Software, Proof]]:
    """Yield every software with its last complete run, those that had none left out."""
    for of in all_software():
        if measured := proof(of):
            yield of, measured


def claims() -> Iterator[tuple[str, ...]]:
    """Yield a row for each software: what it is, what its tests show, for which providers, and what was measured."""
    for of, measured in _proved():
        counted = "; ".join(f"{what}: {number:,}" for what, number in measured.figures.items())
        yield (
            f"{of.title} {of.version}",
            of.kind,
            ", ".join(of.providers) or "the cron engine",
            of.claim,
            f"{measured.tests} tests; {counted}" if counted else f"{measured.tests} tests",
            str(measured.date),
        )


def differences() -> Iterator[tuple[str, ...]]:
    """Yield a row for each way in which Prefect reads or runs an expression differently: expression, zones, what."""
    record = FOLDER / "prefect" / "differences.json"
    found: list[dict[str, Any]] = json.loads(record.read_text("utf-8")) if record.exists() else []
    for text in dict.fromkeys(entry["text"] for entry in found):
        entries = [entry for entry in found if entry["text"] == text]
        first = entries[0]
        example = "; ".join(f"{side}: {first[side][0]}" for side in ("only Prefect", "only migrator") if side in first)
        yield f"`{text}`", ", ".join(entry["zone"] for entry in entries), first["what"], example or "-"


def stale() -> Iterable[str]:
    """Yield the names of software whose recorded run was with other pins."""
    return [of.name for of, measured in _proved() if measured.pins != of.pins]
