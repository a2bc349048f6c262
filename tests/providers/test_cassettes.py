"""What goes over the wire, as recorded in cassettes/<provider>/; cassettes/README.md says where each comes from.

By default every exchange is replayed: no network, no simulator. With --record-mode=rewrite it is recorded again, from
the simulator, or from the live platform when all of its MIGRATOR_LIVE_* variables are set.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr as vcrpy
from attrs import evolve, field, frozen

from migrator.errors import AuthError, NotFoundError, RejectedError
from migrator.http.transport import Transport
from migrator.providers import open_adapter
from migrator.providers.base import Connection, ContractError, LoadAdapter, Raw
from migrator.sandbox import World, create_app
from migrator.sandbox.omni import MODEL

from .conftest import CONNECTIONS, HTTP, ID, JOBS, Leap

CASSETTES = Path(__file__).parents[2] / "cassettes"
KEPT_HEADERS = (
    "content-type",
    "allow",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
)
ONCE_A_YEAR = {"omni": "0 9 1 JAN ? *", "devin": "0 9 1 1 *", "scrip": "0 9 1 1 *"}
NOWHERE = {
    "omni": "00000000-0000-4000-8000-000000000000",
    "devin": "sched-00000000000000000000000000000000",
    "scrip": "00000000-0000-4000-8000-000000000000",
}
LIVE = {
    "omni": {"base_url": CONNECTIONS["omni"].base_url, "token": CONNECTIONS["omni"].token}
    | {"model_id": MODEL, "email": "ops@example.com"},
    "devin": {"org_id": CONNECTIONS["devin"].text("org_id"), "token": CONNECTIONS["devin"].token},
    "scrip": {"program_id": CONNECTIONS["scrip"].text("program_id"), "token": CONNECTIONS["scrip"].token},
}
"""For each variable MIGRATOR_LIVE_<PROVIDER>_<NAME>: what stands in its place in a cassette."""


@frozen(kw_only=True)
class Site:
    """Where a scenario is played.

    Attributes:
        provider: which platform.
        connection: how to reach it.
        transport: what carries requests.
        real: for live recordings, the real value of each placeholder.
    """

    provider: str
    connection: Connection
    transport: Transport | None = None
    real: Mapping[str, str] = field(factory=dict)

    @asynccontextmanager
    async def open(self, **changes: Any) -> AsyncIterator[LoadAdapter]:
        """An adapter there."""
        clock = None if self.real else Leap().clock
        async with open_adapter(evolve(self.connection, **changes), transport=self.transport, clock=clock) as adapter:
            yield adapter

    def job(self, name: str, schedule: str | None = None) -> Raw:
        """A job that fires on New Year's morning only, should it ever be left behind."""
        schedule = schedule or ONCE_A_YEAR[self.provider]
        job = JOBS[self.provider] | {"name": f"migrator cassette: {name}"}
        match self.provider:
            case "omni":
                email = self.real.get("ops@example.com", "ops@example.com")
                job |= {"modelId": self.real.get(MODEL, MODEL), "schedule": schedule}
                job |= {"destination": {"type": "email", "recipientEmails": [email]}}
            case "devin":
                job |= {"frequency": schedule}
            case _:
                job |= {"trigger": job["trigger"] | {"cron_expression": schedule}}
        return job

    def scrubbed(self, text: str) -> str:
        """`text` with placeholders for everything that belongs to the live account."""
        for placeholder, value in self.real.items():
            text = text.replace(value, placeholder)
        return text


def sandbox(provider: str) -> Site:
    """A fresh simulator below the documented host: fixed clock, counted ids."""
    return Site(
        provider=provider, connection=CONNECTIONS[provider], transport=httpx.ASGITransport(app=create_app(World()))
    )


def live(provider: str) -> Site | None:
    """The live platform, when every variable is set."""
    given = {name: os.environ.get(f"MIGRATOR_LIVE_{provider}_{name}".upper(), "") for name in LIVE[provider]}
    if not all(given.values()):
        return None
    known = {name: value for name, value in given.items() if name in {"base_url", "token"}}
    settings = {name: value for name, value in given.items() if name in {"org_id", "program_id"}}
    real = {str(LIVE[provider][name]): value for name, value in given.items()}
    return Site(provider=provider, connection=Connection(provider=provider, settings=settings, **known), real=real)


def recording(site: Site) -> dict[str, Any]:
    """How exchanges at a site are matched, and what of them is written down."""

    def request(request: Any) -> Any:
        request.uri = site.scrubbed(request.uri)
        if request.body:
            request.body = site.scrubbed(request.body.decode()).encode()
        kept = {name: value for name, value in request.headers.items() if name.lower() == "content-type"}
        request.headers = kept
        return request

    def response(response: Any) -> Any:
        body = site.scrubbed(response["body"]["string"].decode()).encode()
        kept = {name: values for name, values in response["headers"].items() if name.lower() in KEPT_HEADERS}
        return {**response, "headers": kept, "body": {"string": body}}

    return {
        "match_on": ["method", "scheme", "host", "port", "path", "query", "body"],
        "before_record_request": request,
        "before_record_response": response,
        "decode_compressed_response": True,
    }


# The scenarios. Each leaves nothing behind.


