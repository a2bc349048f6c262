"""The same work with tools that others have written: where they are installed, and how each is asked to do it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from attrs import frozen

HERE: Final = Path(__file__).parent
PACKAGES: Final = ("octodns", "dlt", "dbt-jobs-as-code")
Reach = Mapping[str, Mapping[str, str]]


@frozen
class Peer:
    """A tool that is set up for one run.

    Attributes:
        command: what does the work.
        env: what it needs in its environment.
        held: the simulator that holds the result.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    held: str = "devin"


@contextmanager
def installed() -> Iterator[Path]:
    """The tools in an environment of their own, which goes away after the block; yields its folder of programs."""
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        quiet = ("--quiet", "--disable-pip-version-check")
        subprocess.run([f"{folder}/bin/python", "-m", "pip", "install", *quiet, *PACKAGES], check=True)
        yield Path(folder, "bin")


def octodns(programs: Path, folder: Path, reach: Reach, _jobs: int) -> Peer:
    """The connector is octodns_jobs.py; --force lifts the limits on changes."""
    devin, omni = reach["devin"], reach["omni"]
    urls = {
        "omni": f"{omni['base_url']}/v1/ai/routines",
        "devin": f"{devin['base_url']}/v3/organizations/{devin['org_id']}/schedules",
    }
    providers = {
        name: {"class": "octodns_jobs.Jobs", "url": url, "token": reach[name]["token"], "kind": name}
        for name, url in urls.items()
    }
    config = {"providers": providers, "zones": {"jobs.example.": {"sources": ["omni"], "targets": ["devin"]}}}
    (folder / "octodns.yaml").write_text(json.dumps(config), "utf-8")  # JSON is YAML
    command = [str(programs / "octodns-sync"), "--config-file", "octodns.yaml", "--doit", "--force"]
    return Peer(command, {"PYTHONPATH": str(HERE)})


def dlt(programs: Path, _folder: Path, reach: Reach, jobs: int) -> Peer:
    """The connector is dlt_jobs.py; 20 files and 20 workers."""
    env = {
        "LOAD__WORKERS": "20",
        "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": str(max(1, -(-jobs // 20))),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
    }
    return Peer([str(programs / "python"), str(HERE / "dlt_jobs.py"), json.dumps(reach)], env)


def dbt_jobs_as_code(programs: Path, folder: Path, reach: Reach, jobs: int) -> Peer:
    """No connector: its own client against the simulator of dbt Cloud; the jobs come from its own kind of file."""
    config = {"jobs": {f"report{number:06}": _dbt_job(number) for number in range(jobs)}}
    (folder / "jobs.yml").write_text(json.dumps(config), "utf-8")
    root = reach["control"]["base_url"].removesuffix("/control")
    env = {"DBT_API_KEY": "x", "DBT_BASE_URL": f"{root}/dbt", "LOGURU_LEVEL": "CRITICAL"}
    return Peer([str(programs / "dbt-jobs-as-code"), "sync", "jobs.yml"], env, held="dbt")


def _dbt_job(number: int) -> dict[str, Any]:
    return {
        "account_id": 1,
        "project_id": 1,
        "environment_id": 1,
        "name": f"Report {number:06}",
        "settings": {"threads": 4, "target_name": "default"},
        "run_generate_sources": False,
        "execute_steps": ["dbt build"],
        "generate_docs": False,
        "schedule": {"cron": f"{number % 60} {number % 24} * * *"},
        "triggers": {"github_webhook": False, "git_provider_webhook": False, "schedule": True, "on_merge": False},
        "description": "Compare figures of last week with the four weeks before.",
    }


PEERS: Final = {"octoDNS": octodns, "dlt, 20 files, 20 workers": dlt, "dbt-jobs-as-code": dbt_jobs_as_code}
