"""The file that `migrator init` writes: valid as it stands, with every setting and what it means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from string import Template
from typing import Final

from attrs import field, frozen

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

_CONNECTIONS: Final[Mapping[str, Template]] = {
    "omni": Template("""\

[connections.omni]
provider = "omni"
base_url = $base_url # your instance, with /api
token = $token
# user_ids = ["00000000-0000-0000-0000-000000000000"] # organisation keys only: the memberships to read
# update_contract = "auto"                            # "put" or "patch" where you know which one the instance takes
# rate = "60/min"                                     # "500/min" where Omni has raised it for you
# concurrency = 8                                     # open requests at once; as many as the rate takes
# room = 100                                            # active routines that one member may have
# budget = "acme"                                     # connections to one host with one budget share its rate
# timeout = 60                                        # seconds for one request, to the last byte of its answer
# listing_timeout = 1800                              # seconds for reading all jobs
"""),
    "devin": Template("""\

[connections.devin]
provider = "devin"
org_id = $org_id
token = $token
"""),
    "scrip": Template("""\

[connections.scrip]
provider = "scrip"
program_id = $program_id
token = $token
"""),
    "json": Template("""\

[connections.archive]
provider = "json" # a file is a provider too: export, review, restore
path = $path
# identity = "archive" # what the state calls it, where its path changes from machine to machine; also for omni
"""),
}

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

# How an event becomes a prompt (Scrip to the others), and the event's name that carries a prompt (the others to Scrip).
# template = { prompt = "Handle the event $${event} of $${name}: $${payload}" }
# event_name = "agent.prompt"

# Values for what the source has no value for, by canonical path in quotes.
[syncs.nightly.set]
${agent}"action.agent" = "devin"

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
    """A connection to begin with; it is named after its provider, and a file is named archive.

    Attributes:
        provider: "omni", "devin", "scrip" or "json".
        values: what its keys say.
    """

    provider: str
    values: Mapping[str, str] = field(factory=dict)

    @property
    def name(self) -> str:
        """Its name in the file."""
        return "archive" if self.provider == "json" else self.provider


EXAMPLES: Final = (
    Draft(provider="omni", values={"base_url": "https://acme.omniapp.co/api", "token": "env:OMNI_API_KEY"}),
    Draft(provider="devin", values={"org_id": "org-123", "token": "env:DEVIN_API_KEY"}),
    Draft(
        provider="scrip",
        values={"program_id": "00000000-0000-0000-0000-000000000000", "token": "env:SCRIP_API_KEY"},
    ),
    Draft(provider="json", values={"path": "jobs.json"}),
)
"""One connection of each kind."""


def starter(
    connections: Sequence[Draft] = EXAMPLES,
    *,
    source: str = "omni",
    target: str = "devin",
    schema: str = "migrator.schema.json",
) -> str:
    """A commented migrator.toml.

    Args:
        connections: the connections in it.
        source: the connection that the sync reads.
        target: the connection that the sync writes to.
        schema: the file that holds its JSON Schema, relative to it.
    """
    advice = "Delete those that you do not have. " if connections is EXAMPLES else ""
    sides = {"source": _toml(source), "target": _toml(target)}
    return "".join(
        [
            _HEAD.substitute(schema=schema, advice=f"{advice:-<77}"),
            *(
                _CONNECTIONS[one.provider].substitute({k: _toml(v) for k, v in one.values.items()})
                for one in connections
            ),
            _SYNC.substitute(sides, agent="" if target == "devin" else "# "),
        ]
    )


def _toml(text: str) -> str:
    """A text as TOML writes it; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False)
