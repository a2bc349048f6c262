"""migrator.toml: what a good file gives, and what is said about a bad one."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from migrator.canonical import LEAVES, PATHS, Email, Slack
from migrator.config import Config, Limit, Limits, Schedule, Select, load
from migrator.errors import ConfigError, MigratorError, UsageError
from migrator.providers.base import Connection
from migrator.providers.registry import PROVIDERS

NEWLINE = "\n"
Read = Callable[[str], Config]
Problems = Callable[[str], tuple[MigratorError, ...]]


def only(found: tuple[MigratorError, ...]) -> MigratorError:
    """The one problem there is."""
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


class TestGoodFile:
    def test_connections_are_the_providers_own(self, read: Read) -> None:
        """A connection holds what the file says, and the provider's defaults for the rest."""
        config = read("""
            [connections.omni]
            provider = "omni"
            base_url = "https://acme.omniapp.co/api/"
            token = "env:OMNI_API_KEY"
            user_ids = ["u-2", "u-1"]
            update_contract = "patch"
            rate = "100/s burst 20"
            concurrency = 4
        """)

        assert dict(config.connections) == {
            "omni": Connection(
                provider="omni",
                base_url="https://acme.omniapp.co/api",
                settings={"user_ids": ("u-2", "u-1"), "update_contract": "patch"},
                rate="100/s burst 20",
                concurrency=4,
            )
        }

    def test_a_file_of_jobs_is_found_beside_the_config(self, read: Read, tmp_path: Path) -> None:
        """The path of a json connection starts from the folder of the config file."""
        config = read('[connections.archive]\nprovider = "json"\npath = "jobs.json"\n')

        assert config.connections["archive"].text("path") == str(tmp_path / "jobs.json")

    def test_a_path_is_the_same_wherever_the_command_starts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However the config file is named, a path in it is absolute, and has one spelling."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "migrator.toml").write_text('[connections.a]\nprovider = "json"\npath = "folder/../jobs.json"\n')
        for folder, named in ((tmp_path, "migrator.toml"), (tmp_path / "folder", "../migrator.toml")):
            monkeypatch.chdir(folder)
            config = load(Path(named), providers=PROVIDERS)
            assert config.connections["a"].text("path") == str(tmp_path / "jobs.json")

    def test_a_sync_without_options_is_careful(self, read: Read, sync: str) -> None:
        """What is not said keeps jobs, refuses drift, adopts nothing and limits the run."""
        found = read(sync).sync("nightly")

        assert (found.name, found.source, found.target) == ("nightly", "omni", "devin")
        assert (found.on_missing, found.on_drift, found.on_deleted, found.on_refused) == (
            "keep",
            "refuse",
            "report",
            "fail",
        )
        assert (found.adopt, found.two_way, found.allow_loss, found.template) == ("never", False, (), None)
        assert found.schedule == Schedule(mode="window", days=8)
        assert found.limits == Limits(changes=Limit.read("30%"), deletes=Limit.read("30%"), floor=10)
        assert found.select == Select()

    def test_every_option_arrives(self, read: Read, sync: str) -> None:
        """Each option of a sync arrives as a typed value."""
        found = read(
            sync
            + """
            select = { name = ["Weekly *", "Daily *"], enabled = true, id = ["r-1"] }
            schedule = { mode = "year" }
            allow_loss = ["delivery.email", "action"]
            on_missing = "pause"
            on_drift = "source"
            on_deleted = "recreate"
            on_refused = "report"
            adopt = "identical"
            two_way = true
            limits = { changes = 3, deletes = "12.5%", floor = 0 }
            template = { prompt = "Run $event of ${name} for $$5: ${payload}" }
            event_name = "nightly.prompt"
            """
        ).sync("nightly")

        assert found.select == Select(name=("Weekly *", "Daily *"), enabled=True, id=("r-1",))
        assert found.schedule == Schedule(mode="year", days=8)
        assert found.allow_loss == ("delivery.email", "action")
        assert (found.on_missing, found.on_drift, found.on_deleted, found.on_refused) == (
            "pause",
            "source",
            "recreate",
            "report",
        )
        assert (found.adopt, found.two_way, found.event_name) == ("identical", True, "nightly.prompt")
        assert found.limits == Limits(changes=Limit(count=3), deletes=Limit(percent=Decimal("12.5")), floor=0)
        assert found.template
        assert found.template.fill(name="Sales", event="e", payload="{}") == "Run e of Sales for $5: {}"

    def test_set_gives_canonical_values(self, read: Read, sync: str) -> None:
        """Values to set have the types that the canonical model has at their paths."""
        found = read(
            sync
            + """
            [syncs.nightly.set]
            "action.agent" = "devin"
            "action.payload" = { n = 1, deep = { list = [1, [2]] } }
            "action.hints" = ["a", { b = 1 }]
            "delivery.email" = { recipients = ["b@x.io", "a@x.io"], groups = ["g"] }
            "delivery.slack" = { team = "T1", channel = "C1" }
            "delivery.notify" = "always"
            "enabled" = false
            "labels" = ["b", "a"]
            """
        ).sync("nightly")

        assert found.set == {
            "action.agent": "devin",
            "action.payload": {"n": 1, "deep": {"list": (1, (2,))}},
            "action.hints": ("a", {"b": 1}),
            "delivery.email": Email(recipients=("a@x.io", "b@x.io"), groups=("g",)),
            "delivery.slack": Slack(team="T1", channel="C1"),
            "delivery.notify": "always",
            "enabled": False,
            "labels": ("a", "b"),
        }

    def test_lookup_gives_tables(self, read: Read, sync: str) -> None:
        """A lookup is a table of texts for each canonical path."""
        found = read(sync + '[syncs.nightly.lookup."action.playbook"]\n"some uuid" = "playbook-abc"\n').sync("nightly")

        assert found.lookup == {"action.playbook": {"some uuid": "playbook-abc"}}

    @pytest.mark.parametrize("path", [*PATHS, *LEAVES, "action", "delivery", "trigger"])
    def test_every_canonical_path_may_be_lost(self, read: Read, sync: str, path: str) -> None:
        """A loss may be allowed for a path, for a group of paths, and for a part of a value."""
        assert read(f'{sync}allow_loss = ["{path}"]').sync("nightly").allow_loss == (path,)

    @pytest.mark.parametrize("url", ["http://127.0.0.1:8000/api", "http://localhost:1", "http://[::1]:8000"])
    def test_plain_http_reaches_this_machine(self, read: Read, connections: str, url: str) -> None:
        """Simulators on this machine need no encryption."""
        config = read(connections.replace("https://acme.omniapp.co/api", url))

        assert config.connections["omni"].base_url == url

    def test_line_ends_of_any_kind(self, config_file: Path, sync: str) -> None:
        """A file that was written on Windows reads the same."""
        config_file.write_bytes(sync.replace("\n", "\r\n").encode())

        assert list(load(config_file, providers=PROVIDERS).syncs) == ["nightly"]


