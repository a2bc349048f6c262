"""Move what the state knows to another sync name, connection, scope or source job, or forget it.

    choose ─▶ check ─▶ ask ─▶ lock every target ─▶ rewrite tags, journalled ─▶ one transaction in the state

Tags come first: where one cannot be rewritten, the state is as it was, and the same command goes on.
"""

from migrator.state_move.addresses import Choice
from migrator.state_move.moving import forget, move
from migrator.state_move.result import Consent, StateMove

__all__ = ["Choice", "Consent", "StateMove", "forget", "move"]
