"""Every kind of change, each as a laboratory in which the next run has exactly that to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from attrs import field, frozen

from migrator.sandbox import Options
from migrator.sandbox.omni import BRANCH, MODEL
from tests.conformance.lab import Lab
from tests.conformance.platforms import Wish

Apply = Callable[[Lab], Awaitable[object]]

HTTP: Final = ("omni", "devin", "scrip")
SOURCES: Final = (*HTTP, "json")
PAIRS: Final = tuple((source, target) for target in HTTP for source in SOURCES if source != target)
"""Every pair whose target is a platform; a target that is a file has no requests that could fail."""

PUT: Final = Options(omni_update="put", scrip_reserve_names=False)
PATCH: Final = Options(scrip_reserve_names=False)


@frozen(kw_only=True)
class Scenario:
    """A kind of change.

    Attributes:
        name: what it is.
        prepare: brings a laboratory there, given what applies its sync; returns what the target shall hold at the end.
        pairs: where it can happen.
        platforms: what they are like.
        never: whether the target jobs must not fire, whatever happens.
        forgets: whether the state is lost before.
    """

    name: str
    prepare: Callable[[Lab, Apply], Awaitable[list[Wish]]]
    pairs: tuple[tuple[str, str], ...] = PAIRS
    platforms: Options = field(default=PUT)
    never: bool = False
    forgets: bool = False


def gone(lab: Lab, number: int) -> None:
    """Somebody deletes the source job of that number."""
    platform = lab.source.platform
    lab.source.remove(platform.id_of(platform.write(number, Wish(name="gone"))))


async def _create(lab: Lab, _apply: Apply) -> list[Wish]:
    return [lab.source.wish(1), lab.source.wish(2)]


async def _paused(lab: Lab, _apply: Apply) -> list[Wish]:
    return [lab.source.wish(1, enabled=False)]


async def _update(lab: Lab, apply: Apply) -> list[Wish]:
    lab.source.wish(1)
    await apply(lab)
    return [lab.source.wish(1, text="Something else.", hour=11)]


async def _replace(lab: Lab, apply: Apply) -> list[Wish]:
    wanted = lab.source.wish(1)
    await apply(lab)
    at_omni = {"action.model": MODEL, "delivery.email": {"recipients": ["ops@example.com"]}, "action.branch": BRANCH}
    lab.configure(set=at_omni if lab.target.platform.name == "omni" else {"action.scope": "participants"})
    return [wanted]


async def _pause(lab: Lab, apply: Apply) -> list[Wish]:
    lab.source.wish(1)
    await apply(lab)
    return [lab.source.wish(1, enabled=False)]


async def _resume(lab: Lab, apply: Apply) -> list[Wish]:
    lab.source.wish(1, enabled=False)
    await apply(lab)
    return [lab.source.wish(1)]


async def _delete(lab: Lab, apply: Apply) -> list[Wish]:
    lab.configure(on_missing="delete")
    kept = lab.source.wish(1)
    lab.source.wish(2)
    await apply(lab)
    gone(lab, 2)
    return [kept]


async def _adopt(lab: Lab, apply: Apply) -> list[Wish]:
    lab.source.wish(1)
    kept = lab.source.wish(2)
    await apply(lab)
    lab.forget()
    lab.configure(adopt="name")
    return [lab.source.wish(1, text="Something else."), kept]


async def _everything(lab: Lab, apply: Apply) -> list[Wish]:
    lab.configure(on_missing="delete")
    for number in (1, 2, 3, 4):
        lab.source.wish(number)
    lab.source.wish(5, enabled=False)
    await apply(lab)
    gone(lab, 4)
    return [
        lab.source.wish(1, text="Something else."),
        lab.source.wish(2, enabled=False),
        lab.source.wish(3, hour=12),
        lab.source.wish(5),
        lab.source.wish(6),
        lab.source.wish(7, enabled=False),
    ]


_REPLACING: Final = tuple(
    pair for pair in PAIRS if pair[1] == "omni" or pair in {("omni", "scrip"), ("devin", "scrip")}
)

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="create", prepare=_create),
        Scenario(name="create held", prepare=_paused, never=True),
        Scenario(name="update", prepare=_update),
        Scenario(name="replace", prepare=_replace, pairs=_REPLACING, platforms=PATCH),
        Scenario(name="pause", prepare=_pause),
        Scenario(name="resume", prepare=_resume),
        Scenario(name="delete", prepare=_delete),
        Scenario(name="adopt", prepare=_adopt, forgets=True),
        Scenario(name="everything", prepare=_everything),
    )
}