class TestBadFile:
    def test_everything_wrong_is_reported_at_once(self, problems: Problems, config_file: Path) -> None:
        """Errors of every kind are reported in one go, in the order of the file, each with its line and column."""
        found = problems("""\
[connections.omni]
provider = "omni"
base_url = "http://acme.omniapp.co/api"
token = "sk-live-12345"

[connections.devin]
provider = "devin"
token = "env:DEVIN_API_KEY"
user_ids = ["x"]

[syncs.nightly]
source = "omni"
target = "devn"
on_missing = "kepe"
select = { nam = ["x"] }
allow_loss = ["name",
  "delivery.emial"]
  limits.changes = "130%"

[sincs]
""")

        assert [(p.where, p.what) for p in found] == [
            (f"{config_file}:3:1", "connections.omni.base_url would send the token unencrypted"),
            (f"{config_file}:4:1", "connections.omni.token does not say where the secret is kept"),
            (f"{config_file}:6:14", "connections.devin lacks the key org_id, which every devin connection needs"),
            (f"{config_file}:9:1", "connections.devin.user_ids is not a key of this table"),
            (f"{config_file}:13:1", "syncs.nightly.target is not a connection of this file"),
            (f"{config_file}:14:1", "syncs.nightly.on_missing is not one of its values"),
            (f"{config_file}:15:12", "syncs.nightly.select.nam is not a key of this table"),
            (f"{config_file}:17:3", "syncs.nightly.allow_loss[1] is not a canonical path"),
            (f"{config_file}:18:10", "syncs.nightly.limits.changes is not a limit"),
            (f"{config_file}:20:2", "sincs is not a key of this table"),
        ]

    @pytest.mark.parametrize(
        ("wrong", "column", "what", "hint"),
        [
            ('on_drift = "sauce"', 1, "on_drift is not one of its values", 'did you mean "source"?'),
            ('onmissing = "keep"', 1, "onmissing is not a key of this table", 'did you mean "on_missing"?'),
            ("two_way = 1", 1, "two_way is not true or false", ""),
            ("adopt = true", 1, "adopt is not one of its values", ""),
            ('event_name = " "', 1, "event_name is empty", ""),
            ("event_name = 5", 1, "event_name is not a text", ""),
            ("select = []", 1, "select is not a table", ""),
            ("select = { name = [] }", 12, "select.name is empty", ""),
            ('select = { name = "Weekly *" }', 12, "select.name is not an array", ""),
            ('select = { id = ["a", 5] }', 23, "select.id[1] is not a text", ""),
            ('schedule = { mode = "windw" }', 14, "schedule.mode is not one of its values", 'did you mean "window"?'),
            ("schedule = { days = 0 }", 14, "schedule.days is out of range", ""),
            ("schedule = { days = 367 }", 14, "schedule.days is out of range", ""),
            ("schedule = { days = 8.5 }", 14, "schedule.days is not an integer", ""),
            ("schedule = { days = true }", 14, "schedule.days is not an integer", ""),
            ("limits = { deletes = -1 }", 12, "limits.deletes is not a limit", ""),
            ("limits = { deletes = 0.3 }", 12, "limits.deletes is not a limit", ""),
            ("limits = { deletes = true }", 12, "limits.deletes is not a limit", ""),
            ('limits = { deletes = "100.5%" }', 12, "limits.deletes is not a limit", ""),
            ('limits = { changes = "30" }', 12, "limits.changes is not a limit", ""),
            ("limits = { floor = -1 }", 12, "limits.floor is out of range", ""),
            ('set = { "action.agnt" = "x" }', 9, 'set."action.agnt" is not a canonical path', '"action.agent"?'),
            ('set = { action.agent = "x" }', 9, "set.action is not a canonical path", "the whole path in quotes"),
            ('set = { "action.agent" = 5 }', 9, 'set."action.agent" is not a text', ""),
            ('set = { "trigger.cron" = "* * * * *" }', 9, 'set."trigger.cron" is not a canonical path', ""),
            ('set = { "enabled" = "no" }', 9, "set.enabled is not true or false", ""),
            ('set = { "labels" = [1] }', 21, "set.labels[0] is not a text", ""),
            ('set = { "action.payload" = { at = 2030-01-01 } }', 9, 'set."action.payload" holds what JSON', ""),
            ('set = { "action.payload" = { n = inf } }', 9, 'set."action.payload" holds what JSON', ""),
            (
                'set = { "action.scope" = "prgram" }',
                9,
                'set."action.scope" is not one of its values',
                'did you mean "program"?',
            ),
            ('set = { "delivery.email" = {} }', 9, 'set."delivery.email" reaches nobody', ""),
            ('set = { "delivery.email" = { to = [] } }', 30, 'set."delivery.email".to is not a key', ""),
            ('set = { "delivery.slack" = { team = "T" } }', 9, 'set."delivery.slack" must reach one', ""),
            ('lookup = { "action.modl" = {} }', 12, 'lookup."action.modl" is not a canonical path', "action.model"),
            ('lookup = { "labels" = {} }', 12, "lookup.labels is not a canonical path", ""),
            ('lookup = { "run_as" = { a = 1 } }', 25, "lookup.run_as.a is not a text", ""),
            ('lookup = { action.model = { a = "b" } }', 12, "lookup.action is not a canonical path", "in quotes"),
            ("template = {}", 1, "template lacks the key prompt", ""),
            ('template = { prompt = "${nam}" }', 14, "template.prompt has an unknown", 'did you mean "name"?'),
            ('template = { prompt = "costs $5" }', 14, "template.prompt has a $ that names nothing", ""),
            ('allow_loss = ["delivery.*"]', 15, "allow_loss[0] is not a canonical path", ""),
        ],
    )
    def test_what_is_wrong_with_a_sync(
        self, problems: Problems, sync: str, wrong: str, column: int, what: str, hint: str
    ) -> None:
        """A wrong option is named with its place, and with the nearest right one."""
        problem = only(problems(sync + wrong))

        assert problem.where.endswith(f"migrator.toml:{sync.count(NEWLINE) + 1}:{column}")
        assert problem.what.startswith(f"syncs.nightly.{what}")
        assert hint in problem.hint

    @pytest.mark.parametrize(
        ("old", "new", "what"),
        [
            ('provider = "devin"', 'provider = "devon"', "connections.devin.provider is not a provider"),
            ('provider = "devin"\n', "", "connections.devin lacks the key provider"),
            ('provider = "devin"', "provider = 3", "connections.devin.provider is not a text"),
            ('token = "env:DEVIN_API_KEY"\n', "", "connections.devin lacks the key token"),
            ('org_id = "org-123"', 'org_id = ""', "connections.devin.org_id is empty"),
            ('org_id = "org-123"', 'org_id = "org-123"\nrate = "fast"', "connections.devin.rate is not a rate"),
            ('org_id = "org-123"', 'org_id = "o"\nconcurrency = 0', "connections.devin.concurrency is out of range"),
            ('org_id = "org-123"', 'org_id = "o"\npath = "x"', "connections.devin.path is not a key of this table"),
            ("https://acme.omniapp.co/api", "acme.omniapp.co", "connections.omni.base_url is no URL"),
            ("https://acme.omniapp.co/api", "https://", "connections.omni.base_url is no URL"),
            ("https://acme.omniapp.co/api", "https://a:b", "connections.omni.base_url is no URL"),
            ("https://acme.omniapp.co/api", "https://a/?b=c", "connections.omni.base_url has a query or a fragment"),
            ("[connections.devin]", '[connections."de vin"]', 'connections."de vin" is not a name'),
            ("[connections.devin]", "[[connections.devin]]", "connections.devin is not a table"),
        ],
    )
    def test_what_is_wrong_with_a_connection(
        self, problems: Problems, connections: str, old: str, new: str, what: str
    ) -> None:
        """A wrong connection is named, with what is wrong."""
        problem = only(problems(connections.replace(old, new)))

        assert problem.what.startswith(what)

    def test_no_key_of_another_provider(self, problems: Problems, connections: str) -> None:
        """A key that another provider takes is refused, and the message lists those that this one takes."""
        problem = only(problems(connections + 'program_id = "p"\n'))

        assert (
            problem.allowed
            == "provider, org_id, token, base_url, rate, concurrency, budget, timeout, listing_timeout, cron"
        )

    def test_a_wrong_name_hides_nothing(self, problems: Problems, sync: str) -> None:
        """What is wrong inside a table is reported even when its name is wrong too."""
        found = problems(sync + "[syncs.'a b']\nsource = 'omni'\ntarget = 'devin'\nadopt = 'x'\n")

        assert [p.what for p in found] == ['syncs."a b" is not a name', 'syncs."a b".adopt is not one of its values']

    def test_source_and_target_must_differ(self, problems: Problems, sync: str) -> None:
        """A connection is not kept in step with itself."""
        problem = only(problems(sync.replace('target = "devin"', 'target = "omni"')))

        assert problem.what == "syncs.nightly.target is the source itself"

    @pytest.mark.parametrize("text", ["", "# nothing yet\n", "[syncs]\n"])
    def test_a_file_without_connections(self, problems: Problems, text: str) -> None:
        """A file that connects nothing is not taken for a good one."""
        assert only(problems(text)).what == "the file lacks the key connections"

    @pytest.mark.parametrize("text", ["connections = 3\n", "connections = []\n"])
    def test_sections_are_tables(self, problems: Problems, text: str) -> None:
        """A section of the wrong kind is named."""
        assert only(problems(text)).what == "connections is not a table"

    @pytest.mark.parametrize(
        ("text", "where"),
        [
            ("[connections.omni]\ntoken = sk-live-12345\n", "2:9"),
            ("[a]\nb = 1\nb = 2\n", "3:6"),
            ("a = [1, 2", "1:10"),
            ('a = 1\nb = """x\ny', "3:2"),
        ],
    )
    def test_a_file_that_is_no_toml(self, problems: Problems, text: str, where: str) -> None:
        """A syntax error has its line and column, and does not show what stands there."""
        problem = only(problems(text))

        assert problem.where.endswith(f"migrator.toml:{where}")
        assert problem.what.startswith("is not TOML: ")
        assert "12345" not in str(problem)

    def test_no_file(self, tmp_path: Path) -> None:
        """A missing file says how to get one."""
        with pytest.raises(ConfigError, match=r"the config file does not exist; create it: migrator init"):
            load(tmp_path / "migrator.toml", providers=PROVIDERS)

    def test_a_folder(self, tmp_path: Path) -> None:
        """What cannot be read says why."""
        with pytest.raises(ConfigError, match="cannot be read"):
            load(tmp_path, providers=PROVIDERS)

    def test_bytes_that_are_no_text(self, config_file: Path) -> None:
        """A file in another encoding is refused as such."""
        config_file.write_bytes(b"# caf\xe9\n")

        with pytest.raises(ConfigError, match="is not UTF-8"):
            load(config_file, providers=PROVIDERS)

    def test_the_summary_counts(self, read: Read, sync: str) -> None:
        """The error itself says how many problems there are."""
        with pytest.raises(ConfigError, match=r"migrator\.toml has 2 problems$"):
            read(sync + 'adopt = "x"\non_drift = "y"\n')


