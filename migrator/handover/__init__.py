"""Cutover with both endpoints open: cut over, retire, and report which side is active.

look ─▶ bring the target in line, staged ─▶ look ─▶ prove ─▶ move, each in its gap ─▶ look and prove again
"""

from migrator.handover.cutting import Consent, cutover, standings
from migrator.handover.handing import Told
from migrator.handover.retiring import retire

__all__ = ["Consent", "Told", "cutover", "retire", "standings"]
