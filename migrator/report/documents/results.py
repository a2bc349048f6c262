"""The document of a result, as its command prints it with --json."""

from __future__ import annotations

from migrator.audit import Audit
from migrator.cutover.switches import Cutover
from migrator.doctor.check import Check
from migrator.execute.outcomes import Applied
from migrator.json_document import Document
from migrator.plan.changes import Plan
from migrator.plan.document import plan_document
from migrator.report.documents.apply import apply_document
from migrator.report.documents.audit import audit_document
from migrator.report.documents.cutover import cutover_document
from migrator.report.documents.start import doctor_document
from migrator.report.documents.sync_run import run_document
from migrator.report.documents.verify import verify_document
from migrator.sync.results import SyncRun
from migrator.verify import Verification


def document_of(result: object, name: str = "cutover") -> Document:
    """Return the document of a result; of a cutover, the one of that name.

    Raises:
        TypeError: there is none for it.
    """
    match result:
        case Plan():
            return plan_document(result)
        case Audit():
            return audit_document(result)
        case Verification():
            return verify_document(result)
        case Cutover():
            return cutover_document(result, name)
        case SyncRun():
            return run_document(result)
        case (Plan() as plan, Applied() as applied):
            return apply_document(plan, applied)
        case (Check(), *_):
            return doctor_document([check for check in result if isinstance(check, Check)])
        case _:
            raise TypeError(f"there is no document of a {type(result).__name__}")
