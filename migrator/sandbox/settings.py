"""How to reach a served world, as data and as a ready migrator.toml."""

from __future__ import annotations

from collections import Counter
from string import Template
from typing import TYPE_CHECKING, Final

from migrator.sandbox import devin, omni, scrip
from migrator.sandbox.server import ADDRESS

if TYPE_CHECKING:
    from migrator.sandbox.world import World

DOCUMENTED_QUOTA: Final = 100
"""Active routines of one member; a sandbox with another number says so in its configuration."""
ENVIRONMENT: Final = {"omni": "OMNI_API_KEY", "devin": "DEVIN_API_KEY", "scrip": "SCRIP_API_KEY"}
"""The variables that the written configuration takes its tokens from."""

MADE_BY: Final = "Connections to a local sandbox"
"""How the first line of a configuration of a detached sandbox begins."""

_LOSSES: Final = {
    ("omni", "devin"): (
        "description",
        "action.model",
        "action.branch",
        "action.topic",
        "delivery.email",
        "delivery.slack",
    ),
    ("omni", "scrip"): (),
    ("devin", "omni"): ("action.agent", "action.playbook", "delivery.slack", "delivery.notify", "labels", "run_as"),
    ("devin", "scrip"): (),
    ("scrip", "omni"): ("action.payload", "action.scope", "action.filter", "action.guard", "action.hints"),
    ("scrip", "devin"): (
        "description",
        "action.payload",
        "action.scope",
        "action.filter",
        "action.guard",
        "action.hints",
    ),
}
"""What the target cannot hold, and these examples accept to lose; Scrip takes a prompt whole, in an event's payload."""

EXAMPLE: Final = "omni-to-devin"
"""The sync of the written configuration that the demonstration plays."""

_HEAD: Final = Template("""\
# Connections to the local sandbox, and one example sync for each direction. Tokens are read from the environment:
#
#   export OMNI_API_KEY=$omni_token
#   export DEVIN_API_KEY=$devin_token
#   export SCRIP_API_KEY=$scrip_token

[connections.omni]
provider = "omni"
base_url = "$omni_url"
token    = "env:OMNI_API_KEY"
rate     = "6000/min"                  # the sandbox has no limit of its own unless it is switched on
$omni_room
[connections.devin]
provider = "devin"
base_url = "$devin_url"
org_id   = "$org_id"
token    = "env:DEVIN_API_KEY"
rate     = "6000/min"

[connections.scrip]
provider   = "scrip"
base_url   = "$scrip_url"
program_id = "$program_id"
token      = "env:SCRIP_API_KEY"
rate       = "6000/min"

[connections.archive]
provider = "json"                      # a file is a provider too
path     = "jobs.json"
""")
_TO_DEVIN: Final = (
    'schedule   = { mode = "window", days = 8 }   # Devin knows UTC only: exact for 8 days, renewed by every run\n'
)
_FROM_SCRIP: Final = "template   = { prompt = \"Handle the event ${event} for '${name}'. Its data: ${payload}\" }\n"
_SET_OMNI: Final = f'"action.model"   = "{omni.MODEL}"\n"delivery.email" = {{ recipients = ["ops@example.com"] }}\n'
_SET_DEVIN: Final = '"action.agent" = "devin"\n'


def settings(world: World, port: int) -> dict[str, dict[str, str]]:
    """By provider: base_url, token, env (the variable for the token), and org_id or program_id; "control": base_url."""
    root = f"http://{ADDRESS}:{port}"
    return {
        "omni": {
            "base_url": f"{root}/omni/api",
            "token": world.rotated.get("omni", omni.ORGANISATION_KEY),
            "env": ENVIRONMENT["omni"],
        },
        "devin": {
            "base_url": f"{root}/devin",
            "token": world.rotated.get("devin", devin.TOKEN),
            "env": ENVIRONMENT["devin"],
            "org_id": _main_scope(world, "devin", devin.ORG),
        },
        "scrip": {
            "base_url": f"{root}/scrip",
            "token": world.rotated.get("scrip", scrip.KEY),
            "env": ENVIRONMENT["scrip"],
            "program_id": _main_scope(world, "scrip", scrip.PROGRAM),
        },
        "control": {"base_url": f"{root}/control"},
    }


def migrator_toml(world: World, port: int) -> str:
    """A complete configuration for a served world."""
    reach = settings(world, port)
    head = _HEAD.substitute(
        {
            f"{name}_{key}": reach[name][key2]
            for name in ENVIRONMENT
            for key, key2 in (("token", "token"), ("url", "base_url"))
        },
        omni_room=f"room     = {quota}\n" if (quota := world.options.omni_quota) != DOCUMENTED_QUOTA else "",
        org_id=reach["devin"]["org_id"],
        program_id=reach["scrip"]["program_id"],
    )
    return head + "".join(_sync(source, target, losses) for (source, target), losses in _LOSSES.items())


def with_token_files(text: str, folder: str) -> str:
    """Return a written configuration that reads its tokens from files of `folder` instead of the environment."""
    for provider, variable in ENVIRONMENT.items():
        text = text.replace(f'"env:{variable}"', f'"file:{token_file(folder, provider)}"')
    head = f"# {MADE_BY}; its tokens are kept in {folder}/. Stop it with: migrator sandbox --stop\n\n"
    return head + text[text.index("[connections.") :]


def token_file(folder: str, provider: str) -> str:
    """Return the name of the file that holds a provider's token."""
    return f"{folder}/{provider}.token"


def _sync(source: str, target: str, losses: tuple[str, ...]) -> str:
    accepted = ", ".join(f'"{path}"' for path in losses)
    text = f'\n[syncs.{source}-to-{target}]\nsource     = "{source}"\ntarget     = "{target}"\n'
    text += f"allow_loss = [{accepted}]\n" if losses else ""
    text += _TO_DEVIN if target == "devin" else ""
    text += _FROM_SCRIP if source == "scrip" else ""
    given = _SET_OMNI if target == "omni" else _SET_DEVIN if (source, target) == ("scrip", "devin") else ""
    return text + (f"[syncs.{source}-to-{target}.set]\n{given}" if given else "")


def _main_scope(world: World, provider: str, default: str) -> str:
    """The organisation or program with the most records."""
    counted = Counter(row.scope for row in world.stores[provider].rows.values())
    return counted.most_common(1)[0][0] if counted and default not in counted else default
