"""The layers of the package, from the ground up."""

from __future__ import annotations

STOREYS = (
    {"errors"},
    {"compressed", "concurrency", "files", "ids", "instrumentation", "json_types", "redaction", "soundness"},
    {"agents"},
    {"isolation"},
    {"cron"},
    {"canonical"},
    {"http", "mapping"},
    {"document"},
    {"json_document", "prompt_envelope"},
    {"json_schema", "providers"},
    {"catalog", "config", "store"},
    {"extract", "locking", "notify", "telemetry"},
    {"convert"},
    {"plan"},
    {"execute"},
    {"active_side", "fire_log", "recovery"},
    {"audit", "forecast", "listing", "verify"},
    {"sync"},
    {"cutover", "dedupe", "doctor", "export", "state_move"},
    {"report"},
    {"api", "demo", "testing"},
    {"cli"},
    {"__main__"},
)
"""From the ground up; `sandbox` stands beside the house."""
RANK = {name: rank for rank, storey in enumerate(STOREYS) for name in storey}
