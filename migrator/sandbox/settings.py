"""How to reach a served world, as data and as a ready migrator.toml."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Final

from migrator.sandbox.registry import SIMULATORS
from migrator.sandbox.server import ADDRESS
from migrator.sandbox.simulator import Simulator
from migrator.sandbox.world import World

ENVIRONMENT: Final = {name: f"{name.upper()}_API_KEY" for name in SIMULATORS}
"""The variables that the written configuration takes its tokens from."""

MADE_BY: Final = "Connections to a local sandbox"
"""How the first line of a configuration of a detached sandbox begins."""

EXAMPLE: Final = "-to-".join(list(SIMULATORS)[:2])
"""The sync of the written configuration that the demonstration plays."""

_HEAD: Final = """\
# Connections to the local sandbox, and one example sync for each direction. Tokens are read from the environment:
#
"""
_NO_LIMIT: Final = "                  # the sandbox has no limit of its own unless it is switched on"
_ARCHIVE: Final = """\
[connections.archive]
provider = "json"                      # a file is a provider too
path     = "jobs.json"
"""
_FROM_EVENTS: Final = "template   = { prompt = \"Handle the event ${event} for '${name}'. Its data: ${payload}\" }\n"


def settings(world: World, port: int) -> dict[str, dict[str, str]]:
    """By provider: base_url, token, env (the variable for the token), and its scope; "control": base_url."""
    root = f"http://{ADDRESS}:{port}"
    reach = {name: _reach(world, simulator, root) for name, simulator in world.providers.items()}
    return {**reach, "control": {"base_url": f"{root}/control"}}


def _reach(world: World, simulator: Simulator, root: str) -> dict[str, str]:
    name, scope_key = simulator.name, simulator.example.scope_key
    return {
        "base_url": f"{root}/{name}{simulator.base_path}",
        "token": world.rotated.get(name, simulator.token),
        "env": ENVIRONMENT[name],
        **({scope_key: _main_scope(simulator)} if scope_key else {}),
    }


def _main_scope(simulator: Simulator) -> str:
    """The organisation or program with the most records."""
    default = simulator.example.main_scope
    counted = Counter(row.scope for row in simulator.store.rows.values())
    return counted.most_common(1)[0][0] if counted and default not in counted else default


def migrator_toml(world: World, port: int) -> str:
    """A complete configuration for a served world."""
    reach, simulators = settings(world, port), world.providers.values()
    exports = "".join(f"#   export {reach[one.name]['env']}={reach[one.name]['token']}\n" for one in simulators)
    connections = "".join(
        _connection(one, reach[one.name], _NO_LIMIT if number == 0 else "") for number, one in enumerate(simulators)
    )
    syncs = "".join(_sync(source, target) for source, target in permutations(simulators, 2))
    return f"{_HEAD}{exports}\n{connections}{_ARCHIVE}{syncs}"


def _connection(simulator: Simulator, reach: dict[str, str], remark: str) -> str:
    """The table of one connection; `remark` stands behind its rate."""
    scope_key = simulator.example.scope_key
    values = {
        "provider": f'"{simulator.name}"',
        "base_url": f'"{reach["base_url"]}"',
        **({scope_key: f'"{reach[scope_key]}"'} if scope_key else {}),
        "token": f'"env:{reach["env"]}"',
        "rate": f'"6000/min"{remark}',
        **simulator.connection_keys(),
    }
    width = max(map(len, values))
    lines = "".join(f"{key:{width}} = {value}\n" for key, value in values.items())
    return f"[connections.{simulator.name}]\n{lines}\n"


def _sync(source: Simulator, target: Simulator) -> str:
    """The table of one sync: it accepts to lose what the source's jobs may hold and the target cannot."""
    name, a, b = f"{source.name}-to-{target.name}", source.example, target.example
    accepted = ", ".join(f'"{path}"' for path in a.holds if path in b.loses)
    text = f'\n[syncs.{name}]\nsource     = "{source.name}"\ntarget     = "{target.name}"\n'
    text += f"allow_loss = [{accepted}]\n" if accepted else ""
    text += b.target_line + (_FROM_EVENTS if a.has_events else "")
    given = b.sets + (b.sets_for_events if a.has_events else "")
    return text + (f"[syncs.{name}.set]\n{given}" if given else "")


def with_token_files(text: str, folder: str) -> str:
    """Return a written configuration that reads its tokens from files of `folder` instead of the environment."""
    for provider, variable in ENVIRONMENT.items():
        text = text.replace(f'"env:{variable}"', f'"file:{token_file(folder, provider)}"')
    head = f"# {MADE_BY}; its tokens are kept in {folder}/. Stop it with: migrator sandbox --stop\n\n"
    return head + text[text.index("[connections.") :]


def token_file(folder: str, provider: str) -> str:
    """Return the name of the file that holds a provider's token."""
    return f"{folder}/{provider}.token"
