"""Names change everywhere at once, on both kinds of database."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from migrator.canonical import JobRef
from migrator.errors import RefusedError
from migrator.store import State
from migrator.store.records import ActiveSide, Binding, Definition, InactiveJob, Run, Write
from migrator.store.relocation import Relocation
from tests.store.conftest import START

SOURCE = JobRef(provider="omni", scope="old", id="a")
TARGET = JobRef(provider="devin", scope="org", id="1")
OTHER = JobRef(provider="omni", scope="old", id="b")

SCOPE = Relocation(kind="scope", provider="omni", old="old", new="new")
SYNC = Relocation(kind="sync", old="it", new="that")
JOB = Relocation(kind="job", old="a", new="c", sync="it")


def binding(source: JobRef, target_id: str, **more: object) -> Binding:
    """A binding of the sync "it"."""
    made = Binding(source=source, target=attrs.evolve(TARGET, id=target_id), sync="it", applied={"name": "A"}, seen={})
    return attrs.evolve(made, **more)


@pytest.fixture
def filled(state: State) -> State:
    """Two bindings, a right, and a run that made one of them and touched it."""
    made = binding(SOURCE, "1", tagged=True)
    state.lineage("it", fresh="l")
    state.put_binding(made, binding(OTHER, "2"), dialect="vixie")
    active_side = ActiveSide(source=SOURCE, target=("devin", "org"), sync="it", live="target", since=START)
    state.put_active_side(active_side, dialect="eventbridge")
    state.keep_definitions([Definition(source=SOURCE, sync="it", fields={"name": "A"})])
    inactive = InactiveJob(
        source=SOURCE, name="A", live="neither", since=START, repair="migrator cutover it --back --job a"
    )
    state.put_inactive_jobs("it", [inactive])
    run = Run(id="r", sync="it", provider="devin", scope="org", started_at=START)
    claim = Write(run="r", seq=1, sync="it", action="create", source=SOURCE, target_scope="org", at=START)
    write = attrs.evolve(claim, state="claimed")
    state.begin_run(run, plan_digest="", dialect="vixie", claims=[write])
    state.save_record("r", TARGET, {"id": "1"}, binding=made, dialect="vixie")
    state.end_run("r", {"done": 1})
    state.remember("sync it", "hands seen", "{}")
    return state


def named(state: State) -> dict[str, list[str]]:
    """By table, which sync and source job its rows name."""
    tables = state.contents().tables
    rows = {name: [dict(row) for row in tables[name]] for name in ("bindings", "active_sides", "definitions", "writes")}
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
        "bindings": sorted([first, second]),
        "active_sides": [first],
        "definitions": [first],
        "writes": [first],
    }
    (saved_record,) = filled.saved_records("r", "vixie")
    assert saved_record.binding
    assert f"{saved_record.binding.sync} {saved_record.binding.source.scope}/{saved_record.binding.source.id}" == first
    assert [active_side.live for active_side in filled.active_sides("omni", ("old", "new"), "eventbridge")] == [
        "target"
    ]
    ((sync, (inactive,)),) = filled.inactive_jobs().items()
    assert f"{sync} {inactive.source.scope}/{inactive.source.id}" == first
    assert inactive.repair == f"migrator cutover {sync} --back --job {inactive.source.id}"


def test_a_move_of_a_target_takes_its_history_along(filled: State) -> None:
    """Runs, writes and saved records of a target are found under its new scope."""
    filled.relocate([Relocation(kind="scope", provider="devin", old="org", new="org-2")], [])

    assert [one.scope for one in filled.runs()] == ["org-2"]
    assert [one.target_scope for one in filled.writes("r")] == ["org-2"]
    assert [
        (one.ref.scope, one.binding and one.binding.target.scope) for one in filled.saved_records("r", "vixie")
    ] == [("org-2", "org-2")]
    assert len(filled.bindings("devin", ("org-2",), "vixie")) == 2
    assert filled.active_sides_towards(("devin", "org-2")) == {SOURCE}


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

    assert named(filled)["bindings"] == ["it old/b"]
    assert filled.active_sides("omni", ("old",), "eventbridge") == ()
    assert [one.id for one in filled.runs()] == ["r"]


def test_writes_without_an_outcome_are_found(filled: State) -> None:
    """Those that a move would rename, whether their jobs are bound or not."""
    sent = Write(
        run="r", seq=2, sync="it", action="create", source=OTHER, target_scope="org", at=START + timedelta(minutes=1)
    )
    filled.lock("devin:org", "r")
    filled.dispatch(sent, "devin", "vixie", lock="devin:org")

    assert [one.seq for one in filled.open_at([SCOPE])] == [2]
    assert filled.open_at([JOB]) == ()


def test_homes_and_what_is_bound_there(filled: State) -> None:
    """Each sync and pair of places once; replaced jobs are left out."""
    filled.put_binding(binding(attrs.evolve(SOURCE, id="z"), "3", superseded=True), dialect="vixie")
    (home,) = filled.homes()

    assert (home.sync, home.source, home.target) == ("it", ("omni", "old"), ("devin", "org"))
    assert [(one.source.id, one.target.id, one.name) for one in filled.bound(home)] == [
        ("a", "1", "A"),
        ("b", "2", "A"),
    ]
