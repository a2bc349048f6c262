"""Prove, job by job, that the target fires when the source does and holds the same fields."""

from migrator.verify.proving import Spot, verify
from migrator.verify.result import STATUSES, WELL, LeftOut, Proof, Status, Told, Verification

__all__ = ["STATUSES", "WELL", "LeftOut", "Proof", "Spot", "Status", "Told", "Verification", "verify"]