class TestSecretsStayOut:
    SECRET = "sk-live-12345"

    @pytest.mark.parametrize(
        "line",
        [
            'token = "sk-live-12345"',
            'token = ["sk-live-12345"]',
            'token = { value = "sk-live-12345" }',
            'token = "env:sk-live-12345"',
            'token = "keyring:sk-live-12345"',
            'token = "ENV:sk-live-12345"',
            'token = ""',
            "token = 12345",
            'tokn = "sk-live-12345"',
            'base_url = "https://user:sk-live-12345@acme.omniapp.co/api"',
            'base_url = "https://sk-live-12345@acme.omniapp.co/api"',
            'base_url = "https://acme.omniapp.co/api?key=sk-live-12345"',
        ],
    )
    def test_a_literal_secret_is_refused_and_never_shown(self, problems: Problems, line: str) -> None:
        """A secret in the file is an error, and no message repeats any of it or tells its length."""
        given = {"provider": 'provider = "omni"', "base_url": 'base_url = "https://a.io"', "token": 'token = "env:A"'}
        given[line.split(maxsplit=1)[0]] = line

        found = problems("[connections.omni]\n" + "\n".join(given.values()))

        assert found
        assert not re.search(r"live|12345|\b(5|13)\b(?!:)", " ".join(str(p).replace(p.where, "") for p in found))


