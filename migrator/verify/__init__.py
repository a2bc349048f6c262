"""Prove, job by job, that the target fires when the source does and holds the same fields."""

from migrator.verify.proving import Spot, verify
from migrator.verify.result import STATUSES, WELL, LeftOut, NextRun, Proof, Status, Verification

__all__ = ["STATUSES", "WELL", "LeftOut", "NextRun", "Proof", "Spot", "Status", "Verification", "verify"]
