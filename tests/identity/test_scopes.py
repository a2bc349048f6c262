"""What a connection reaches is one place, however its address is spelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrator.config import load
from migrator.providers import scopes_of
from migrator.providers.base import Connection
from migrator.providers.registry import PROVIDERS

MEMBER = "00000000-0000-4000-8000-00000000ABCD"


def reached(provider: str, **keys: Any) -> tuple[str, ...]:
    """What a connection with these keys reaches."""
    common = {key: keys.pop(key) for key in ("base_url", "identity") if key in keys}
    return scopes_of(Connection(provider=provider, token="x", settings=keys, **common))


@pytest.mark.parametrize(
    "spelling",
    [
        "https://acme.omniapp.co/api/",
        "https://ACME.omniapp.co/api",
        "https://acme.omniapp.co:443/api",
        "https://acme.omniapp.co./api",
        "https://acme.omniapp.co//api",
        "http://acme.omniapp.co:80/api",
    ],
)
def test_an_instance_has_one_name(spelling: str) -> None:
    """Slashes, letter case, the port, the way there and the root's dot are no part of it."""
    assert reached("omni", base_url=spelling) == ("acme.omniapp.co/api",)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.0.0.2", "[::1]", "127.0.0.1:8765"])
def test_this_machine_has_one_name(host: str) -> None:
    """However loopback is spelled, it is the same machine."""
    assert reached("omni", base_url=f"http://{host}/omni/api") == ("127.0.0.1/omni/api",)


def test_other_instances_are_other_places() -> None:
    """Host and path tell instances apart."""
    places = {reached("omni", base_url=url) for url in ("https://a.co/api", "https://b.co/api", "https://a.co/x/api")}
    assert len(places) == 3


def test_an_id_has_one_spelling() -> None:
    """Members, programs and organisations are compared without blanks and letter case; other names as they are."""
    assert reached("omni", base_url="https://a.co/api", user_ids=(MEMBER,)) == (f"a.co/api/{MEMBER.lower()}",)
    assert reached("scrip", program_id=f" {MEMBER} ") == (MEMBER.lower(),)
    assert reached("devin", org_id="ORG-0123ABCD") == ("org-0123abcd",)
    assert reached("devin", org_id="Acme") == ("Acme",)


def test_the_address_is_no_part_of_an_organisation() -> None:
    """Where the platform names the account, only that counts."""
    assert reached("devin", org_id="org-1", base_url="http://x") == reached("devin", org_id="org-1")
    assert reached("scrip", program_id="p", base_url="http://x") == reached("scrip", program_id="p")


def test_a_file_has_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named from its folder, from another one, by a detour or by a symbolic link, it is the same file."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "inner")
    (tmp_path / "inner" / "migrator.toml").write_text('[connections.a]\nprovider = "json"\npath = "jobs.json"\n')
    expected = (str(tmp_path / "inner" / "jobs.json"),)

    monkeypatch.chdir(tmp_path / "inner")
    spelled = [Path("migrator.toml"), tmp_path / "inner" / "migrator.toml", tmp_path / "link" / "migrator.toml"]
    found = {scopes_of(load(path, providers=PROVIDERS).connections["a"]) for path in spelled}

    assert found == {expected}
    assert reached("json", path=str(tmp_path / "link" / ".." / "inner" / "jobs.json")) == expected


def test_an_identity_stands_for_the_address(tmp_path: Path) -> None:
    """A declared identity is what the state calls a file or an instance."""
    assert reached("json", path=str(tmp_path / "a.json"), identity="archive") == ("archive",)
    assert reached("omni", base_url="https://a.co/api", identity="acme") == ("acme",)
    assert reached("omni", base_url="https://a.co/api", identity="acme", user_ids=("m",)) == ("acme/m",)