class TestLookingUp:
    def test_a_sync_that_is_not_there(self, read: Read, sync: str) -> None:
        """Asking for a sync that the file lacks names the nearest one."""
        with pytest.raises(UsageError, match=r'unknown sync.*allowed: nightly; did you mean "nightly"'):
            read(sync).sync("nigthly")

    def test_a_connection_that_is_not_there(self, read: Read, sync: str) -> None:
        """Asking for a connection that the file lacks lists those it has."""
        with pytest.raises(UsageError, match=r"unknown connection.*allowed: omni, devin"):
            read(sync).connection("scrip", environ={})

    def test_a_connection_gets_its_secret_when_asked_for(self, read: Read, sync: str) -> None:
        """The secret is looked up for the one connection that is about to be opened."""
        config = read(sync)

        assert config.connections["omni"].token == ""
        assert config.connection("omni", environ={"OMNI_API_KEY": "secret"}).token == "secret"

    def test_a_secret_that_is_not_there(self, read: Read, sync: str, config_file: Path) -> None:
        """The message names connection, line and variable."""
        with pytest.raises(ConfigError) as caught:
            read(sync).connection("devin", environ={})

        assert str(caught.value) == (
            f"{config_file}:9:1 (connections.devin.token): the environment variable DEVIN_API_KEY is not set; "
            "set it: export DEVIN_API_KEY=…"
        )

    def test_a_file_needs_no_secret(self, read: Read, tmp_path: Path) -> None:
        """A file of jobs has no secret to look for."""
        config = read('[connections.archive]\nprovider = "json"\npath = "jobs.json"\n')

        assert config.connection("archive", environ={}).text("path") == str(tmp_path / "jobs.json")


