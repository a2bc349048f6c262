"""A platform that gives our own token back: it is neither shown, nor stored, nor sent anywhere else, in any form."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from migrator.redaction import HIDDEN
from migrator.sandbox import World, settings
from tests.cli.bench import Run, routine

pytestmark = pytest.mark.slow

SYNC = "omni-to-devin"
FORMS: Mapping[str, Callable[[str], str]] = {
    "raw": str,
    "URL": lambda text: "".join(f"%{ord(char):02X}" for char in text),
    "HTML": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "JSON": lambda text: json.dumps(f"key {text}/"),
    "escapes": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 after one": lambda text: b64encode(f"x{text} more".encode()).decode(),
    "base64 after two": lambda text: quote(b64encode(f"xy{text}".encode()).decode()),
}
COMMANDS = (
    ["plan", SYNC, "-v", "-o", "plan.json", "--report", "plan.html", "--report", "plan.md"],
    ["plan", SYNC, "--json"],
    ["audit", "omni", "--to", "devin", "--report", "audit.html", "--report", "audit.md", "--report", "audit.json"],
    ["export", "omni"],
    ["export", "omni", "-o", "jobs.json"],
    ["sync", SYNC, "--report", "run.html", "--report", "run.md", "--report", "run.json"],
    ["verify", SYNC, "-v"],
    ["apply", SYNC, "--yes", "--debug"],
    ["state", "export"],
    ["state", "export", "-o", "state.json"],
    ["status"],
    ["history"],
    ["doctor"],
)


def written(here: Path) -> str:
    """Everything that was written in a working directory; the sandbox's config tells its token in a comment."""
    files = [path for path in here.iterdir() if path.is_file() and path.name != "migrator.toml"]
    return "".join(path.read_bytes().decode("latin-1") for path in files)


@pytest.mark.parametrize("form", FORMS)
def test_a_token_that_comes_back_goes_nowhere(here: Path, run: Run, world: World, form: str) -> None:
    """Screen, documents, reports, log, state and the other platform are free of it.

    A job that would carry it along is blocked by name; one whose record merely repeats our headers waits for the
    unknown field to be allowed, like any other.
    """
    token = settings(world, 1)["omni"]["token"]
    told = FORMS[form](token)
    echo = {"headers": {"authorization": f"Bearer {told}", told: "x"}}
    leaking = [
        routine("In a prompt", prompt=f"Use {told} for it."),
        routine("In an id", id=f"it-{told}-is"),
        routine("In a name") | {"name": f"It is {told}"},
        routine("Echoed") | {"debug": echo},
    ]
    world.load("omni", leaking)

    said = "".join(ended.out + ended.err for ended in (run(*command) for command in COMMANDS))

    requests = json.dumps(list(world.requests), default=str)
    for place in (said, written(here), json.dumps(world.records("devin")), requests):
        assert [part for part in (token, told[6:-6]) if part in place] == []
    assert HIDDEN in said
    assert {row["record"]["name"] for row in world.records("devin")} == {"Alpha", "Beta", "Gamma"}
    left = {one["name"]: one for one in run("plan", SYNC, "--json").document["changes"] if one["action"] == "blocked"}
    assert sum("revoke the token" in one["reason"] for one in left.values()) == 3
    assert "provider_fields.debug" in left["Echoed"]["reason"]
