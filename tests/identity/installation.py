"""A folder with a config, the simulators behind it, and what people do there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from migrator.sandbox import World, settings
from tests.cli.bench import Ended, Run, routine

_LOSSES: Final = ["delivery", "action", "description", "labels"]
_COMMAND: Final = re.compile(r"migrator state (?:move|forget) [^;\n]+")
_WRITES: Final = {"POST", "PUT", "PATCH", "DELETE"}


@define
class Installation:
    """Somebody's folder with migrator.toml, `omni`, `devin` and `scrip` in it, and one sync, "nightly".

    Attributes:
        run: runs a command there.
        world: the platforms.
        port: where they are served.
        folder: where the files are.
        connections: more keys of the connections, by name.
        syncs: the syncs, by name.
    """

    run: Run
    world: World
    port: int
    folder: Path
    connections: dict[str, dict[str, Any]] = field(factory=dict)
    syncs: dict[str, dict[str, Any]] = field(factory=dict)

    def configure(self, *, source: str = "omni", target: str = "devin", name: str = "nightly", **options: Any) -> None:
        """Write migrator.toml with one sync of these options, and those of `syncs`."""
        reach = settings(self.world, self.port)
        tables: dict[str, Mapping[str, Any]] = {
            f"connections.{provider}": {
                "provider": provider,
                "token": f"env:{keys['env']}",
                **{key: value for key, value in keys.items() if key not in {"env", "token"}},
            }
            for provider, keys in reach.items()
            if provider != "control"
        }
        for one, more in self.connections.items():
            tables[f"connections.{one}"] = {**tables.get(f"connections.{one}", {}), **more}
        syncs = {name: {"source": source, "target": target, "allow_loss": _LOSSES, **options}, **self.syncs}
        tables |= {f"syncs.{one}": keys for one, keys in syncs.items()}
        (self.folder / "migrator.toml").write_text("\n".join(_table(*one) for one in tables.items()), "utf-8")

    def refused(self, *arguments: str) -> str:
        """Run a command that has to be refused, before anything is written; what it says."""
        before = self.writes
        ended = self.run(*arguments)
        assert ended.code == 3, (ended.code, ended.out, ended.err)
        assert self.writes == before
        return ended.out + ended.err

    def well(self, *arguments: str) -> Ended:
        """Run a command that has to succeed."""
        ended = self.run(*arguments)
        assert ended.code == 0, (ended.code, ended.out, ended.err)
        return ended

    def typed(self, said: str) -> Ended:
        """Type the command that something said, as it stands there, and agree."""
        found = _COMMAND.search(said)
        assert found, said
        return self.well(*shlex.split(found[0])[1:], "--yes")

    def nothing_left(self, sync: str = "nightly") -> None:
        """See that the plan of a sync is empty, and that nothing is refused."""
        found = self.well("plan", sync, "--json").document
        assert found["refusal"] == ""
        assert {key for key, number in found["summary"].items() if number} <= {"none"}, found["summary"]

    @property
    def writes(self) -> int:
        """How many requests that change something the platforms got."""
        return sum(entry["method"] in _WRITES for entry in self.world.requests)

    def jobs_at(self, provider: str) -> dict[str, dict[str, Any]]:
        """What a platform holds, by id."""
        return {row.id: row.data for row in self.world.stores[provider].rows.values() if not row.gone}

    def tags(self, provider: str) -> list[str]:
        """The ownership tags there."""
        return sorted(re.findall(r"migrator:[^\s\]\"]+", json.dumps([*self.jobs_at(provider).values()])))

    def routines(self, *names: str) -> None:
        """Let there be these jobs at Omni, and no others."""
        self.world.stores["omni"].clear()
        self.world.load("omni", [routine(name) for name in names])


def shown(installation: Installation, *arguments: str) -> Any:
    """The document of a command that succeeds."""
    return installation.well(*arguments, "--json").document


def bindings(installation: Installation) -> list[tuple[str, str, str]]:
    """Sync, source scope and source id of every binding."""
    tables = shown(installation, "state", "export")["tables"]
    return sorted((row["sync"], row["source_scope"], row["source_id"]) for row in tables["bindings"])


def _table(name: str, values: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)
