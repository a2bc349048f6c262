"""The registry, and opening connections."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import attrs
import httpx
import pytest
from attrs import evolve

from migrator.config.connections import own_settings
from migrator.errors import UsageError
from migrator.http.rate_limit import Rate, RateLimiter
from migrator.providers import open_adapter
from migrator.providers.base import Connection, Record
from migrator.providers.registry import PROVIDERS

from .conftest import CONNECTIONS, HTTP, Leap


@pytest.mark.parametrize("provider", PROVIDERS)
def test_settings_are_those_of_a_connection(provider: str) -> None:
    """What a provider asks for is something that a connection can say."""
    info = PROVIDERS[provider]
    common = {*info.required, *info.optional} - {setting.name for setting in own_settings(info)}
    assert common <= {a.name for a in attrs.fields(Connection)} - {"provider", "settings", "known_contract"}
    assert set(info.required).isdisjoint(info.optional)


@pytest.mark.parametrize("provider", HTTP)
def test_what_an_http_provider_states(provider: str) -> None:
    """Each platform has an address or asks for one, a token, and a rate that can be read."""
    info = PROVIDERS[provider]
    assert info.http
    assert bool(info.http.base_url) != ("base_url" in info.required)
    assert "token" in info.required
    assert Rate.parse(info.http.rate).count > 0


def test_the_documented_rates() -> None:
    """Omni documents 60 a minute for each key, Scrip 10 a second with a burst of 30."""
    rates = {name: known.http.rate for name, known in PROVIDERS.items() if known.http}
    assert ("60/min", "10/s burst 30") == (rates["omni"], rates["scrip"])


@pytest.mark.parametrize(
    ("provider", "header", "value"),
    [
        ("omni", "authorization", "Bearer omni_org_sandbox"),
        ("devin", "authorization", "Bearer cog_sandbox"),
        ("scrip", "x-api-key", "sk_sandbox"),
    ],
)
async def test_how_the_token_travels(provider: str, header: str, value: str) -> None:
    """The token stands in the header that the platform documents, and in no other."""
    seen: list[httpx.Request] = []

    async def platform(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404)

    token = CONNECTIONS[provider].token
    async with open_adapter(CONNECTIONS[provider], transport=httpx.MockTransport(platform)) as adapter:
        await adapter.delete_job(adapter.scopes[0], "x")
    assert {header: value} == {name: text for name, text in seen[0].headers.items() if token in text}
    assert seen[0].url.host in {"acme.omniapp.co", "api.devin.ai", "api.scrip.dev"}


@pytest.mark.parametrize(
    ("provider", "changes", "shared"),
    [
        ("omni", {"settings": {"user_ids": ("another",)}}, True),
        ("omni", {"token": "another"}, False),
        ("omni", {"token": "another", "budget": "ours"}, True),
        ("devin", {"token": "another"}, True),
        ("devin", {"settings": {"org_id": "another"}}, False),
        ("scrip", {"token": "another", "settings": {"program_id": "another"}}, True),
        ("scrip", {"budget": "theirs"}, False),
        ("scrip", {"base_url": "https://elsewhere.example"}, False),
    ],
)
async def test_whom_a_platform_counts_as_one(provider: str, changes: dict[str, Any], shared: bool) -> None:
    """Omni counts by key, Devin by organisation, Scrip by one that nothing names; `budget` says otherwise."""
    rate_limiters: dict[str, RateLimiter] = {}
    one = evolve(CONNECTIONS[provider], budget=changes.get("budget") and "ours")
    for connection in (one, evolve(one, **changes)):
        async with open_adapter(connection, rate_limiters=rate_limiters, clock=Leap().clock):
            pass
    assert (1 if shared else 2) == len(rate_limiters)
    assert not any(one.token in key for key in rate_limiters)


@pytest.mark.parametrize(
    "wrong", [{"rate": "fast"}, {"base_url": "acme"}, {"token": "two\nlines"}], ids=["rate", "base_url", "token"]
)
async def test_a_connection_that_cannot_be_used(wrong: dict[str, str]) -> None:
    """What cannot work is refused when opening."""
    with pytest.raises(UsageError):
        async with open_adapter(evolve(CONNECTIONS["devin"], **wrong)):
            pass


def test_secrets_and_prompts_stay_out_of_reprs() -> None:
    """Neither a token nor a job's content shows in a repr."""
    assert "s3cret" not in repr(Connection(provider="devin", token="s3cret"))
    assert "s3cret" not in repr(Record(scope="org", raw={"prompt": "s3cret"}))


def test_the_registry_is_cheap() -> None:
    """Reading the registry does not load the HTTP library."""
    code = "import sys, migrator.providers, migrator.http.rate_limit; sys.exit('httpx' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
