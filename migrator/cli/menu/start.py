"""Commands to get started: demo, sandbox, init and doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.menu.app import app, when_used
from migrator.cli.options import Settings, takes_settings

if TYPE_CHECKING:
    from migrator.cli import detached, examining, local, starting
else:
    detached, examining, local, starting = map(when_used, ("detached", "examining", "local", "starting"))


@app.command()
@takes_settings
def demo(settings: Settings) -> int:
    """Play a whole migration on local simulators.

    The jobs of both sides, the plan, apply, and a second plan that is empty. Nothing leaves this machine.
    """
    return local.demo(settings)


@app.command(context_settings={"ignore_unknown_options": True})
@takes_settings
def sandbox(
    settings: Settings,
    *,
    choices: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[--NAME VALUE]...",
            help="What a platform's documentation leaves open; an unknown NAME lists them.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 for a free one.")] = 0,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the simulators' jobs in a file, and load them from it.")
    ] = None,
    load: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROVIDER=FILE", help="Jobs instead of the samples, as the provider returns them; repeatable."
        ),
    ] = None,
    config_out: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the config to a file.")] = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run in the background: write migrator.toml, and return when ready.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the sandbox that --detach started here.")] = False,
) -> int:
    """Serve simulators of the providers on this machine.

    They listen on 127.0.0.1 until interrupted, and print a complete migrator.toml, with the tokens to export. With
    --detach, migrator.toml and the tokens are written to files, and the next command can use them.
    """
    if stop:
        return detached.stop(settings)
    if detach:
        words = {"port": port, "state": state}
        options = [f"--{name}={value}" for name, value in words.items() if value is not None]
        return detached.detach(settings, [*options, *(f"--load={one}" for one in load or ()), *(choices or ())])
    return local.sandbox(
        settings, port=port, state=state, loads=load or (), choices=choices or (), config_out=config_out
    )


@app.command()
@takes_settings
def init(settings: Settings) -> int:
    """Write a commented config file to start from.

    On a terminal it asks for the platforms, the settings of each connection and where its secret is kept, and checks
    each connection by reading. Elsewhere it asks nothing. An existing file is not changed.
    """
    return starting.init(settings)


@app.command()
@takes_settings
def doctor(settings: Settings) -> int:
    """Check the config, the connections and the state.

    Each connection is checked for reachability, authentication and write permission; clocks, time zones and rate limits
    are checked too. Each problem has its fix. Nothing is changed; ends with 1 or 2 when a run would fail.
    """
    return examining.doctor(settings)
