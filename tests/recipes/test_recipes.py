"""The recipes for running migrator every night: each is what its place takes, and keeps secrets out of sight."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from jsonschema import Draft202012Validator

from migrator.cli.app import app
from migrator.cli.options import Task
from migrator.config import load
from migrator.cron import parse
from migrator.providers.registry import PROVIDERS
from migrator.sandbox import BackgroundServer, World, migrator_toml, settings
from tests.cli.bench import routine

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes"
PAGE = ROOT / "docs" / "running.md"
SYNC = ["sync", "--all"]
SECRET = re.compile(r"\b(sk|cog|ghp|omni)_[a-z0-9]|(?i:token|password|secret|key)\s*[:=]\s*['\"]?[A-Za-z0-9+/]{16,}")


def recipe(name: str) -> str:
    """What a recipe says."""
    return (RECIPES / name).read_text("utf-8")


def is_understood(arguments: list[str]) -> bool:
    """Whether migrator takes these arguments; nothing is run."""
    return isinstance(typer.main.get_command(app).main(arguments, prog_name="migrator", standalone_mode=False), Task)


def unit(name: str) -> dict[str, list[str]]:
    """The settings of a systemd unit, each with its values in order."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", recipe(name), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", sorted(path.name for path in RECIPES.iterdir()))
def test_the_page_shows_each_recipe_to_the_letter(name: str) -> None:
    """What stands in docs/running.md is the file; it is rewritten when MIGRATOR_UPDATE_DOCS is set."""
    page = PAGE.read_text("utf-8")
    shown = re.search(rf"<!-- recipes/{re.escape(name)} -->\n```\w+\n(.*?)```\n<!-- /recipes", page, re.DOTALL)
    assert shown
    if os.environ.get("MIGRATOR_UPDATE_DOCS"):
        PAGE.write_text(page[: shown.start(1)] + recipe(name) + page[shown.end(1) :], "utf-8")
    else:
        assert shown[1] == recipe(name)


@pytest.mark.parametrize("name", sorted(path.name for path in RECIPES.iterdir()))
def test_no_recipe_holds_a_secret(name: str) -> None:
    """Nothing in it looks like a token or a password."""
    assert SECRET.search(recipe(name)) is None
    assert SECRET.search('token = "sk_live_1"')
    assert SECRET.search("PGPASSWORD: abcdefghijklmnop")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Path]]:
    """A folder whose migrator.toml leads to served simulators; its tokens are in files."""
    world = World(clock=None)
    world.load("omni", [routine("Alpha")])
    with BackgroundServer(world) as server:
        text = migrator_toml(world, server.port)
        for way in settings(world, server.port).values():
            if "env" in way:
                (tmp_path / way["env"]).write_text(way["token"], "utf-8")
        (tmp_path / "migrator.toml").write_text(text.replace('"env:', '"file:').partition("[syncs")[0] + ONE, "utf-8")
        yield world, tmp_path


ONE = """
[syncs.nightly]
source = "omni"
target = "devin"
allow_loss = ["delivery.email", "action.model"]
"""


