"""Move what the state knows to another sync name, connection, scope or source job, or forget it.

    choose ─▶ check ─▶ ask ─▶ lock every target ─▶ rewrite tags, journalled ─▶ one transaction in the state

Tags come first: where one cannot be rewritten, the state is as it was, and the same command goes on.
"""

from migrator.rehoming.addresses import Choice
from migrator.rehoming.moving import forget, move
from migrator.rehoming.values import Consent, Rehoming

__all__ = ["Choice", "Consent", "Rehoming", "forget", "move"]
