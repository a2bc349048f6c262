"""Commands that need no account: demo and sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from migrator.cli.app import app
from migrator.cli.exit_codes import Exit
from migrator.cli.options import Settings, takes_settings

Choices = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[--NAME VALUE]...",
        help="What a platform's documentation leaves open; an unknown NAME lists them.",
        show_default=False,
    ),
]
PortOption = Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 for a free one.")]
StateOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Keep the simulators' jobs in a file, and load them from it.")
]
LoadOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PROVIDER=FILE", help="Jobs instead of the samples, as the provider returns them; repeatable."
    ),
]
ConfigOut = Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the config to a file.")]
DetachOption = Annotated[
    bool, typer.Option("--detach", "-d", help="Run in the background: write migrator.toml, and return when ready.")
]
StopOption = Annotated[bool, typer.Option("--stop", help="Stop the sandbox that --detach started here.")]


@contextmanager
def _extra() -> Iterator[None]:
    """Import what the extra `sandbox` installs.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        yield
    except ImportError as missing:
        from migrator.errors import UsageError

        hint = 'pip install "migrator[sandbox]"'
        raise UsageError(f"the sandbox needs the package {missing.name}", hint=hint) from missing


@app.command()
@takes_settings
def demo(settings: Settings) -> int:
    """Play a whole migration on local simulators.

    The jobs of both sides, the plan, apply, and a second plan that is empty. Nothing leaves this machine.
    """
    with _extra():
        from migrator import demo as story
    from migrator.cli.environment import open_screen
    from migrator.report.documents.demo import demo_document

    screen = open_screen(settings)
    with screen.activity("playing"):
        played = story.run()
    screen.result(demo_document(played), played.lines())
    return Exit.DONE if played.is_well else Exit.DIFFERENT


@app.command(context_settings={"ignore_unknown_options": True})
@takes_settings
def sandbox(
    settings: Settings,
    *,
    choices: Choices = None,
    port: PortOption = 0,
    state: StateOption = None,
    load: LoadOption = None,
    config_out: ConfigOut = None,
    detach: DetachOption = False,
    stop: StopOption = False,
) -> int:
    """Serve simulators of the providers on this machine.

    They listen on 127.0.0.1 until interrupted, and print a complete migrator.toml, with the tokens to export. With
    --detach, migrator.toml and the tokens are written to files, and the next command can use them.
    """
    with _extra():
        from migrator.cli import background, simulators
    from migrator.cli.environment import config_file, open_screen

    screen, config = open_screen(settings), config_file(settings)
    if stop:
        background.stop(screen, config)
    elif detach:
        words = {"port": port, "state": state}
        options = [f"--{name}={value}" for name, value in words.items() if value is not None]
        background.detach(screen, config, [*options, *(f"--load={one}" for one in load or ()), *(choices or ())])
    else:
        world = simulators.load_world(state, load or (), choices or ())
        simulators.serve_world(world, port, screen=screen, config_out=config_out)
    return Exit.DONE