def test_the_crontab_line_runs(home: tuple[World, Path]) -> None:
    """A shell runs it as cron would: silent when all is well, else everything is printed, and the exit code is kept."""
    world, folder = home
    line = next(line for line in recipe("crontab").splitlines() if line and not re.match(r"#|[A-Z]+=", line))
    *times, user, command = line.split(None, 6)
    parse(" ".join(times), "vixie")
    assert "root" != user
    typed = command.replace("\\%", "%").replace("/etc/migrator", str(folder)).replace("/var/lib/migrator", str(folder))
    environ = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin", "PYTHONPATH": str(ROOT)}

    def run() -> tuple[int, str]:
        done = subprocess.run(["/bin/sh", "-c", typed], env=environ, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert (0, "") == run()
    assert ["Alpha"] == [row["record"]["name"] for row in world.records("devin")]
    world.fault("status", status=401, times=0)
    code, said = run()
    assert (1, True) == (code, "nightly: " in said)


def test_the_systemd_units_are_understood(tmp_path: Path) -> None:
    """Systemd's own check finds nothing wrong, and rates the service as well shut in; it is one of a few programs."""
    service, timer = unit("migrator.service"), unit("migrator.timer")
    program, *arguments = shlex.split(service["ExecStart"][0])
    assert ("/usr/local/bin/migrator", SYNC) == (program, arguments[:2])
    assert is_understood(arguments)
    assert "yes" == service["DynamicUser"][0]
    assert ["*-*-* 02:17:00 UTC"] == timer["OnCalendar"]

    verify = shutil.which("systemd-analyze")
    if not verify:
        pytest.skip("systemd-analyze is not installed here, and no package index has it")
    for name in ("migrator.service", "migrator.timer"):
        (tmp_path / name).write_text(recipe(name).replace(program, "/bin/true"), "utf-8")
    done = subprocess.run(
        [verify, "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)


def _workload() -> tuple[dict[str, Any], dict[str, Any]]:
    config, job = yaml.safe_load_all(recipe("cronjob.yaml"))
    return config, job


def test_the_kubernetes_objects_are_what_the_api_takes() -> None:
    """Both objects follow the API's schema, where a misspelt key is an error."""
    schema = json.loads((Path(__file__).parent / "kubernetes-1.37.json").read_text("utf-8"))
    kinds = {"ConfigMap": "io.k8s.api.core.v1.ConfigMap", "CronJob": "io.k8s.api.batch.v1.CronJob"}

    def faults(thing: dict[str, Any]) -> list[str]:
        checker = Draft202012Validator({**schema, "$ref": f"#/$defs/{kinds[thing['kind']]}"})
        return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(thing)]

    config, job = _workload()
    assert ([], []) == (faults(config), faults(job))
    job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["restartPolice"] = "Never"
    assert 1 == len(faults(job))


def test_the_kubernetes_job_does_what_it_says(tmp_path: Path) -> None:
    """Its config has no errors and its tokens come from the mounted secret; it runs as nobody and can write nothing."""
    config, job = _workload()
    (tmp_path / "migrator.toml").write_text(config["data"]["migrator.toml"], "utf-8")
    tokens = load(tmp_path / "migrator.toml", providers=PROVIDERS).tokens.values()
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    files = {
        f"{path}/{item['path']}"
        for path, name in mounts.items()
        for volume in pod["volumes"]
        if volume["name"] == name
        for item in volume.get("secret", {}).get("items", ())
    }

    parse(job["spec"]["schedule"], "vixie")
    assert SYNC == container["args"][:2]
    assert is_understood(container["args"])
    assert is_understood(["state", "upgrade", *container["args"][2:]])
    assert {token.reference.removeprefix("file:") for token in tokens} == files
    assert all("value" not in variable for variable in container["env"])
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert "Forbid" == job["spec"]["concurrencyPolicy"]


def test_the_github_workflow_is_one() -> None:
    """It follows the schema of workflows, may do little, and puts no expression into a shell."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*check, str(RECIPES / "github-actions.yml")], capture_output=True, text=True, check=False)
    workflow = yaml.safe_load(recipe("github-actions.yml"))
    steps = workflow["jobs"]["sync"]["steps"]
    runs = [step["run"] for step in steps if "run" in step]
    (typed,) = (run.partition('"$IMAGE" ')[2] for run in runs if '"$IMAGE"' in run)

    assert 0 == done.returncode, done.stdout
    parse(workflow[True]["schedule"][0]["cron"], "github")  # YAML 1.1 reads the key "on" as true
    assert {"contents": "read", "packages": "read"} == workflow["permissions"]
    assert [run for run in runs if "${{" in run] == []
    assert (SYNC, True) == (shlex.split(typed)[:2], is_understood(shlex.split(typed)))


def test_the_image_builds_from_what_it_copies(tmp_path: Path) -> None:
    """What the Containerfile copies is there and enough to build migrator; it ends as a user without rights."""
    lines = re.sub(r"\\\n\s*", "", recipe("Containerfile")).splitlines()
    steps = [tuple(line.split(None, 1)) for line in lines if line and not line.startswith("#")]
    for _, what in (step for step in steps if step[0] == "COPY" and "--from" not in step[1]):
        *sources, to = what.split()
        for source in sources:
            place = tmp_path / to / (source if len(sources) > 1 else "")
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            place.parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / source, place)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    last = dict(steps)

    assert 1 == len(list((tmp_path / "dist").glob("migrator-*.whl")))
    assert (tmp_path / "requirements.txt").is_file()
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last["USER"])
    assert ["migrator"] == json.loads(last["ENTRYPOINT"])
    assert is_understood(json.loads(last["CMD"]))
    assert [what for step, what in steps if step in {"ENV", "ARG"} and re.search(r"TOKEN|KEY|SECRET|PASS", what)] == []


def test_the_image_is_pinned_by_hash() -> None:
    """The base image is the builder's to name; every package has a hash and the version that the tests pass with."""
    text = recipe("Containerfile")
    assert ["${PYTHON} AS build", "${PYTHON}"] == re.findall(r"^FROM (.+)$", text, re.MULTILINE)
    assert re.findall(r"^ARG (.+)$", text, re.MULTILINE) == ["PYTHON"]
    assert "--require-hashes" in text
    pinned = dict(re.findall(r"^([a-z0-9.-]+)==(\S+) \\\n {4}--hash=sha256:[0-9a-f]{64}", image(), re.MULTILINE))
    tested = (ROOT / ".ci" / "constraints.txt").read_text("utf-8")
    versions = {_name(line): line.partition("==")[2] for line in tested.splitlines() if "==" in line}
    assert len(pinned) == len(re.findall(r"^\S+==", image(), re.MULTILINE))
    assert {name: version for name, version in pinned.items() if versions.get(name) != version} == {}

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(one for name in ("postgres", "notify", "otel") for one in extras[name])]
    assert {_name(one) for one in [*wanted, "hatchling"]} - pinned.keys() == set()


def image() -> str:
    """What the image installs."""
    return (ROOT / ".ci" / "image.txt").read_text("utf-8")


def _name(requirement: str) -> str:
    """The name of a package, as an index writes it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=! ]", requirement)[0]).lower()
