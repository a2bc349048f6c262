"""Result → JSON document, as its command prints it with --json."""

from __future__ import annotations

from typing import Any

from migrator.apply import Applied
from migrator.audit import Audit
from migrator.checkup import Check
from migrator.cutover import Cutover
from migrator.plan.document import plan_to_json
from migrator.plan.values import Plan
from migrator.report.audits import audit_document
from migrator.report.checkups import checkup_document
from migrator.report.handovers import handover_document
from migrator.report.outcomes import apply_document
from migrator.report.proofs import verify_document
from migrator.report.rounds import round_document
from migrator.sync import Round
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
        case Round():
            return round_document(result)
        case (Plan() as plan, Applied() as applied):
            return apply_document(plan, applied).whole()
        case (Check(), *_):
            return checkup_document([check for check in result if isinstance(check, Check)])
        case _:
            raise TypeError(f"there is no document of a {type(result).__name__}")
