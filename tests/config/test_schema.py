"""The JSON Schema of migrator.toml, and the starter that `migrator init` writes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from jsonschema import Draft202012Validator

from migrator.config import Config, Sync, config_schema, examples
from migrator.config import starter as starter_of
from migrator.config.converter import keys_of
from migrator.config.model import ConnectionKeys
from migrator.providers.registry import PROVIDERS
from migrator.sandbox import World, migrator_toml

Read = Callable[[str], Config]


def starter(**options: str) -> str:
    """The starter with a connection of each provider."""
    return starter_of(examples(PROVIDERS), **options)


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """A validator of config files; what it is given goes through JSON first, as in an editor."""
    schema = json.loads(json.dumps(config_schema()))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_schema_accepts_what_loads(validator: Draft202012Validator, read: Read, sync: str) -> None:
    """A file that uses every kind of value loads and validates."""
    text = (
        sync
        + """
        select = { name = ["Weekly *"], enabled = true }
        limits = { changes = "12.5%", deletes = 3 }
        allow_loss = ["delivery", "delivery.email.groups"]
        template = { prompt = "${name}" }
        [syncs.nightly.set]
        "delivery.email" = { recipients = ["a@x.io"] }
        "action.payload" = { a = 1 }
        [syncs.nightly.lookup."action.playbook"]
        "some uuid" = "playbook-abc"
        [connections.archive]
        provider = "json"
        path = "jobs.json"
        [connections.scrip]
        provider = "scrip"
        program_id = "p"
        token = "command:pass show scrip"
        rate = "100/s burst 20"
        """
    )

    assert read(text)
    assert [*validator.iter_errors(tomllib.loads(text))] == []


ARCHIVE = "[connections.a]\nprovider = 'json'\npath = 'x'\n"
PAIR = ARCHIVE + "[connections.b]\nprovider = 'json'\npath = 'y'\n[syncs.s]\nsource = 'a'\ntarget = 'b'\n"
SCRIP = "[connections.a]\nprovider = 'scrip'\nprogram_id = 'p'\n"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "[syncs.s]\nsource = 'omni'\n",
        "[connections.a]\nprovider = 'devon'\n",
        "[connections.a]\nprovider = 'devin'\ntoken = 'env:A'\n",
        ARCHIVE + "token = 'env:A'\n",
        ARCHIVE.replace(".a", ".'a b'"),
        SCRIP,
        SCRIP + "token = 'sk-live-12345'\n",
        SCRIP + "token = 'env:A'\nrate = 'fast'\n",
        SCRIP + "token = 'env:A'\nbase_url = 'http://u:p@h'\n",
        SCRIP + "token = 'env:A'\nconcurrency = 0\n",
        PAIR + "on_mising = 'keep'\n",
        PAIR + "adopt = 'maybe'\n",
        PAIR + "two_way = 'yes'\n",
        PAIR + "event_name = ''\n",
        PAIR + "allow_loss = ['nme']\n",
        PAIR + "set = { action = {} }\n",
        PAIR + "set = { 'delivery.notify' = 'sometimes' }\n",
        PAIR + "lookup = { labels = {} }\n",
        PAIR + "lookup = { run_as = { a = 1 } }\n",
        PAIR + "select = { name = [] }\n",
        PAIR + "schedule = { days = 0 }\n",
        PAIR + "limits.floor = -1\n",
        PAIR + "limits.changes = '130%'\n",
        PAIR + "template = {}\n",
    ],
)
def test_the_schema_refuses_what_does_not_load(
    validator: Draft202012Validator, problems: Callable[[str], Any], wrong: str
) -> None:
    """What an editor underlines is what `load` refuses."""
    assert [*validator.iter_errors(tomllib.loads(wrong))] != []
    assert problems(wrong)


def test_every_key_is_explained() -> None:
    """An editor can show a sentence for every key of connections and syncs."""

    def keys(schema: dict[str, Any]) -> dict[str, Any]:
        return {
            path: shown
            for key, value in schema.get("properties", {}).items()
            for path, shown in {key: value, **{f"{key}.{k}": v for k, v in keys(value).items()}}.items()
        }

    schema = config_schema()
    tables = [schema["properties"][section]["additionalProperties"] for section in ("connections", "syncs")]
    shown = {
        key: value for table in tables for key, value in keys(table).items() if not key.startswith(("set.", "lookup."))
    }

    assert {*keys_of(ConnectionKeys), *keys_of(Sync), "select.name", "limits.floor", "template.prompt"} <= shown.keys()
    assert [key for key, value in shown.items() if not value.get("description", "").endswith(".")] == []


def test_the_schema_names_no_place() -> None:
    """The schema is valid wherever it is kept: it carries no `$id`."""
    assert "$id" not in config_schema()


def test_what_the_sandbox_prints_is_a_good_config(validator: Draft202012Validator, read: Read) -> None:
    """The config that the sandbox prints loads and validates, with a sync for each direction."""
    text = migrator_toml(World(), 8000)

    assert len(read(text).syncs) == 6
    assert [*validator.iter_errors(tomllib.loads(text))] == []


@pytest.mark.parametrize("text", [ARCHIVE, PAIR, SCRIP + "token = 'env:A'\n"])
def test_the_wrong_examples_begin_well(validator: Draft202012Validator, read: Read, text: str) -> None:
    """What the wrong examples above are made of is right, so it is their last line that is refused."""
    assert read(text)
    assert [*validator.iter_errors(tomllib.loads(text))] == []


class TestStarter:
    def test_it_loads(self, read: Read) -> None:
        """The starter is a good config file as it stands, for every provider, with secrets by reference."""
        config = read(starter())

        assert {c.provider for c in config.connections.values()} == set(PROVIDERS)
        assert {token.reference.partition(":")[0] for token in config.tokens.values()} == {"env"}

    def test_it_validates(self, validator: Draft202012Validator) -> None:
        """An editor finds nothing to underline in it."""
        assert [*validator.iter_errors(tomllib.loads(starter()))] == []
        assert starter().count("\n\n[connections.") == len(PROVIDERS)

    def test_it_leads_editors_to_the_schema(self) -> None:
        """Its first line names the schema's file, and a comment says how to write that file."""
        text = starter(schema="config.schema.json")

        assert text.startswith("#:schema config.schema.json\n")
        assert "migrator schema config > config.schema.json" in text

    def test_its_comments_are_good_too(self, read: Read) -> None:
        """Every setting that it shows as a comment can be used by taking the comment sign away."""
        text = re.sub(r"^# (?=(?:[a-z_]+|\"<.*>\") = |\[)", "", starter(), flags=re.MULTILINE)

        config = read(text)
        assert config.sync("nightly").template
        assert config.notify

    def test_it_shows_every_setting_and_states_the_defaults(self, read: Read) -> None:
        """No option of a sync is missing, and what it writes out changes nothing but the example value to set."""
        text = starter()

        assert [key for key in {**keys_of(ConnectionKeys), **keys_of(Sync)} if key not in text] == []
        assert attrs.evolve(read(text).sync("nightly"), set={}, lookup={}) == Sync(
            name="nightly", source="omni", target="devin"
        )

    @pytest.mark.parametrize(("old", "new", "code"), [("", "", 0), ('"refuse"', '"refuze"', 1), ("adopt", "adpot", 1)])
    def test_an_editor_reads_it_with_its_schema(self, tmp_path: Path, old: str, new: str, code: int) -> None:
        """taplo, which is behind editors, follows the first line to the schema, and finds what is wrong."""
        (tmp_path / "migrator.toml").write_text(starter().replace(old, new, 1) if old else starter(), encoding="utf-8")
        (tmp_path / "migrator.schema.json").write_text(json.dumps(config_schema()), encoding="utf-8")
        taplo = Path(sys.executable).parent / "taplo"
        ended = subprocess.run(
            [taplo, "lint", "migrator.toml"], cwd=tmp_path, capture_output=True, text=True, check=False
        )

        assert (ended.returncode, "migrator.toml" in ended.stderr) == (code, bool(code)), ended.stderr
