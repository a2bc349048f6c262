"""The right to fire handed over, with both sides open: cut over, retire, and look who fires.

look ─▶ bring the target in line, held back ─▶ look ─▶ prove ─▶ move, each in its gap ─▶ look and prove again
"""

from migrator.handover.cutting import Consent, cutover, standings
from migrator.handover.handing import Told
from migrator.handover.retiring import retire

__all__ = ["Consent", "Told", "cutover", "retire", "standings"]
