"""The demonstration: jobs move between two stand-ins, in one process, on a clock that stands still.

It uses what every command uses, over real connections to this machine; only the clock and the providers are not real.
"""

from __future__ import annotations

from typing import Final

_SYNC: Final = "omni-to-devin"
