"""Generated requests to the simulators: whatever is sent, the answer is one that the platform's document describes."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from migrator.sandbox import BackgroundServer, Options, World, load_samples, settings
from tests.platforms.installer import Installed, environment
from tests.platforms.software import FOLDER

EXAMPLES: Final = 8
"""Requests of each phase for each operation."""
SECONDS: Final = 900
ZONES: Final = ["UTC", "America/New_York", "Asia/Kolkata"]
FORMATS: Final[dict[str, dict[str, list[str]]]] = {
    "omni": {"cron": ["0 9 ? * MON *", "15 6 1 * ? *", "0 0 * * ? 2030"], "timezone": ZONES},
    "devin": {"cron": ["0 9 * * 1-5", "*/30 8-18 * * *"]},
    "scrip": {"cron": ["0 9 * * MON", "*/15 * * * *"], "timezone": ZONES},
}
"""Values that each platform takes for the formats that only it can judge."""
UNSAID: Final = {
    "omni": {
        "allow_header_conformance": "the document has both update contracts, an instance follows one",
        "ensure_resource_availability": "a user who is no member is not found, and neither is what that user asks for",
    },
    "devin": {
        "positive_data_acceptance": "whether a playbook, a user or a platform exists, and what goes with a one-time "
        "schedule, no schema says",
    },
    "scrip": {
        "positive_data_acceptance": "which fields a trigger type takes, and what an archived automation refuses, no "
        "schema says",
        "use_after_free": "a deleted automation is archived, and can still be read",
    },
}
"""Checks that a platform's own rules contradict, with the rule."""
QUICK: Final = ("--phases", "fuzzing", "--no-shrink")
"""Enough to find what is always wrong."""
CASES: Final = re.compile(r"^\s*([\d,]+) generated", re.MULTILINE)


def fuzz(installed: Installed, world: World, port: int, provider: str, folder: Path, *more: str) -> Any:
    """Run Schemathesis over one simulator; return the finished process."""
    reach = settings(world, port)[provider]
    scope = {name: reach[key] for name, key in (("org_id", "org_id"), ("programId", "program_id")) if key in reach}
    scope["cursor"] = ""  # only one that a list answered is valid, and none is the first page
    lines = ["[parameters]", *(f"{name} = {json.dumps(value)}" for name, value in scope.items())]
    (folder / "schemathesis.toml").write_text("\n".join(lines) + "\n", "utf-8")
    header = f"X-API-Key: {reach['token']}" if provider == "scrip" else f"Authorization: Bearer {reach['token']}"
    command = [installed.program("schemathesis"), "run", FOLDER / "openapi" / f"{provider}.yaml"]
    command += ["--url", reach["base_url"], "--header", header, "--max-examples", str(EXAMPLES), "--seed", "1"]
    command += ["--continue-on-failure", "--exclude-checks", ",".join(UNSAID[provider])]
    env = environment(
        SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(Path(__file__).parent), FORMATS=json.dumps(FORMATS[provider])
    )
    return subprocess.run(
        [*map(str, command), *more],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("provider", FORMATS)
def test_every_answer_is_described(installed: Installed, provider: str, tmp_path: Path, figures: Counter[str]) -> None:
    """Valid, invalid, repeated and misplaced requests: none gets an answer that its document does not have."""
    world = World(options=Options(omni_quota=10_000))
    load_samples(world)
    with BackgroundServer(world) as server:
        more = ["--exclude-method", "PUT"] if provider == "omni" else []
        ran = fuzz(installed, world, server.port, provider, tmp_path, *more)

    found = CASES.search(ran.stdout)
    assert 0 == ran.returncode, ran.stdout[-6000:]
    assert found
    figures["cases generated"] += int(found[1].replace(",", ""))


def test_a_wrong_answer_is_found(installed: Installed, tmp_path: Path) -> None:
    """A schedule whose name is a number is a fault of the simulator, and is told."""
    world = World()
    load_samples(world)
    for row in tuple(world.stores["devin"].rows.values()):
        world.stores["devin"].put(row.changed(name=7))
    with BackgroundServer(world) as server:
        ran = fuzz(installed, world, server.port, "devin", tmp_path, "--include-operation-id", "list", *QUICK)

    assert 1 == ran.returncode
    assert "7 is not of type" in ran.stdout
