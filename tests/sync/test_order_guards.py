"""Which syncs wait for which, in longer chains and circles, and which connections do not meet."""

from __future__ import annotations

from itertools import permutations

import pytest

from migrator.config import Config
from migrator.providers import scopes_of
from migrator.providers.base import Connection
from migrator.sync.order import meeting
from tests.sync.orders import connection, waits


def meet(one: Connection, other: Connection) -> bool:
    """Whether two connections reach the same jobs."""
    return meeting(Config(path=None, connections={"one": one, "other": other}, syncs={}))("one", "other")


@pytest.mark.parametrize("pairs", list(permutations(["A>B", "B>C", "C>D", "D>E"])))
def test_a_longer_chain_runs_from_its_beginning_too(pairs: tuple[str, ...]) -> None:
    """Whatever stands first in the file."""
    assert waits(*pairs) == {"A>B": set(), "B>C": {"A>B"}, "C>D": {"B>C"}, "D>E": {"C>D"}}


@pytest.mark.parametrize("pairs", list(permutations(["A>B", "B>C", "C>A"])))
def test_a_circle_of_three_begins_with_the_first_of_the_file(pairs: tuple[str, ...]) -> None:
    """Each of them is fed by another one, and one has to begin."""
    found = waits(*pairs)
    assert list(found) == list(pairs)
    assert found[pairs[0]] == set()


def test_a_part_meets_the_whole_in_either_order() -> None:
    """A member of an instance, and the instance."""
    whole, part = connection("omni"), connection("omni", user_ids=("a",))
    assert meet(whole, part)
    assert meet(part, whole)


def test_platforms_do_not_meet_where_their_places_have_one_name() -> None:
    """An organisation may be called like a file."""
    file = connection("json", path="a")
    (name,) = scopes_of(file)
    devin = connection("devin", org_id=name)
    assert scopes_of(devin) == (name,)
    assert not meet(file, devin)
