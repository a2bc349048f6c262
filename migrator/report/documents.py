"""Result → JSON document, as its command prints it with --json."""

from __future__ import annotations

from typing import Any

from migrator.audit import Audit
from migrator.cutover.switches import Cutover
from migrator.doctor.check import Check
from migrator.execute.outcomes import Applied
from migrator.plan.changes import Plan
from migrator.plan.document import plan_to_json
from migrator.report.audits import audit_document
from migrator.report.cutovers import handover_document
from migrator.report.doctor import checkup_document
from migrator.report.outcomes import apply_document
from migrator.report.proofs import verify_document
from migrator.report.sync_runs import round_document
from migrator.sync.results import SyncRun
from migrator.verify import Verification


def of(result: object, name: str = "cutover") -> dict[str, Any]:
    """Return the document of a result; of a cutover, the one of that name.

    Raises:
        TypeError: there is none for it.
    """
    match result:
        case Plan():
            return plan_to_json(result)
        case Audit():
            return audit_document(result)
        case Verification():
            return verify_document(result)
        case Cutover():
            return handover_document(result, name)
        case SyncRun():
            return round_document(result)
        case (Plan() as plan, Applied() as applied):
            return apply_document(plan, applied).whole()
        case (Check(), *_):
            return checkup_document([check for check in result if isinstance(check, Check)])
        case _:
            raise TypeError(f"there is no document of a {type(result).__name__}")