async def life(site: Site) -> None:
    """A job is made, read, renamed, listed, removed, and then gone."""
    async with site.open() as adapter:
        scope, job = adapter.scopes[0], site.job("life")
        made = await adapter.create_job(scope, job)
        try:
            read = await adapter.get_job(scope, made.id)
            renamed = await rename(adapter, made.id, job, "migrator cassette: renamed")
            listed = [record.raw["name"] async for record in adapter.list_jobs() if at(record.raw) == made.id]
        finally:
            await adapter.delete_job(scope, made.id)
        with pytest.raises(NotFoundError):
            await adapter.get_job(scope, made.id)
        await adapter.delete_job(scope, made.id)
    assert [job["name"], *["migrator cassette: renamed"] * 2] == [read.raw["name"], renamed, *listed]


async def rename(adapter: LoadAdapter, job_id: str, job: Raw, name: str) -> str:
    """Give a job another name by whichever contract the platform follows; answers the name that it has then."""
    scope = adapter.scopes[0]
    try:
        record = await adapter.update_job(scope, job_id, {"name": name})
    except ContractError as error:
        whole = {"name": name, "prompt": job["prompt"], "schedule": job["schedule"]}
        record = await adapter.update_job(scope, job_id, whole, contract=error.contract)
    return str((record or await adapter.get_job(scope, job_id)).raw["name"])


def at(raw: Raw) -> str:
    """A job's id, whichever platform it is from."""
    return str(next(raw[key] for key in set(ID.values()) if key in raw))


async def pages(site: Site) -> None:
    """Three jobs stand on two pages of two."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.import_module(f"migrator.providers.{site.provider}"), "PAGE_SIZE", 2)
        async with site.open() as adapter:
            scope = adapter.scopes[0]
            try:
                for name in ("one", "two", "three"):
                    made += [(await adapter.create_job(scope, site.job(name))).id]
                listed = [at(record.raw) async for record in adapter.list_jobs()]
            finally:
                for job_id in made:
                    await adapter.delete_job(scope, job_id)
    assert sorted(made) == sorted(set(made) & set(listed))
    assert len(set(listed)) == len(listed)


async def refusals(site: Site) -> None:
    """A job that is not there, a schedule that is none, and a token that opens nothing."""
    async with site.open() as adapter:
        scope = adapter.scopes[0]
        with pytest.raises(NotFoundError):
            await adapter.get_job(scope, NOWHERE[site.provider])
        with pytest.raises(RejectedError, match=r"(?i)cron"):
            await adapter.create_job(scope, site.job("refused", schedule="at dawn"))
    async with site.open(token="opens-nothing") as adapter:
        with pytest.raises(AuthError):
            await adapter.get_job(scope, NOWHERE[site.provider])


Scenario = Callable[[Site], Coroutine[Any, Any, None]]
SCENARIOS: dict[str, Scenario] = {"life": life, "pages": pages, "refusals": refusals}

scenarios = pytest.mark.parametrize("scenario", SCENARIOS)
providers = pytest.mark.parametrize("provider", HTTP)


@pytest.fixture
def site(provider: str, record_mode: str) -> Site:
    """Where to play: nowhere but the cassette, unless it is being recorded."""
    if record_mode == "none":
        return Site(provider=provider, connection=CONNECTIONS[provider])
    return live(provider) or sandbox(provider)


@pytest.fixture
def vcr_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    return recording(request.getfixturevalue("site")) if "site" in request.fixturenames else {}


@pytest.fixture
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(CASSETTES / request.getfixturevalue("provider")) if "provider" in request.fixturenames else ""


@pytest.fixture
def default_cassette_name(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("scenario"))


@pytest.fixture(autouse=True)
def _all_played(vcr: Any, record_mode: str) -> Iterator[None]:
    """What is recorded and never asked for is no evidence of anything."""
    yield
    if vcr is not None and record_mode == "none":
        assert vcr.all_played, "the cassette holds calls that the test does not make; record it anew (make record)"


@providers
@scenarios
@pytest.mark.vcr
@pytest.mark.block_network
async def test_the_wire_is_as_recorded(provider: str, scenario: str, site: Site) -> None:
    """The adapter sends exactly the recorded requests, in bodies and queries too, and understands the answers."""
    await SCENARIOS[scenario](site)


@providers
@scenarios
async def test_recordings_repeat_themselves(provider: str, scenario: str, tmp_path: Path) -> None:
    """Two recordings from the simulator are the same to the byte, so a difference in review means something."""
    recorded = []
    for name in ("one", "two"):
        place = sandbox(provider)
        with vcrpy.VCR(**recording(place)).use_cassette(str(tmp_path / f"{name}.yaml"), record_mode="all"):
            await SCENARIOS[scenario](place)
        recorded.append(content(tmp_path / f"{name}.yaml"))
    assert recorded[0] == recorded[1]
    assert CONNECTIONS[provider].token not in recorded[0]


def content(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@providers
def test_no_cassette_is_left_over(provider: str) -> None:
    """Every cassette belongs to a scenario."""
    assert sorted(SCENARIOS) == sorted(path.stem for path in (CASSETTES / provider).iterdir())


@providers
def test_what_is_live_is_scrubbed(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every variable set the live platform is used, and its account's values are replaced; else it is not used."""
    variables = [f"MIGRATOR_LIVE_{provider}_{name}".upper() for name in LIVE[provider]]
    assert live(provider) is None
    for variable in variables:
        monkeypatch.setenv(variable, f"https://{variable}.example.com/api")
    place = live(provider)
    assert place is not None
    assert place.transport is None
    text = " ".join(os.environ[name] for name in variables)
    assert " ".join(map(str, LIVE[provider].values())) == place.scrubbed(text)
    monkeypatch.delenv(variables[-1])
    assert live(provider) is None