BASE = """
[connections.a]
provider = "json"
path = "a.json"
[connections.b]
provider = "json"
path = "b.json"
[syncs.s]
source = "a"
target = "b"
"""


class TestHostileFile:
    """A file whose size or nesting would end a program is an error like any other."""

    @pytest.mark.parametrize("depth", [100, 5_000])
    @pytest.mark.parametrize(
        "form",
        [
            lambda n: "x = " + "[" * n + "]" * n,
            lambda n: "x = " + "{a = " * n + "1" + "}" * n,
            lambda n: "x = " + "[{a = " * n + "1" + "}]" * n,
            lambda n: "set." + ".".join("a" * n) + " = 1",
            lambda n: "[syncs.s.set." + ".".join("a" * n) + "]",
        ],
        ids=["arrays", "inline tables", "both", "dotted keys", "headers"],
    )
    def test_nesting(self, problems: Problems, form: Callable[[int], str], depth: int) -> None:
        """It nests too deep, and how deep it may is said."""
        found = only(problems(f"{BASE}{form(depth)}\n"))
        assert (found.what, found.allowed) == ("nests too deep", "64 levels of arrays and tables")

    @pytest.mark.parametrize(
        "line",
        [
            f"allow_loss = [{','.join(['1'] * 50_000)}]",
            f"set = {{{','.join(f'k{n} = 1' for n in range(20_000))}}}",
            "\n".join(f"[syncs.t{n}]" for n in range(20_000)),
        ],
        ids=["array", "inline table", "tables"],
    )
    def test_length(self, problems: Problems, line: str) -> None:
        """An array or a table is too long."""
        found = only(problems(f"{BASE}{line}\n"))
        assert (found.what, found.allowed) == ("holds an array or a table that is too long", "10,000 at most")

    def test_other_sizes(self, problems: Problems) -> None:
        """A file of millions of characters, and a number of thousands of digits."""
        assert "is too long" in only(problems(f"{BASE}#{'x' * 4_000_000}")).what
        assert "thousands of digits" in only(problems(f"{BASE}limits = {{ floor = {'9' * 5_000} }}\n")).what

    def test_a_thousand_problems_are_told_in_part(self, read: Read, problems: Problems) -> None:
        """The first hundred are shown, each with the part of its line that it is about, and the number of all."""
        text = f"{BASE}allow_loss = [{','.join(['1'] * 1_000)}]\n"
        found = problems(text)
        assert len(found) == 50
        assert max(len(getattr(one, "excerpt", "")) for one in found) < 400
        with pytest.raises(ConfigError, match="1,000 problems, of which the first 50 are shown"):
            read(text)
