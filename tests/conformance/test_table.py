"""The table that the author of a provider runs, against the sandbox's platforms and a file."""

from __future__ import annotations

from itertools import permutations

from migrator.sandbox import Options
from migrator.testing.base import Pair
from migrator.testing.conformance import Conformance
from migrator.testing.everyday import Everyday
from migrator.testing.faults import Faults
from migrator.testing.groups import Groups
from migrator.testing.kills import Kills
from migrator.testing.memory import Memory
from tests.conformance.platforms import Devin, Omni, Scrip, place_of

OMNI, DEVIN, SCRIP = Omni(), Devin(), Scrip()


class OnSandbox:
    """The users of a simulator act on its records."""

    place = staticmethod(place_of)


class TestOmni(OnSandbox, Conformance):
    platform = OMNI


class TestOmniByPut(OnSandbox, Conformance):
    platform = Omni(Options(omni_quota=1_000, omni_update="put"))


class TestDevin(OnSandbox, Conformance):
    platform = DEVIN


class TestDevinWithoutTags(OnSandbox, Memory, Groups, Faults, Kills):
    """A generation of Devin on which our jobs carry no ownership tag."""

    platform = Devin(Options(devin_shape="seed"))


class TestScrip(OnSandbox, Conformance):
    platform = SCRIP


class TestBetweenPlatforms(OnSandbox, Everyday):
    platform = DEVIN

    @classmethod
    def pairs(cls) -> list[Pair]:
        """Every platform with every other."""
        return list(permutations((OMNI, DEVIN, SCRIP), 2))
