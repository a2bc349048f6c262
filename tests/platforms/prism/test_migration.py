"""A whole migration between every two platforms, each request and answer judged by the platform's document."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from attrs import frozen

from migrator import export as exports
from migrator.config import load
from migrator.cutover import commands as cutovers
from migrator.cutover import retire as retiring
from migrator.cutover.switches import Order
from migrator.demo import VirtualTime
from migrator.http.clock import Clock
from migrator.providers import PROVIDERS
from migrator.sandbox import BackgroundServer, Options, World, load_samples, migrator_toml, settings
from migrator.store import State, open_state
from migrator.sync import commands
from migrator.sync.endpoints import Runtime
from tests.platforms.installer import Installed
from tests.platforms.prism.proxies import HTTP, SECONDS, Judge, judges
from tests.platforms.servers import free_port

CASES: Final = [
    (contract, source, target)
    for contract in ("patch", "put")
    for source in HTTP
    for target in HTTP
    if source != target and (contract == "put" or "omni" in {source, target})
]
"""Every direction; those that Omni is in, under each of its two published contracts."""
DUE: Final = timedelta(days=8)
"""After which the source of a weekly job can be retired."""
EDITED: Final = 2
"""Jobs that are renamed: fewer than the share of a sync's jobs that may change at once."""
WORDS: Final = {"POST": "created", "PATCH": "changed", "PUT": "changed", "DELETE": "deleted", "GET": "read"}


@frozen(kw_only=True)
class Court:
    """Simulators, the proxies before them, and the clock of both.

    Attributes:
        world: the simulators.
        port: where they are served, behind the proxies.
        judges: the proxies, by provider.
        time: goes on where somebody waits.
    """

    world: World
    port: int
    judges: dict[str, Judge]
    time: VirtualTime

    def runtime(self, folder: Path) -> Runtime:
        """Return what commands work with: the sandbox's own configuration, led to the proxies."""
        text = migrator_toml(self.world, self.port)
        reach = settings(self.world, self.port)
        for name, judge in self.judges.items():
            text = text.replace(reach[name]["base_url"], judge.url)
        contract = self.world.options.omni_update
        text = text.replace('provider = "omni"', f'provider = "omni"\nupdate_contract = "{contract}"')
        for name in self.judges:
            text = text.replace(f'provider = "{name}"', f'provider = "{name}"\ntimeout = {SECONDS:g}')
        path = folder / "migrator.toml"
        path.write_text(text, "utf-8")
        clock = Clock(now=self.time.now, monotonic=self.time.monotonic, sleep=self.time.sleep, random=lambda: 0.5)
        tokens = {way["env"]: way["token"] for way in reach.values() if "env" in way}
        return Runtime(config=load(path, providers=PROVIDERS), environ=tokens, clock=clock)

    def judged(self) -> tuple[int, list[str]]:
        """Return how many requests were judged since this was last asked, and all that was found wrong."""
        told = [judge.judged() for judge in self.judges.values()]
        return sum(number for number, _faults in told), [fault for _number, faults in told for fault in faults]


@pytest.fixture(scope="module")
def port() -> int:
    """Where the simulators are served, one world after the other."""
    return free_port()


@pytest.fixture(scope="module")
def proxies(installed: Installed, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Judge]]:
    """The proxies, which are started once: that takes longer than a migration."""
    with judges(installed, port, tmp_path_factory.mktemp("prism")) as made:
        yield made


@pytest.fixture
def court(request: pytest.FixtureRequest, proxies: dict[str, Judge], port: int) -> Iterator[Court]:
    """Simulators with samples, and the proxies before them; the parameter is Omni's update contract."""
    time = VirtualTime()
    options = Options(omni_update=getattr(request, "param", "put"))
    world = World(clock=None, time_of_day=time.now, options=options)
    load_samples(world)
    made = Court(world=world, port=port, judges=proxies, time=time)
    with BackgroundServer(world, port):
        made.judged()
        yield made


async def _agree(*_of: object) -> bool:
    return True


