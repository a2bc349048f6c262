"""The commands for programs: the same stages on the same config and state, with values instead of text.

`AsyncMigrator` has them as coroutines; `Migrator` runs each coroutine to its end, for programs without an event loop.
"""

from __future__ import annotations

from typing import Any

from migrator.api.awaited import Agree, AsyncMigrator, agreed, load_config
from migrator.api.blocking import Migrator


def to_document(result: object, name: str = "cutover") -> dict[str, Any]:
    """Return a result as the JSON document that the command prints; `migrator schema NAME` has its schema.

    Args:
        result: a Plan, an Audit, a Verification, a SyncRun, a Cutover, the checks of `doctor`, or the pair that `apply`
            and `rollback` return.
        name: of a Cutover, which of its two documents: "cutover", or "retire".

    Raises:
        TypeError: it is none of these.
    """
    from migrator.report.documents.results import document_of  # noqa: PLC0415 (programs may not need it)

    return document_of(result, name).to_json()


__all__ = ["Agree", "AsyncMigrator", "Migrator", "agreed", "load_config", "to_document"]
