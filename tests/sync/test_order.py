"""Which syncs wait for which."""

from __future__ import annotations

from itertools import permutations

import pytest

from migrator.config import Config
from migrator.sync.order import meeting
from tests.sync.orders import connection, waits


@pytest.mark.parametrize("pairs", list(permutations(["A>B", "B>C", "C>D"])))
def test_a_chain_runs_from_its_beginning(pairs: tuple[str, ...]) -> None:
    """However the file is ordered, each link of a chain waits for the one before it."""
    assert waits(*pairs) == {"A>B": set(), "B>C": {"A>B"}, "C>D": {"B>C"}}


def test_unrelated_syncs_wait_for_nobody() -> None:
    """Syncs that share at most a source run side by side."""
    assert waits("A>B", "A>C", "D>E") == {"A>B": set(), "A>C": set(), "D>E": set()}


def test_one_target_takes_one_sync_at_a_time() -> None:
    """Two syncs into one place run one after the other, in the order of the file."""
    assert waits("A>C", "B>C") == {"A>C": set(), "B>C": {"A>C"}}


@pytest.mark.parametrize("pairs", [("A=B", "A>C"), ("A>C", "A=B")])
def test_a_sync_of_both_ways_writes_to_its_source(pairs: tuple[str, str]) -> None:
    """What reads from that source as well comes after it, and two of both ways never share a source at once."""
    assert waits(*pairs) == {"A=B": set(), "A>C": {"A=B"}}
    assert waits("A=B", "A=C") == {"A=B": set(), "A=C": {"A=B"}}
    assert waits("A>B", "C=A") == {"C=A": set(), "A>B": {"C=A"}}


@pytest.mark.parametrize("pairs", [("A>B", "B>A"), ("B>A", "A>B")])
def test_a_circle_begins_with_the_first_of_the_file(pairs: tuple[str, str]) -> None:
    """Two directions between the same places run one after the other."""
    assert waits(*pairs) == {pairs[0]: set(), pairs[1]: {pairs[0]}}


def test_what_a_circle_feeds_comes_after_all_of_it() -> None:
    """A sync that reads what a circle writes is no part of the circle, even if it is first in the file."""
    assert waits("B>C", "A>B", "B>A") == {"A>B": set(), "B>A": {"A>B"}, "B>C": {"A>B"}}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"provider": "devin", "org_id": "a"}, {"provider": "devin", "org_id": "a"}, True),
        ({"provider": "devin", "org_id": "a"}, {"provider": "devin", "org_id": "b"}, False),
        ({"provider": "devin", "org_id": "a"}, {"provider": "devin", "org_id": "a", "base_url": "http://x"}, True),
        (
            {"provider": "devin", "org_id": "a"},
            {"provider": "devin", "org_id": "a", "base_url": "https://api.devin.ai/"},
            True,
        ),
        ({"provider": "omni", "user_ids": ("a", "b")}, {"provider": "omni", "user_ids": ("b",)}, True),
        ({"provider": "omni", "user_ids": ("a",)}, {"provider": "omni", "user_ids": ("b",)}, False),
        ({"provider": "omni", "user_ids": ("a",)}, {"provider": "omni"}, True),
        ({"provider": "json", "path": "a"}, {"provider": "json", "path": "b"}, False),
    ],
)
def test_two_connections_meet_where_they_reach_the_same_jobs(one: dict, other: dict, *, is_same: bool) -> None:
    """What counts is the place, not the name of the connection nor its token."""
    connections = {"one": connection(**one), "other": connection(**other)}
    meet = meeting(Config(path=None, connections=connections, syncs={}))

    assert meet("one", "other") is is_same
