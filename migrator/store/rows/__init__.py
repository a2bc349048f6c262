"""Values as rows of the tables, and back."""

from migrator.store.rows.active_sides import (
    active_side_key,
    active_side_of,
    active_side_row,
    definition_of,
    definition_row,
    inactive_job_json,
    inactive_job_of,
    missed_of,
    missed_row,
    takeover_of,
    unfinished_of,
)
from migrator.store.rows.bindings import binding_of, binding_row, bound_of, job_ref, lapsing_of, target_row
from migrator.store.rows.journal import outcome_row, run_of, saved_record_row, write_of, write_row

__all__ = [
    "active_side_key",
    "active_side_of",
    "active_side_row",
    "binding_of",
    "binding_row",
    "bound_of",
    "definition_of",
    "definition_row",
    "inactive_job_json",
    "inactive_job_of",
    "job_ref",
    "lapsing_of",
    "missed_of",
    "missed_row",
    "outcome_row",
    "run_of",
    "saved_record_row",
    "takeover_of",
    "target_row",
    "unfinished_of",
    "write_of",
    "write_row",
]
