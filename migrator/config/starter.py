"""The file that `migrator init` writes: valid as it stands, with every setting and what it means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from string import Template
from typing import Final

from attrs import frozen

from migrator.providers.declaration import Provider

_HEAD: Final = Template("""\
#:schema $schema
# What migrator migrates, and where to. Editors with TOML support check this file against its schema:
#   migrator schema config > $schema
#
# Secrets never stand here, only where they are kept:
#   env:NAME                  an environment variable
#   file:PATH                 a file, relative to this one
#   keyring:SERVICE/NAME      the system's keyring (pip install keyring)
#   command:PROGRAM ARGUMENTS what a program prints, such as a password manager

# --- Connections: where jobs are. $advice---
""")

_EXAMPLE_SET: Final = '# "run_as" = "<user id at the target>"'

_SYNC: Final = Template("""\

# --- Syncs: which target is kept in line with which source. --------------------------------------------------------

[syncs.nightly]
source = $source
target = $target

# Which jobs are synced: all of these conditions that are given must hold.
# select = { name = ["Weekly *"], enabled = true, id = ["00000000-0000-0000-0000-000000000000"] }

# How a schedule with a time zone is converted for a target that knows UTC only:
#   window  exact for the next days, for a sync that runs every night
#   year    exact for a year, in as many jobs as that takes, for a migration that is done once
#   single  one expression, which may fire at other times; allow it in allow_loss = ["trigger.cron"]
#   exact   only what stays exact without a renewal
schedule = { mode = "window", days = 8 }

# What a job may lose. A loss that is not listed refuses the job, not the run.
allow_loss = [] # such as ["delivery.email"]

# Paths of which the target may keep something else than was written. Its own form of a text needs no entry.
accept_stored = [] # such as ["name"]

on_missing = "keep"    # removed at the source: keep | pause | delete at the target
when_unpausable = "refuse" # a paused job where the target cannot pause: refuse | park (a schedule far in the future)
on_drift = "refuse"    # drift, an edit at the target: refuse | source | target wins
on_deleted = "report"  # a managed job was deleted at the target: report | recreate
on_refused = "fail"    # a refused job: fail (exit code 3) | report (listed, exit code 0)
adopt = "never"        # jobs that exist at the target: never | identical | name
two_way = false        # with on_drift = "target": whether edits at the target are written back

# Most jobs that one run may change (creating never counts) or delete: a share or a number. Shares do not bind where
# there are fewer jobs than the floor.
limits = { changes = "30%", deletes = "30%", floor = 10 }
run_timeout = 43200                    # seconds after which a run starts no change; the next one continues there

# How an event becomes a prompt, and the name of the event that carries a prompt to a platform of events.
# template = { prompt = "Handle the event $${event} of $${name}: $${payload}" }
# event_name = "agent.prompt"

# Values for what the source has no value for, by canonical path in quotes.
[syncs.nightly.set]
$sets

# Which value at the target stands for which at the source.
[syncs.nightly.lookup."action.playbook"]
# "<model id at the source>" = "<playbook id at the target>"

# --- Notifications: who is notified when a sync needs a person. pip install "migrator[notify]" ------------------------

# [notify]
# urls = ["env:MIGRATOR_NOTIFY"]                 # where URLs of Apprise are kept, such as mailto://… or slack://…
# on = ["failure", "drift", "conflict", "lapse"]

# --- OpenTelemetry: traces and metrics of every run. pip install "migrator[otel]" ---------------------------------

# [telemetry]
# endpoint = "http://localhost:4318"             # or the environment variable OTEL_EXPORTER_OTLP_ENDPOINT
""")


@frozen(kw_only=True)
class Draft:
    """A connection to begin with.

    Attributes:
        provider: whose connection it is.
        values: what its keys say.
    """

    provider: Provider
    values: Mapping[str, str]

    @property
    def name(self) -> str:
        """Return its name in the file."""
        return self.provider.starter.called or self.provider.name

    def __str__(self) -> str:
        meaning = {one.name: f" # {one.question}" for one in self.provider.settings if one.question}
        meaning.pop("token", None)  # the head of the file explains it
        lines = [f"{key} = {_toml(value)}{meaning.get(key, '')}" for key, value in self.values.items()]
        head = f"[connections.{self.name}]\nprovider = {_toml(self.provider.name)}\n"
        comments = self.provider.starter.comments.splitlines()
        return "\n" + head + "".join(f"{one}\n" for one in (*lines, *comments))


def examples(providers: Mapping[str, Provider]) -> tuple[Draft, ...]:
    """Return one connection of each provider, those to begin with first."""
    ordered = sorted(providers.values(), key=lambda one: (one.starter.rank, one.name))
    return tuple(Draft(provider=one, values=one.examples) for one in ordered)


def starter(
    connections: Sequence[Draft],
    *,
    source: Draft | None = None,
    target: Draft | None = None,
    schema: str = "migrator.schema.json",
    advice: str = "Delete those that you do not have. ",
) -> str:
    """Return a commented migrator.toml.

    Args:
        connections: the connections in it, two at least.
        source: the connection that the sync reads; by default the first.
        target: the connection that the sync writes to; by default the second.
        schema: the file that holds its JSON Schema, relative to it.
        advice: what is said above the connections, with a blank after it; "" for nothing.
    """
    source, target = source or connections[0], target or connections[1]
    sets = target.provider.starter.sets
    sides = {"source": _toml(source.name), "target": _toml(target.name), "sets": sets or _EXAMPLE_SET}
    return "".join(
        [_HEAD.substitute(schema=schema, advice=f"{advice:-<77}"), *map(str, connections), _SYNC.substitute(sides)]
    )


def _toml(text: str) -> str:
    """Return a text as TOML writes it; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False)
