"""Providers of other packages: one that is really installed, and those that cannot be used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from migrator.catalog import catalog, entry_of
from migrator.errors import MappingError, MigratorError, UsageError
from migrator.providers.declaration import Capabilities, Provider
from migrator.providers.registry import PROVIDERS, Registry

pytestmark = pytest.mark.slow

ACME = Path(__file__).parent / "acme"
CONFIG = """
[connections.here]
provider = "acme"
file = "acme.jsonl"
colour = "red"

[connections.archive]
provider = "json"
path = "jobs.json"

[syncs.nightly]
source = "here"
target = "archive"
[syncs.back]
source = "archive"
target = "here"
adopt = "identical"
"""
JOBS = (
    {"key": "1", "name": "Weekly note", "on": True, "when": "0 9 * * 1", "prompt": "Sum up the week."},
    {"key": "2", "name": "Nightly check", "on": False, "when": "0 2 * * *", "prompt": "Check the stock."},
)
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which a wheel of the package was installed, as users do it."""
    folder = tmp_path_factory.mktemp("acme")
    shutil.copytree(ACME, folder / "source")
    build = ("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    subprocess.run([sys.executable, *build], cwd=folder / "source", check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    install = ("-m", "pip", "install", "--no-index", "--no-deps", "--target", str(folder / "site"), str(wheel))
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    return folder / "site"


@pytest.fixture
def run(site: Path, tmp_path: Path) -> Run:
    """Run a command where the package is installed, beside a config file that uses it."""
    (tmp_path / "migrator.toml").write_text(CONFIG)
    (tmp_path / "jobs.json").write_text('{"schema": "migrator/jobs@1", "jobs": []}')
    (tmp_path / "acme.jsonl").write_text("".join(json.dumps(job) + "\n" for job in JOBS))
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])

    def _run(*words: str, code: int = 0, environ: Mapping[str, str] = os.environ) -> subprocess.CompletedProcess[str]:
        command, env = [sys.executable, "-m", "migrator", *words], {**os.environ, **environ, "PYTHONPATH": path}
        ran = subprocess.run(command, cwd=tmp_path, env=env, check=False, capture_output=True, text=True)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran

    return _run


def test_it_is_listed_with_its_package(run: Run) -> None:
    """`migrator providers` shows it beside ours, with the package, its version and its page."""
    document = json.loads(run("providers", "--json").stdout)
    found = {one["name"]: one for one in document["providers"]}
    assert "acme-migrator 1.2" == found["acme"]["package"]
    assert "https://acme.example/migrator" == found["acme"]["page"]
    assert found["acme"]["capabilities"]["own_id"]
    assert {None} == {one["package"] for name, one in found.items() if name != "acme"}
    assert "acme-migrator 1.2" in run("providers").stdout


def test_its_settings_are_keys_of_the_config(run: Run, tmp_path: Path) -> None:
    """The schema, the errors and the starter know them."""
    schema = json.loads(run("schema", "config").stdout)
    keys = schema["properties"]["connections"]["additionalProperties"]["properties"]
    assert ["red", "green"] == keys["colour"]["enum"]

    (tmp_path / "migrator.toml").write_text(CONFIG.replace('"red"', '"blue"').replace("file =", "fiel ="))
    told = run("plan", "nightly", code=2).stderr
    assert "connections.here.colour is not one of its values" in told
    assert 'did you mean "file"?' in told
    assert "connections.here lacks the key file" in told

    (tmp_path / "migrator.toml").unlink()
    run("init")
    assert '[connections.acme]\nprovider = "acme"\nfile = "acme.jsonl"' in (tmp_path / "migrator.toml").read_text()


def test_doctor_looks_at_it(run: Run) -> None:
    """Its own checks are told, and that it comes from a package."""
    checks = {(one["about"], one["what"]): one for one in json.loads(run("doctor", "--json").stdout)["checks"]}
    assert "red" == checks["here", "colour"]["found"]
    assert "of the package acme-migrator 1.2" == checks["providers", "acme"]["found"]
    assert "authenticated, 2 jobs" == checks["here", "reading"]["found"]


def test_jobs_move_to_and_from_it(run: Run, tmp_path: Path) -> None:
    """Audit, plan, apply and verify work with it at both ends, and a second plan is empty."""
    assert 2 == len(json.loads(run("list", "here", "--json").stdout)["jobs"])
    assert 2 == json.loads(run("audit", "here", "--to", "json", "--json").stdout)["summary"]["jobs"]
    run("apply", "nightly", "--yes")
    assert {"Weekly note", "Nightly check"} == {
        job["name"] for job in json.loads((tmp_path / "jobs.json").read_text())["jobs"]
    }
    assert 0 == json.loads(run("plan", "nightly", "--json").stdout)["summary"]["create"]

    (tmp_path / "acme.jsonl").unlink()
    (tmp_path / "migrator.db").unlink()
    run("apply", "back", "--yes")
    made = [json.loads(text) for text in (tmp_path / "acme.jsonl").read_text().splitlines()]
    assert {job["name"]: (job["when"], job["on"]) for job in JOBS} == {
        job["name"]: (job["when"], job["on"]) for job in made
    }
    assert "acme" in run("audit", "archive", "--to", "acme").stdout.lower()
    run("verify", "back")


def test_its_dialect_is_known_by_its_name(run: Run) -> None:
    """`explain` and completion take the provider's name."""
    assert "vixie" == json.loads(run("explain", "0 9 * * 1", "--from", "acme", "--json").stdout)["dialect"]
    words = {"_MIGRATOR_COMPLETE": "complete_bash", "COMP_WORDS": "migrator audit here --to ac", "COMP_CWORD": "4"}
    assert "acme\n" == run(environ=words).stdout


