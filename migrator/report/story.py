"""The demonstration, told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.apply.values import Applied
from migrator.plan.values import Plan
from migrator.report.outcomes import apply_lines
from migrator.report.plans import plan_lines
from migrator.report.words import Line, clean, count, line

Names = Sequence[str]
"""The names of the jobs on one side."""
