"""Bindings: which target job stands for which part of which source job."""

from __future__ import annotations

import attrs
import pytest

from migrator.canonical import JobRef
from migrator.store import State
from migrator.store.records import Binding
from tests.store.records import SOURCE

FIRST = Binding(
    source=SOURCE,
    target=JobRef(provider="devin", scope="org-1", id="z"),
    sync="it",
    applied={"name": "Job"},
    seen={"name": "Job"},
)
SECOND = attrs.evolve(FIRST, target=JobRef(provider="devin", scope="org-1", id="a"))


def bindings(state: State, *scopes: str) -> set[str]:
    """The ids of the target jobs that are linked."""
    return {binding.target.id for binding in state.bindings("devin", scopes or ("org-1",), "vixie")}


def test_a_piece_has_one_target_job(state: State) -> None:
    """When a job is made anew, its link takes the place of the old one, whichever comes first in the table."""
    state.put_binding(FIRST, dialect="vixie")
    state.put_binding(SECOND, dialect="vixie")
    assert {"a"} == bindings(state)

    state.put_binding(FIRST, dialect="vixie")
    assert {"z"} == bindings(state)


def test_a_job_that_waits_to_be_deleted_keeps_its_link(state: State) -> None:
    """While a job is replaced, the old one and the new one are both ours, until the old one is dropped."""
    state.put_binding(attrs.evolve(FIRST, superseded=True), dialect="vixie")
    state.put_binding(SECOND, dialect="vixie")
    assert {"a", "z"} == bindings(state)

    state.drop_binding(FIRST.target)
    assert {"a"} == bindings(state)


@pytest.mark.parametrize(
    "other",
    [
        attrs.evolve(SECOND, piece=2, pieces=2),
        attrs.evolve(SECOND, source=attrs.evolve(SOURCE, id="source-2")),
        attrs.evolve(SECOND, source=attrs.evolve(SOURCE, scope="other.example/api")),
        attrs.evolve(SECOND, target=attrs.evolve(SECOND.target, scope="org-2")),
    ],
)
def test_other_pieces_sources_and_targets_do_not_interfere(state: State, other: Binding) -> None:
    """A link to another piece, of another source job or into another target leaves the first one alone."""
    state.put_binding(FIRST, dialect="vixie")
    state.put_binding(other, dialect="vixie")

    assert {"a", "z"} == bindings(state, "org-1", "org-2")


def test_what_is_linked_to_what(state: State) -> None:
    """Source job, piece and target job are read without what was written, of the scopes that were asked for alone."""
    state.put_binding(FIRST, dialect="vixie")
    state.put_binding(attrs.evolve(SECOND, target=attrs.evolve(SECOND.target, scope="org-2")), dialect="vixie")

    assert ((FIRST.source, FIRST.piece, FIRST.target),) == state.bound_jobs("devin", ("org-1",))


def test_links_of_some_target_jobs(state: State) -> None:
    """Who asks for the links of some target jobs gets those alone."""
    other = attrs.evolve(SECOND, piece=2)
    state.put_binding(FIRST, other, dialect="vixie")

    assert (other,) == state.bindings("devin", ("org-1",), "vixie", only={other.target.id, "unknown"})
