"""Paths, tokens and smallest valid bodies of the three providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

TOKENS = {"omni": "omni_org_sandbox", "devin": "cog_sandbox", "scrip": "sk_sandbox"}
MODEL = "5d3a9f60-7c21-4e0b-8f6e-2b1d4c000001"
DEVIN = "/v3/organizations/org-5a4d0c1b2e3f4a5b/schedules"
SCRIP = "/v1/programs/c1d8b2f0-3e54-4a7b-9c66-7f0a2e000001/automations"
PATHS = {"omni": "/v1/ai/routines", "devin": DEVIN, "scrip": SCRIP}
ROUTINE = {
    "modelId": MODEL,
    "name": "Monday figures",
    "prompt": "Sum up the week.",
    "schedule": "0 9 ? * MON *",
    "timezone": "Europe/Berlin",
    "destination": {"type": "email", "recipientEmails": ["ada@example.com"]},
}
SCHEDULE = {"name": "Nightly", "prompt": "Tidy up.", "frequency": "30 3 * * *"}
AUTOMATION = {
    "name": "Digest",
    "event_name": "digest.due",
    "scope": "program",
    "trigger": {"type": "cron", "cron_expression": "0 9 * * 1", "timezone": "Europe/Berlin"},
}
BODIES: dict[str, dict[str, Any]] = {"omni": ROUTINE, "devin": SCHEDULE, "scrip": AUTOMATION}

Connect = Callable[..., httpx.AsyncClient]
"""`connect(world, "omni")` makes a client; a third argument is another token than the one that may do everything."""