# -- packages that cannot be used -------------------------------------------------------------------------------------


def entry(provider: object, *, name: str = "acme", package: str = "acme-migrator", version: str = "1.2") -> Any:
    """An entry point, as the metadata of an installed package gives it; an exception is what importing it raises."""

    def load() -> object:
        if isinstance(provider, BaseException):
            raise provider
        return provider

    dist = SimpleNamespace(name=package, version=version)
    return SimpleNamespace(name=name, value=f"{package}:PROVIDER", module=package, dist=dist, load=load)


def acme(**changes: Any) -> Provider:
    """The declaration of a provider that can be used: that of files of jobs, under another name."""
    mapping = Path(__file__).parent / "acme" / "acme_migrator" / "acme.toml"
    capabilities = Capabilities(create_paused=True, own_id=True)
    good = {"name": "acme", "title": "Acme", "mapping": mapping, "capabilities": capabilities, "documented": None}
    return evolve(PROVIDERS["json"], **{**good, **changes})


def refused(*entries: Any, name: str = "acme") -> MigratorError:
    """Why a provider cannot be used, beside which all others can."""
    registry = Registry(others=lambda: entries)
    found = catalog(providers=registry)
    assert {"devin", "json", "omni", "scrip"} <= found.entries.keys()
    with pytest.raises(MigratorError) as told:
        entry_of(name, providers=registry)
    assert str(told.value) == str(found.problems[name])
    return told.value


def test_the_declaration_that_the_others_break_can_be_used() -> None:
    """Each of the errors below has one cause."""
    registry = Registry(others=lambda: [entry(acme())])
    assert "acme-migrator 1.2" == entry_of("acme", providers=registry).package
    assert "acme" in registry
    assert "acme" in list(registry)


def test_two_packages_that_claim_one_name() -> None:
    """Both are named, and neither is used."""
    told = refused(entry(acme()), entry(acme(), package="other", version="0.1"))
    assert isinstance(told, UsageError)
    assert "acme-migrator 1.2, other 0.1" == told.actual
    assert "uninstall all but one" in told.hint


def test_a_name_of_ours_cannot_be_taken() -> None:
    """Our provider is used, and the package is told of."""
    registry = Registry(others=lambda: [entry(acme(name="json"), name="json")])
    assert PROVIDERS["json"] is registry["json"]
    found = catalog(providers=registry)
    assert "json" in found.entries
    assert "acme-migrator 1.2" in str(found.problems["json"])


@pytest.mark.parametrize(
    "error", [ImportError("no module named acme_sdk"), TypeError("unexpected keyword"), SystemExit()]
)
def test_an_entry_point_that_fails_to_import(error: BaseException) -> None:
    """The package is named with the error that its import raised."""
    told = refused(entry(error))
    assert "provider acme of the package acme-migrator 1.2" == told.where
    assert type(error).__name__ in told.actual


def test_another_version_of_the_kit() -> None:
    """Both versions are named."""
    told = refused(entry(acme(kit=2)))
    assert ("kit 2", "kit 1") == (told.actual, told.allowed)
    assert "acme-migrator 1.2" in told.where


def test_something_that_is_no_provider() -> None:
    """A class, a module or another name than its own is told, with the package."""
    assert "is no provider" in str(refused(entry(Provider)))
    assert "another name" in str(refused(entry(acme(name="emca"))))


def test_a_mapping_that_is_not_total(tmp_path: Path) -> None:
    """The missing field is named with the file and the package."""
    good = (ACME / "acme_migrator" / "acme.toml").read_text()
    (tmp_path / "acme.toml").write_text(good.replace('labels   = "Acme has no labels"\n', ""))
    told = refused(entry(acme(mapping=tmp_path / "acme.toml")))
    assert isinstance(told, MappingError)
    assert "canonical field labels: neither in [fields] nor in [translated] nor in [lost]" in told.problems
    assert f"{tmp_path / 'acme.toml'} in the package acme-migrator 1.2" == told.where


def test_a_declaration_that_its_mapping_contradicts() -> None:
    """What both of them say must agree: a capability that is declared is one that the mapping uses."""
    told = refused(entry(acme(capabilities=Capabilities(create_paused=True))))
    assert "capability own_id: declared no, and by [identity] chosen of the mapping yes" in str(told)


def test_no_package_is_read_to_use_one_of_ours() -> None:
    """A broken package costs nobody anything who does not use it."""

    def broken() -> tuple[metadata.EntryPoint, ...]:
        raise AssertionError("the packages were read")

    registry = Registry(others=broken)
    assert "omni" in registry
    assert "omni" == registry["omni"].name


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"versions": True}, "capability versions: declared yes, and by version_field of the adapter no"),
        ({"fire_log": False}, "capability fire_log: declared no, and by fires of the adapter yes"),
        ({"tag_search": False}, "capability tag_search: declared no, and by tagged_jobs of the adapter yes"),
    ],
)
def test_a_capability_that_the_adapter_does_not_have(changes: dict[str, bool], told: str) -> None:
    """What is declared of a platform that is reached over HTTP is what its adapter can do."""
    langgraph = PROVIDERS["langgraph"]
    declared = evolve(langgraph, capabilities=evolve(langgraph.capabilities, **changes))
    with pytest.raises(MappingError, match="is not what the provider declares") as caught:
        entry_of("langgraph", providers={"langgraph": declared})
    assert told in str(caught.value)
