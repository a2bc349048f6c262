"""Plans that were written to a file and read again."""

from __future__ import annotations

import json

from migrator.plan.changes import Plan
from migrator.plan.document import plan_document, plan_from_json


def again(plan: Plan) -> Plan:
    """Return what a file with this plan holds."""
    return plan_from_json(json.dumps(plan_document(plan).to_json()), where="plan.json")
