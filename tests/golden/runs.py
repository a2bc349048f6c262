"""Runs of commands whose whole output is kept, and what is left out of it because it differs from run to run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

PAIRS: Final = tuple(
    f"{source}-to-{target}"
    for source in ("omni", "devin", "scrip")
    for target in ("omni", "devin", "scrip")
    if source != target
)

TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "list": ("list omni", "list devin", "list scrip"),
    "audit": ("audit omni --to devin", "audit devin --to scrip", "audit scrip --to omni -v"),
    **{f"plan-{pair}": (f"plan {pair} --detailed-exitcode",) for pair in PAIRS},
    "migration": (
        "apply omni-to-devin --staged --yes",
        "verify omni-to-devin",
        "cutover omni-to-devin --job Refunds --dry-run",
        "cutover omni-to-devin --yes",
        "status",
        "history",
        "plan omni-to-devin",
        "cutover omni-to-devin --job Refunds --back --yes",
        "retire omni-to-devin --dry-run",
    ),
    "sync": ("apply devin-to-scrip --yes", "sync devin-to-scrip", "status", "rollback last --yes", "history last"),
    "explain": (
        "explain '0 9 L * ? *' --from omni --timezone Europe/Paris --to devin",
        "explain '0 9 * * 1' --from devin --timezone UTC --to omni",
        "explain '0 10 1 6 ? 2019' --from omni --to devin",
        "explain '0 9 61 * *' --from vixie",
    ),
    "providers": ("providers", "providers -v"),
    "errors": (
        "plan nope",
        "plan omni-to-devin --state mysql://host/name",
        "audit omni --to devon",
        "history nope",
        "cutover omni-to-devin --guard soon",
        "plan omni-to-devin --job nope",
    ),
}
"""By golden file: what is typed, one after another, in one fresh world."""

DOCUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "documents-looking": (
        "list omni",
        "audit omni --to devin",
        "explain '0 9 L * ? *' --from omni --to devin",
        "plan nope",
    ),
    "documents-migration": (
        "plan omni-to-devin",
        "apply omni-to-devin --staged --yes",
        "verify omni-to-devin",
        "cutover omni-to-devin --yes",
        "status",
        "history",
    ),
}
"""The same with --json."""

_VARYING: Final = (
    (r"\d{8}T\d{6}-[0-9a-f]{6}", "RUN"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"(croniter|tzdata) [\w.]+\d", r"\1 VERSION"),
    (r"(?m)^(\d+ requests? \(.*\) in|No requests;) .* s\n", ""),
    (r"(\d\d:\d\d:\d\d)\.\d+", r"\1"),
)
"""What differs from run to run or from machine to machine, and what stands there instead."""
_IDS: Final = re.compile(r"sched-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b")
_DROPPED: Final = frozenset({"requests", "lineage", "digest", "seconds", "writes", "gap"})
"""Keys whose values depend on the order in which requests happen to be answered."""
_MOMENTS: Final = frozenset({"started_at", "ended_at", "since", "claimed_at", "dispatched_at", "settled_at"})


def normalised(text: str, folder: str) -> str:
    """Return an output without what differs from run to run; ids are numbered in the order of their appearance."""
    text = text.replace(folder, "FOLDER")
    for pattern, instead in _VARYING:
        text = re.sub(pattern, instead, text)
    numbers: dict[str, str] = {}
    return _IDS.sub(lambda found: numbers.setdefault(found[0], f"ID-{len(numbers) + 1}"), text)


def steady(value: Any, key: str = "") -> Any:
    """Return a document without the values that depend on the order of answers."""
    if value is not None and (key in _DROPPED or key in _MOMENTS):
        return "VARIES"
    if isinstance(value, dict):
        return {name: steady(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [steady(one) for one in value]
    return value


def document(text: str) -> str:
    """Return a command's one JSON document, as it is kept."""
    return json.dumps(steady(json.loads(text)), indent=1, ensure_ascii=False)
