"""The whole table."""

from __future__ import annotations

from migrator.testing.edits import Edits
from migrator.testing.everyday import Everyday
from migrator.testing.faults import Faults
from migrator.testing.groups import Groups
from migrator.testing.kills import Kills
from migrator.testing.limits import FieldLimits
from migrator.testing.listings import Listings
from migrator.testing.memory import Memory
from migrator.testing.names import Names


class Conformance(Everyday, Edits, FieldLimits, Listings, Names, Memory, Groups, Faults, Kills):
    """Every scenario, between one platform and a file of jobs, in both directions.

    Subclass it in a test module, give it a `platform`, and run pytest.
    """
