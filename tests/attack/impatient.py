"""The real command with leases of a few seconds, so that an attack need not wait for a minute: LEASE says how many."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from functools import partial

from migrator.cli import environment, main
from migrator.store import open_state

if __name__ == "__main__":
    environment.open_state = partial(open_state, lease=timedelta(seconds=float(os.environ["LEASE"])))  # type: ignore[assignment]
    sys.exit(main())
