"""The table that the author of a provider runs, against the sandbox's platforms and a file."""

from __future__ import annotations

from itertools import permutations

import pytest

from migrator.sandbox import Options
from migrator.testing.base import Pair
from migrator.testing.conformance import Conformance
from migrator.testing.everyday import Everyday
from migrator.testing.faults import Faults
from migrator.testing.groups import Groups
from migrator.testing.kills import Kills
from migrator.testing.memory import Memory
from tests.conformance.files import Crontab, GitHub
from tests.conformance.platforms import Devin, Omni, Scrip, place_of

OMNI, DEVIN, SCRIP = Omni(), Devin(), Scrip()
CRONTAB, GITHUB = Crontab(), GitHub()


class OurPlaces:
    """The users of a simulator act on its records, those of files on the files."""

    place = staticmethod(place_of)


class TestOmni(OurPlaces, Conformance):
    platform = OMNI


@pytest.mark.slow
class TestOmniByPut(OurPlaces, Conformance):
    platform = Omni(Options(omni_quota=1_000, omni_update="put"))


@pytest.mark.slow
class TestDevin(OurPlaces, Conformance):
    platform = DEVIN


class DevinWithoutTags(Devin):
    """A generation of Devin on which our jobs carry no ownership tag."""

    keeps_tags = False


@pytest.mark.slow
class TestDevinWithoutTags(OurPlaces, Memory, Groups, Faults, Kills):
    platform = DevinWithoutTags(Options(devin_shape="seed"))


@pytest.mark.slow
class TestScrip(OurPlaces, Conformance):
    platform = SCRIP


@pytest.mark.slow
class TestCrontab(OurPlaces, Conformance):
    platform = CRONTAB


@pytest.mark.slow
class TestGitHub(OurPlaces, Conformance):
    platform = GITHUB


@pytest.mark.slow
class TestBetweenPlatforms(OurPlaces, Everyday):
    platform = DEVIN

    @classmethod
    def pairs(cls) -> list[Pair]:
        """Every served platform with every other, and files with one of them each."""
        files: list[Pair] = [(OMNI, CRONTAB), (CRONTAB, DEVIN), (OMNI, GITHUB), (GITHUB, DEVIN)]
        return [*permutations((OMNI, DEVIN, SCRIP), 2), *files]
