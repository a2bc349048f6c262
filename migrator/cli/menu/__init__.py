"""The commands with their arguments and help; nothing here is slow to import.

What the commands do stands in the other modules of `migrator.cli`, which are loaded when they are first used. Help
lists the commands in the order in which these modules name them.
"""

from migrator.cli.menu import start, move, hand, mend, keep, know  # isort: skip
from migrator.cli.menu.app import app

__all__ = ["app", "hand", "keep", "know", "mend", "move", "start"]
