"""Names change everywhere at once, on both kinds of database."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from migrator.canonical import JobRef
from migrator.errors import RefusedError
from migrator.state import Intent, Link, Relocation, Right, Run, State
from migrator.state.values import Dark, Definition
from tests.state.conftest import START

SOURCE = JobRef(provider="omni", scope="old", id="a")
TARGET = JobRef(provider="devin", scope="org", id="1")
OTHER = JobRef(provider="omni", scope="old", id="b")

SCOPE = Relocation(kind="scope", provider="omni", old="old", new="new")
SYNC = Relocation(kind="sync", old="it", new="that")
JOB = Relocation(kind="job", old="a", new="c", sync="it")


def link(source: JobRef, target_id: str, **more: object) -> Link:
    """A binding of the sync "it"."""
    made = Link(source=source, target=attrs.evolve(TARGET, id=target_id), sync="it", applied={"name": "A"}, seen={})
    return attrs.evolve(made, **more)


@pytest.fixture
def filled(state: State) -> State:
    """Two bindings, a right, and a run that made one of them and touched it."""
    made = link(SOURCE, "1", marked=True)
    state.lineage("it", fresh="l")
    state.put_link(made, link(OTHER, "2"), dialect="vixie")
    right = Right(source=SOURCE, target=("devin", "org"), sync="it", live="target", since=START)
    state.put_right(right, dialect="eventbridge")
    state.keep_definitions([Definition(source=SOURCE, sync="it", fields={"name": "A"})], dialect="eventbridge")
    dark = Dark(source=SOURCE, name="A", live="neither", since=START, repair="migrator cutover it --back --job a")
    state.note_dark("it", [dark])
    run = Run(id="r", sync="it", provider="devin", scope="org", started_at=START)
    claim = Intent(run="r", seq=1, sync="it", action="create", source=SOURCE, target_scope="org", at=START)
    intent = attrs.evolve(claim, state="claimed")
    state.begin_run(run, plan_digest="", dialect="vixie", claims=[intent])
    state.snapshot("r", TARGET, {"id": "1"}, link=made, dialect="vixie")
    state.end_run("r", {"done": 1})
    state.remember("sync it", "hands seen", "{}")
    return state


def named(state: State) -> dict[str, list[str]]:
    """By table, which sync and source job its rows name."""
    tables = state.contents().tables
    rows = {name: [dict(row) for row in tables[name]] for name in ("links", "rights", "definitions", "intents")}
    return {
        name: sorted(f"{row['sync']} {row['source_scope']}/{row['source_id']}" for row in found)
        for name, found in rows.items()
    }


@pytest.mark.parametrize(
    ("relocation", "first", "second"),
    [
        (SCOPE, "it new/a", "it new/b"),
        (SYNC, "that old/a", "that old/b"),
        (JOB, "it old/c", "it old/b"),
        (attrs.evolve(SCOPE, jobs=frozenset({"a"})), "it new/a", "it old/b"),
        (attrs.evolve(SCOPE, sync="another"), "it old/a", "it old/b"),
    ],
)
def test_every_table_follows(filled: State, relocation: Relocation, first: str, second: str) -> None:
    """Bindings, rights, definitions, writes and the bindings in saved records get the new name, and no others do."""
    filled.relocate([relocation], [])

    assert named(filled) == {
        "links": sorted([first, second]),
        "rights": [first],
        "definitions": [first],
        "intents": [first],
    }
    (snapshot,) = filled.snapshots("r", "vixie")
    assert snapshot.link
    assert f"{snapshot.link.sync} {snapshot.link.source.scope}/{snapshot.link.source.id}" == first
    assert [right.live for right in filled.rights("omni", ("old", "new"), "eventbridge")] == ["target"]
    ((sync, (dark,)),) = filled.dark().items()
    assert f"{sync} {dark.source.scope}/{dark.source.id}" == first
    assert dark.repair == f"migrator cutover {sync} --back --job {dark.source.id}"


def test_a_move_of_a_target_takes_its_history_along(filled: State) -> None:
    """Runs, writes and saved records of a target are found under its new scope."""
    filled.relocate([Relocation(kind="scope", provider="devin", old="org", new="org-2")], [])

    assert [one.scope for one in filled.runs()] == ["org-2"]
    assert [one.target_scope for one in filled.intents("r")] == ["org-2"]
    assert [(one.ref.scope, one.link and one.link.target.scope) for one in filled.snapshots("r", "vixie")] == [
        ("org-2", "org-2")
    ]
    assert len(filled.links("devin", ("org-2",), "vixie")) == 2
    assert filled.rights_towards(("devin", "org-2")) == {SOURCE}


def test_what_is_known_of_a_sync_follows_its_name(filled: State) -> None:
    """Lineage, serial and notes go to the new name; a name that has them keeps its own."""
    before = filled.lineage("it", fresh="x")
    filled.relocate([SYNC], [])

    assert filled.lineage("that", fresh="y") == before
    assert filled.recall("sync that", "hands seen") == "{}"
    assert filled.recall("sync it", "hands seen") is None


def test_there_and_back_is_nothing(filled: State) -> None:
    """The reverse of a move leaves every row as it was."""
    before = filled.contents()
    for one in (SCOPE, SYNC, JOB):
        filled.relocate([one], [])
        filled.relocate([attrs.evolve(one, old=one.new, new=one.old)], [])

        assert filled.contents() == before


def test_two_bindings_do_not_become_one(filled: State) -> None:
    """A move that would leave two target jobs for one source job is refused, and nothing is changed."""
    before = filled.contents()
    clash = attrs.evolve(JOB, new="b")

    with pytest.raises(RefusedError, match="omni/b"):
        filled.rebindings([clash])
    with pytest.raises(RefusedError, match="omni/b"):
        filled.relocate([clash], [])
    assert filled.contents() == before


def test_the_history_shows_a_move(filled: State) -> None:
    """Its run is entered as ended, and outdates the plans that were made before it."""
    serial = filled.lineage("it", fresh="x")[1]
    run = Run(id="m", sync="it", provider="devin", scope="org", kind="move", started_at=START, summary={"done": 2})
    filled.relocate([SCOPE], [run])

    assert (filled.runs()[0].id, filled.runs()[0].kind, dict(filled.runs()[0].summary)) == ("m", "move", {"done": 2})
    assert filled.lineage("it", fresh="x")[1] == serial + 1


def test_what_is_forgotten_is_gone(filled: State) -> None:
    """Bindings and rights go; the history stays."""
    filled.forget(filled.bound_at([JOB]), [])

    assert named(filled)["links"] == ["it old/b"]
    assert filled.rights("omni", ("old",), "eventbridge") == ()
    assert [one.id for one in filled.runs()] == ["r"]


def test_writes_without_an_outcome_are_found(filled: State) -> None:
    """Those that a move would rename, whether their jobs are bound or not."""
    sent = Intent(
        run="r", seq=2, sync="it", action="create", source=OTHER, target_scope="org", at=START + timedelta(minutes=1)
    )
    filled.lock("devin:org", "r")
    filled.dispatch(sent, "devin", "vixie", lock="devin:org")

    assert [one.seq for one in filled.open_at([SCOPE])] == [2]
    assert filled.open_at([JOB]) == ()


def test_homes_and_what_is_bound_there(filled: State) -> None:
    """Each sync and pair of places once; replaced jobs are left out."""
    filled.put_link(link(attrs.evolve(SOURCE, id="z"), "3", superseded=True), dialect="vixie")
    (home,) = filled.homes()

    assert (home.sync, home.source, home.target) == ("it", ("omni", "old"), ("devin", "org"))
    assert [(one.source.id, one.target.id, one.name) for one in filled.bound(home)] == [
        ("a", "1", "A"),
        ("b", "2", "A"),
    ]
