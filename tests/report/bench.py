"""Audits and plans of invented jobs, made without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from migrator.audit import Audit, audit
from migrator.config import Sync
from migrator.extract import Extracted
from migrator.mapping import load_mapping
from migrator.sandbox import World, load_samples
from tests.cli.bench import routine

NOW = datetime(2026, 11, 21, tzinfo=UTC)

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><svg onload=alert(1)>{{ 7*7 }}"


def samples(provider: str) -> list[Mapping[str, Any]]:
    """The sandbox's sample jobs of a provider."""
    world = World()
    load_samples(world)
    return [row["record"] for row in world.records(provider)]


def audited(records: Iterable[Mapping[str, Any]], *, source: str = "omni", target: str = "devin") -> Audit:
    """What an audit says of these records."""
    mapping = load_mapping(source)
    found = Extracted(jobs=tuple(mapping.read(record, scope="acme") for record in records))
    sync = Sync(name=f"{source}-to-{target}", source=source, target=target)
    return audit(found, target=load_mapping(target), sync=sync, now=NOW)


def many(number: int) -> list[dict[str, Any]]:
    """Jobs of all kinds of schedules."""
    schedules = ("0 9 ? * MON *", "30 2 * * ? *", "5 * * * ? *", "0 18 L * ? *", "15 14 ? * TUE#2 *")
    zones = ("America/New_York", "Europe/Berlin", "UTC", "Asia/Kolkata")
    return [
        routine(f"Job {n:04}", schedule=schedules[n % len(schedules)], timezone=zones[n // 7 % len(zones)])
        for n in range(number)
    ]
