"""What programs import: the names are pinned, typed, and cost nothing until they are used."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import migrator
from migrator import AsyncMigrator, Migrator, api, to_document
from migrator.report.schemas import SCHEMAS
from migrator.sandbox import BackgroundServer, World, load_samples, migrator_toml, settings
from migrator.sync import commands

NAMES = (
    "Applied AsyncMigrator Audit Change Check Config ConfigError Cutover LockedError Migrator MigratorError "
    "Once Outcome Plan ProviderError Recurring RefusedError Run Schedule ScheduleError StalePlanError StateError "
    "SyncRun Translation UsageError Verification Write __version__ load_config next_fires parse render to_document "
    "translate"
)


def test_the_names_are_pinned() -> None:
    """Nothing comes or goes unnoticed; each leads to something with a docstring."""
    assert migrator.__all__ == NAMES.split()
    assert [name for name in NAMES.split() if not getattr(migrator, name).__doc__] == []


def test_what_a_type_checker_sees_is_what_there_is() -> None:
    """The imports that only type checkers follow name the same things from the same places."""
    tree = ast.parse(Path(migrator.__file__).read_text("utf-8"))
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name: node.module for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names}

    assert seen == {name: f"migrator.{home}" for name, home in migrator._HOME_OF.items()}
    assert sorted([*seen, "__version__"]) == sorted(migrator.__all__)


def test_what_is_not_there_is_an_attribute_error() -> None:
    """As of any module; and `dir` shows what is there."""
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        migrator.nope  # noqa: B018 (looking is the point)
    assert set(NAMES.split()) <= set(dir(migrator))
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        commands.nope  # noqa: B018 (as above)


def test_importing_it_is_cheap() -> None:
    """The package alone loads nothing but itself."""
    script = "import sys; before = set(sys.modules); import migrator; print(*set(sys.modules) - before)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    ours = {name for name in ran.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}

    assert ours == {"migrator"}


def test_both_ways_have_the_same_methods() -> None:
    """A method of `Migrator` returns what the coroutine of `AsyncMigrator` does: same name, arguments and docstring."""
    blocking, awaited = (
        {name: one for name, one in vars(cls).items() if not name.startswith("_")} for cls in (Migrator, AsyncMigrator)
    )

    assert blocking.keys() == awaited.keys() | {"config"}
    assert [name for name in awaited if inspect.signature(blocking[name]) != inspect.signature(awaited[name])] == []
    assert [n for n in awaited if n != "close" and getattr(blocking[n], "__wrapped__", None) is not awaited[n]] == []
    assert [name for name in awaited if inspect.iscoroutinefunction(blocking[name])] == []


def test_results_are_the_documents_of_the_commands(tmp_path: Path) -> None:
    """Every result has a document that its schema lets through; what has none is refused."""
    world = World(clock=None)
    load_samples(world)
    with BackgroundServer(world) as server:
        (tmp_path / "migrator.toml").write_text(migrator_toml(world, server.port), encoding="utf-8")
        environ = {way["env"]: way["token"] for way in settings(world, server.port).values() if "env" in way}
        with Migrator(tmp_path / "migrator.toml", environ=environ) as it:
            found = {
                "doctor": it.doctor(),
                "audit": it.audit("omni", to="devin"),
                "plan": it.plan("omni-to-devin"),
                "apply": it.apply("omni-to-devin"),
                "verify": it.verify("omni-to-devin"),
                "run": it.sync("devin-to-scrip"),
                "cutover": it.cutover("omni-to-devin", dry_run=True),
                "retire": it.retire("omni-to-devin", dry_run=True),
            }
            documents = {name: to_document(result, name) for name, result in found.items()}
            undone, applied = it.rollback(it.history("omni-to-devin")[0].id, agree=lambda plan: bool(plan.pending))

    for name, document in documents.items():
        assert [error.message for error in Draft202012Validator(SCHEMAS[name]()).iter_errors(document)] == []
    assert len(undone.pending) == applied.summary["done"]
    with pytest.raises(TypeError, match="no document of a int"):
        to_document(1)


def test_looking_at_connections_makes_no_state(tmp_path: Path) -> None:
    """An audit needs none."""
    (tmp_path / "migrator.toml").write_text(
        '[connections.a]\nprovider = "json"\npath = "jobs.json"\n', encoding="utf-8"
    )
    (tmp_path / "jobs.json").write_text('{"schema": "migrator/jobs@1", "jobs": []}', encoding="utf-8")
    with Migrator(tmp_path / "migrator.toml") as it:
        assert it.export("a")["jobs"] == []
        assert it.config.connections["a"].provider == "json"

    assert sorted(path.name for path in tmp_path.iterdir()) == ["jobs.json", "migrator.toml"]
    assert api.agreed(None)  # type: ignore[arg-type]  # whatever the plan
