"""What people do to jobs between two nights, and what a sync makes of it, in every direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from attrs import field, frozen

from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab
from tests.conformance.platforms import PLATFORMS, wish

PAIRS: Final = [(source, target) for source in PLATFORMS for target in PLATFORMS if source != target]

Actions = Mapping[str, int]


@frozen(kw_only=True)
class Step:
    """Something happens, and the next run deals with it.

    Attributes:
        do: what happens.
        actions: what the run is to do.
        instead: what it is to do where that cannot be: by "-> provider" or "provider ->".
        holds: the wishes that the target holds afterwards; None for all that stand at the source.
    """

    do: Callable[[Lab], Any] = lambda _lab: None
    actions: Actions
    instead: Mapping[str, Actions] = field(factory=dict)

    def expected(self, lab: Lab) -> Actions:
        """What the run is to do in this laboratory."""
        roles = (f"-> {lab.target.platform.name}", f"{lab.source.platform.name} ->")
        return next((self.instead[role] for role in roles if role in self.instead), self.actions)


@frozen(kw_only=True)
class Scenario:
    """Two jobs have been synced; then the steps.

    Attributes:
        title: what it is about.
        steps: one after another.
        holds: what the target holds in the end, by what ran last.
        options: of the sync.
    """

    title: str
    steps: tuple[Step, ...]
    options: Mapping[str, Any] = field(factory=dict)
