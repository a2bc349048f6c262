"""The simulators that there are: every package beside this module has one, and what its platform leaves open."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from attrs import frozen

from migrator.sandbox.simulator import SandboxOption, Simulator


def _found() -> dict[str, type[Simulator]]:
    packages = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.ispkg]
    found: list[type[Simulator]] = [import_module(f"{__package__}.{name}.simulator").SIMULATOR for name in packages]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.order)}


SIMULATORS: Final[Mapping[str, type[Simulator]]] = _found()
"""The class of each simulator, by the name of its provider, in the order in which they are shown."""

OPEN: Final[Mapping[str, SandboxOption]] = {
    word: option for kind in SIMULATORS.values() for word, option in kind.open.items()
}
"""What can be chosen on a command line, by name."""

DOCUMENTED: Final[Mapping[str, str]] = {
    name: f"https://{kind.host}{kind.base_path}" for name, kind in SIMULATORS.items()
}
"""The documented base URLs."""


@frozen(kw_only=True, slots=False)
class Options(*(kind.options_type for kind in SIMULATORS.values())):  # type: ignore[misc] # found at run time
    """What the documentation leaves open: the options of every simulator."""
