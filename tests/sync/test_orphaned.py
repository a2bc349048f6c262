"""Managed jobs that no sync of the config owns: a config and the bindings of a state in."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.canonical import JobRef
from migrator.config.load import load
from migrator.providers import PROVIDERS
from migrator.store import State, open_state
from migrator.store.records import Binding
from migrator.sync.orphaned import Orphans, orphans
from tests.plan.builder import NOW


@pytest.fixture
def state(tmp_path: Path) -> State:
    """An empty state."""
    return open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: NOW)


def bind(state: State, sync: str, source: str = "devin:org-a", target: str = "devin:org-b", key: str = "1") -> None:
    """Note that a sync owns a job from one place to another."""
    one, other = (
        JobRef(provider=provider, scope=scope, id=f"{sync}-{end}-{key}")
        for end, (provider, scope) in enumerate(place.split(":") for place in (source, target))
    )
    bound = Binding(source=one, target=other, sync=sync, applied={"name": key}, seen={})
    state.put_binding(bound, dialect="vixie")


def found(state: State, folder: Path, *syncs: tuple[str, str, str], nearby: bool = False) -> list[Orphans]:
    """Return the orphans of a config with these syncs: name, and the organisations of source and target."""
    orgs = sorted({org for _name, *ends in syncs for org in ends} | {"org-a", "org-b"})
    text = "".join(f'[connections.{org}]\nprovider = "devin"\ntoken = "env:TOKEN"\norg_id = "{org}"\n' for org in orgs)
    text += "".join(f'[syncs.{name}]\nsource = "{one}"\ntarget = "{other}"\n' for name, one, other in syncs)
    path = folder / "migrator.toml"
    path.write_text(text, "utf-8")
    return list(orphans(load(path, providers=PROVIDERS), state, nearby=nearby))


def test_jobs_of_a_sync_of_the_config_are_no_orphans(state: State, tmp_path: Path) -> None:
    """Where both of its places are as they were."""
    bind(state, "it")

    assert found(state, tmp_path, ("it", "org-a", "org-b")) == []


def test_jobs_of_a_renamed_sync_go_to_the_one_that_has_both_places(state: State, tmp_path: Path) -> None:
    """The command is named where there is one such sync; all of its jobs are."""
    bind(state, "old")
    bind(state, "old", key="2")

    (one,) = found(state, tmp_path, ("new", "org-a", "org-b"), ("back", "org-b", "org-a"), ("on", "org-a", "org-c"))
    assert one.reason == "the config has no sync old"
    assert one.command == "migrator state move sync.old sync.new"
    assert sorted(bound.name for bound in one.bound) == ["1", "2"]


@pytest.mark.parametrize(
    "syncs", [[], [("other", "org-c", "org-b")], [("new", "org-a", "org-b"), ("newer", "org-a", "org-b")]]
)
def test_jobs_that_no_sync_or_several_could_own_have_no_command(
    state: State, tmp_path: Path, syncs: list[tuple[str, str, str]]
) -> None:
    """A person decides."""
    bind(state, "old")

    (one,) = found(state, tmp_path, *syncs)
    assert one.command == ""


@pytest.mark.parametrize(
    ("ends", "reason", "command"),
    [
        (
            ("org-c", "org-b"),
            "the source of sync it is devin:org-c, not devin:org-a",
            "migrator state move scope.devin:org-a scope.devin:org-c",
        ),
        (
            ("org-a", "org-c"),
            "the target of sync it is devin:org-c, not devin:org-b",
            "migrator state move scope.devin:org-b scope.devin:org-c",
        ),
        (("org-c", "org-d"), "the source of sync it is devin:org-c, not devin:org-a; the target", ""),
    ],
)
def test_jobs_of_a_sync_that_reaches_another_place(
    state: State, tmp_path: Path, ends: tuple[str, str], reason: str, command: str
) -> None:
    """One place may be another name of the same; where both differ, nobody can say."""
    bind(state, "it")

    (one,) = found(state, tmp_path, ("it", *ends))
    assert (one.reason.startswith(reason), one.command) == (True, command)


def test_a_place_of_another_platform_is_not_another_name(state: State, tmp_path: Path) -> None:
    """Jobs cannot be there under the same ids."""
    bind(state, "it", source="omni:acme")

    (one,) = found(state, tmp_path, ("it", "org-a", "org-b"))
    assert (one.reason, one.command) == ("the source of sync it is devin:org-a, not omni:acme", "")


def test_a_shared_state_may_hold_jobs_of_other_configs(state: State, tmp_path: Path) -> None:
    """They are left out where neither the sync nor a place is known here."""
    bind(state, "far", "devin:x", "devin:y")
    bind(state, "it", "devin:x", "devin:z")
    bind(state, "from", "devin:org-a", "devin:y")
    bind(state, "to", "devin:x", "devin:org-b")
    here = ("it", "org-a", "org-b")

    assert {one.home.sync for one in found(state, tmp_path, here)} == {"far", "it", "from", "to"}
    assert {one.home.sync for one in found(state, tmp_path, here, nearby=True)} == {"it", "from", "to"}
