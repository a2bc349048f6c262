"""Config files for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from migrator.config import Config, load
from migrator.errors import ConfigError, MigratorError
from migrator.providers.registry import PROVIDERS

CONNECTIONS = """\
[connections.omni]
provider = "omni"
base_url = "https://acme.omniapp.co/api"
token = "env:OMNI_API_KEY"

[connections.devin]
provider = "devin"
org_id = "org-123"
token = "env:DEVIN_API_KEY"

"""

SYNC = """\
[syncs.nightly]
source = "omni"
target = "devin"
"""

Read = Callable[[str], Config]
Problems = Callable[[str], tuple[MigratorError, ...]]


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """Where the config file of this test is."""
    return tmp_path / "migrator.toml"


@pytest.fixture
def read(config_file: Path) -> Read:
    """Reads a text as a config file."""

    def read(text: str) -> Config:
        config_file.write_text(text)
        return load(config_file, providers=PROVIDERS)

    return read


@pytest.fixture
def problems(read: Read) -> Problems:
    """The problems of a text that is no good config file."""

    def problems(text: str) -> tuple[MigratorError, ...]:
        with pytest.raises(ConfigError) as caught:
            read(text)
        return caught.value.problems

    return problems


@pytest.fixture
def connections() -> str:
    """Two good connections, omni and devin."""
    return CONNECTIONS


@pytest.fixture
def sync() -> str:
    """Two good connections and the beginning of a good sync; more of its keys may follow."""
    return CONNECTIONS + SYNC