@frozen(kw_only=True)
class Migration:
    """One sync, from the export to the removal of the source jobs."""

    court: Court
    runtime: Runtime
    state: State
    sync: str

    async def apply(self) -> tuple[str, ...]:
        """Plan and apply, staged; return the names of the jobs that were changed."""
        planned, _requests = await commands.plan(self.runtime, self.state, self.sync, hold=True)
        _plan, applied = await commands.apply(
            self.runtime, self.state, self.sync, hold=True, agree=_agree, stop=asyncio.Event()
        )
        assert {"done"} == {outcome.status for outcome in applied.outcomes}
        return tuple(change.name for change in planned.pending)

    async def cutover(self, goal: Any) -> int:
        """Switch all that can be; return how many jobs were switched."""
        order = Order(goal=goal)
        found = await cutovers.cutover(
            self.runtime, self.state, self.sync, order, agree=_agree, stop=asyncio.Event(), progress=lambda _moved: None
        )
        assert not found.summary["failed"]
        return found.summary["moved"]

    async def retire(self, at_most: int) -> int:
        """Delete the source jobs whose target was due; return how many."""
        found = await retiring.retire(
            self.runtime,
            self.state,
            self.sync,
            Order(),
            delete=True,
            at_most=at_most,
            agree=_agree,
            stop=asyncio.Event(),
            progress=lambda _moved: None,
        )
        assert not found.summary["failed"]
        return found.summary["moved"]

    def edit(self, provider: str, names: Collection[str]) -> None:
        """Give jobs of a platform other names, as their owner would."""
        store = self.court.world.stores[provider]
        for row in tuple(store.rows.values()):
            if row.data["name"] in names:
                store.put(row.changed(name=f"{row.data['name']} (2)"))


@pytest.mark.parametrize(("court", "source", "target"), CASES, indirect=["court"])
async def test_a_migration_keeps_to_the_documents(
    court: Court, source: str, target: str, tmp_path: Path, figures: Counter[str]
) -> None:
    """Export, plan, apply, verify, an edit, cutover, back, cutover, retire: no request or answer is a violation."""
    sync, runtime = f"{source}-to-{target}", court.runtime(tmp_path)
    state = open_state(f"sqlite:///{tmp_path}/migrator.db", now=court.time.now)
    try:
        run = Migration(court=court, runtime=runtime, state=state, sync=sync)
        exported = await exports.export(runtime, source)
        created = await run.apply()
        verified = await commands.verify(runtime, state, sync)
        run.edit(source, created[:EDITED])
        edited = await run.apply()
        there, back, again = [await run.cutover(goal) for goal in ("target", "source", "target")]
        await court.time.sleep(DUE.total_seconds())
        retired = await run.retire(len(created))
    finally:
        state.close()

    requests, faults = court.judged()
    sent = Counter(WORDS[entry["method"]] for entry in court.world.requests)
    figures.update({"requests judged": requests, "violations": len(faults), "migrations": 1})
    assert [] == faults
    assert requests >= len(court.world.requests) > 100
    assert exported["jobs"]
    assert verified.is_well
    assert EDITED == len(edited)
    assert there == back == again == len(created)
    assert 0 < retired == sent["deleted"]


@pytest.mark.parametrize("provider", HTTP)
def test_the_judge_finds_a_wrong_request(court: Court, provider: str) -> None:
    """A request with one property that the document does not have is a violation, and does not reach the platform."""
    reach = settings(court.world, court.port)[provider]
    path = {
        "omni": "/v1/ai/routines",
        "devin": f"/v3/organizations/{reach.get('org_id')}/schedules",
        "scrip": f"/v1/programs/{reach.get('program_id')}/automations",
    }[provider]
    headers = {"Authorization": f"Bearer {reach['token']}"}
    url = f"{court.judges[provider].url}{path}"

    answer = httpx.post(url, json={"name": "x", "colour": "red"}, headers=headers, timeout=SECONDS, trust_env=False)

    assert 422 == answer.status_code
    assert "colour" in answer.text
    requests, faults = court.judged()
    assert 1 == requests == len(faults)
    assert "Invalid request" in faults[0]
    assert [] == court.world.requests


def test_the_judge_finds_a_wrong_answer(court: Court) -> None:
    """An answer that lacks what the document promises is a violation."""
    store = court.world.stores["devin"]
    row = next(iter(store.rows.values()))
    store.put(row.changed(enabled="yes"))
    reach = settings(court.world, court.port)["devin"]
    url = f"{court.judges['devin'].url}/v3/organizations/{reach['org_id']}/schedules/{row.id}"

    headers = {"Authorization": f"Bearer {reach['token']}"}
    answer = httpx.get(url, headers=headers, timeout=SECONDS, trust_env=False)

    assert 500 == answer.status_code
    assert "enabled" in answer.text
    requests, faults = court.judged()
    assert 1 == requests == len(faults)
    assert "Response not valid" in faults[0]
