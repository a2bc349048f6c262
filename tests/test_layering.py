"""The house has storeys: a module imports only what stands below it, and each thing is done in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import attrs
import pytest

import migrator
from migrator import canonical
from migrator.config.model import ConnectionKeys, Sync
from migrator.providers.registry import PROVIDERS, built_in
from tests.layers import RANK

Sources = Mapping[str, str]
"""Text of each module, by its dotted name; a package has the name of its folder."""

HOMES = {
    "httpx": {"http", "sandbox"},
    "ruamel": {"providers"},
    "opentelemetry": {"telemetry"},
    "croniter": {"cron", "sandbox"},
    "apprise": {"notify"},
    "cronsim": {"sandbox"},
    "sqlalchemy": {"store", "testing"},
    "alembic": {"store"},
    "starlette": {"sandbox"},
    "jinja2": {"report"},
    "markupsafe": {"report"},
    "typer": {"cli"},
    "rich": {"report", "cli"},
    "pytest": {"testing"},
}
"""Where a library that shapes what it touches may be imported."""

ADAPTERS_NEVER = {"cron", "canonical", "mapping", "document", "prompt_envelope"}
"""Adapters pass raw JSON through; what it means is none of their business."""


def package_sources() -> dict[str, str]:
    """The text of every module of the package."""
    root = Path(migrator.__file__).parent
    return {
        ".".join(["migrator", *path.relative_to(root).with_suffix("").parts]).removesuffix(
            ".__init__"
        ): path.read_text()
        for path in root.rglob("*.py")
    }


@cache
def parse(source: str) -> ast.Module:
    """The syntax tree of a source; most are looked at many times."""
    return ast.parse(source)


def imports(source: str, sources: Sources, *, at_run_time: bool = False) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every module that a source imports, wherever in it that happens."""
    tree = parse(source)
    skipped = {id(inner) for node in ast.walk(tree) if at_run_time and is_typing_only(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names = [f"{base}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name if name in sources else base) for name in names)


def is_typing_only(node: ast.AST) -> bool:
    """Whether a statement is there for type checkers only."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def storey(module: str) -> str:
    """What a module of ours belongs to: `migrator.cron.parse` to `cron`; the root package to ""."""
    return [*module.split("."), ""][1]


def wrong_imports(sources: Sources) -> Iterator[str]:
    """Imports of what stands above or beside, and libraries away from their homes."""
    for module, source in sources.items():
        for line, name in imports(source, sources):
            library = name.split(".")[0]
            if library == "migrator":
                wrong = wrong_storey(storey(module), storey(name))
            elif library in HOMES and storey(module) not in HOMES[library]:
                wrong = f"which belongs in {', '.join(sorted(HOMES[library]))}"
            else:
                wrong = ""
            if wrong:
                yield f"{module}:{line} imports {name}, {wrong}"


def wrong_storey(here: str, there: str) -> str:
    """Why a module of the storey `here` may not import one of `there`; "" when it may.

    The root package shows what others hold, and everybody may ask it for the version.
    """
    if here == there or not there or not here:
        return ""
    if "sandbox" in {here, there}:
        return "" if here in {"demo", "cli"} else "and only demo and cli know the sandbox, which knows nothing of ours"
    if unknown := {here, there} - RANK.keys():
        return f"and {', '.join(sorted(unknown))} has no storey"
    if RANK[there] >= RANK[here]:
        return "which does not stand below it"
    return "and adapters know raw JSON only" if here == "providers" and there in ADAPTERS_NEVER else ""


def cycles(sources: Sources) -> Iterator[str]:
    """Modules that import each other in a circle when they run, and in the sandbox also those that do so for types."""
    edges = {
        (module, name)
        for module, source in sources.items()
        for _, name in imports(source, sources, at_run_time=storey(module) != "sandbox")
        if name in sources and name != module
    }
    while loose := {
        (module, name)
        for module, name in edges
        if module not in {below for _, below in edges} or name not in {above for above, _ in edges}
    }:
        edges -= loose
    if edges:
        yield f"a circle through {', '.join(sorted({module for module, _ in edges}))}"


def printing(sources: Sources) -> Iterator[str]:
    """Output from anywhere but report and cli."""
    for module, source in sources.items():
        if storey(module) in {"report", "cli"}:
            continue
        for node in ast.walk(parse(source)):
            match node:
                case ast.Call(func=ast.Name(id="print")):
                    yield f"{module}:{node.lineno} prints"
                case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"):
                    yield f"{module}:{node.lineno} uses sys.{node.attr}"
                case ast.ImportFrom(module="sys") if any(a.name in {"stdout", "stderr"} for a in node.names):
                    yield f"{module}:{node.lineno} imports a standard stream"


@cache
def provider_words() -> frozenset[str]:
    """Names of provider fields that are no words of our own: they look like nothing but that field."""
    fields = {
        part
        for info in PROVIDERS.values()
        if info.documented
        for path in {*info.documented.response, *info.documented.create}.union(*info.documented.update.values())
        for part in re.findall(r"\w+", path)
    }
    classes = (canonical.Job, canonical.Prompt, canonical.Event, canonical.Email, canonical.Slack, ConnectionKeys, Sync)
    ours = {a.name for cls in classes for a in attrs.fields(cls)}
    return frozenset(name for name in fields - ours if re.search(r"[a-z]_[a-z]|[a-z][A-Z]", name))


def is_provider_own(module: str, name: str) -> bool:
    """Whether a module belongs to one provider: it is of its adapter or of its simulator."""
    return f"{module}.".startswith((f"migrator.providers.{name}.", f"migrator.sandbox.{name}."))


def provider_fields(sources: Sources, words: frozenset[str]) -> Iterator[str]:
    """Names of provider fields in texts outside of providers and simulators; docstrings may explain them."""
    for module, source in sources.items():
        if storey(module) == "providers" or any(is_provider_own(module, name) for name in built_in()):
            continue
        tree = parse(source)
        explained = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained:
                for word in sorted(words.intersection(re.findall(r"\w+", node.value))):
                    yield f"{module}:{node.lineno} says {word}"


ALSO_WORDS = frozenset({"crontab", "github", "json"})
"""Names of providers that mean something else as well: a file, a site, a format."""


def provider_names(sources: Sources) -> Iterator[str]:
    """Names of providers anywhere but in their own modules: in code, in texts, in docstrings and comments."""
    for module, source in sources.items():
        for name in built_in():
            if is_provider_own(module, name):
                continue
            if module in {"migrator.export", "migrator.testing.platform"} and name == "json":
                continue  # its document is the one that the provider json keeps in a file; every table has a file in it
            if name in ALSO_WORDS:
                found = [place for place, text in texts(source) if text == name and storey(module) not in FORMATS]
            else:
                lines = enumerate(source.split("\n"), start=1)
                found = [
                    place for place, line in lines if re.search(rf"(?<![a-z]){name}(?![a-z])", line, re.IGNORECASE)
                ]
            yield from (f"{module}:{place} names the provider {name}" for place in found)
            for line, imported in imports(source, sources):
                if is_provider_own(imported, name):
                    yield f"{module}:{line} imports the provider {name}"


MOST_LINES = 300


def too_long(sources: Sources) -> Iterator[str]:
    """Modules of more lines than a reader takes in at once."""
    for module, source in sources.items():
        if (lines := source.count("\n")) > MOST_LINES:
            yield f"{module} has {lines} lines"


def names_of_two_classes(sources: Sources) -> Iterator[str]:
    """Names of classes that stand for two things."""
    homes: dict[str, list[str]] = {}
    for module, source in sources.items():
        for node in parse(source).body:
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(module)
    yield from (f"{name} is a class of {', '.join(found)}" for name, found in homes.items() if len(found) > 1)


FORMATS = {"cron", "mapping", "cli"}
"""Where such a word is that of a dialect, a codec or an option."""


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and value of every text of a source."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def violations(sources: Sources, words: frozenset[str]) -> list[str]:
    """Everything in which these sources break the rules of the house."""
    rules = (wrong_imports, cycles, printing, provider_names, too_long, names_of_two_classes)
    return [*(one for rule in rules for one in rule(sources)), *provider_fields(sources, words)]


def test_the_package_keeps_the_rules() -> None:
    """No module of the package breaks a rule of the house."""
    assert violations(package_sources(), provider_words()) == []


def test_every_module_has_a_storey() -> None:
    """A new module gets its place in the house when it is made."""
    assert {storey(module) for module in package_sources()} - RANK.keys() == {"", "sandbox"}


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("migrator.plan", "from migrator.execute.executor import run", "does not stand below it"),
        ("migrator.extract", "from migrator import convert", "does not stand below it"),
        ("migrator.mapping", "import migrator.http.client", "does not stand below it"),
        ("migrator.store", "def f():\n    from migrator.extract import x", "does not stand below it"),
        ("migrator.cron", "if TYPE_CHECKING:\n    from migrator.canonical import Job", "does not stand below it"),
        ("migrator.providers.omni", "from migrator.canonical import Job", "adapters know raw JSON only"),
        ("migrator.providers.omni", "from migrator.mapping import read", "adapters know raw JSON only"),
        ("migrator.sandbox.omni", "from migrator.errors import MigratorError", "knows nothing of ours"),
        ("migrator.sync.commands", "from migrator.sandbox import serve", "only demo and cli know the sandbox"),
        ("migrator.attic", "from migrator.errors import MigratorError", "attic has no storey"),
        ("migrator.providers.omni", "import httpx", "belongs in http, sandbox"),
        ("migrator.plan", "from croniter import croniter", "belongs in cron, sandbox"),
        ("migrator.execute.executor", "from sqlalchemy.engine import Engine", "belongs in store"),
        ("migrator.demo", "from rich.console import Console", "belongs in cli, report"),
        ("migrator.execute.executor", "print('done')", "prints"),
        ("migrator.sandbox", "import sys\nsys.stdout.write('x')", "uses sys.stdout"),
        ("migrator.sandbox", "from sys import stderr", "imports a standard stream"),
        ("migrator.plan", "x = raw['destination.recipientEmails']", "says recipientEmails"),
        ("migrator.plan", "f'{x}.cron_expression'", "says cron_expression"),
        ("migrator.plan", "if provider == 'omni': pass", "names the provider omni"),
        ("migrator.plan", "if provider == 'json': pass", "names the provider json"),
        ("migrator.plan", "x = 1  # as Devin does", "names the provider devin"),
        ("migrator.plan", "scrip_contract = 1", "names the provider scrip"),
        ("migrator.plan", "from migrator.providers import json", "imports the provider json"),
        ("migrator.providers.omni", "x = 'scrip'", "names the provider scrip"),
        ("migrator.sandbox.world", "x = 'omni'", "names the provider omni"),
        ("migrator.sandbox.omni.body", "from migrator.sandbox.devin import ORG", "imports the provider devin"),
        ("migrator.sandbox.faults", "x = 'participant_filter'", "says participant_filter"),
    ],
)
def test_a_broken_rule_is_found(module: str, source: str, expected: str) -> None:
    """Each rule fails on a module that breaks it, and names it."""
    empty = dict.fromkeys(package_sources(), "")
    found = violations({**empty, module: source}, provider_words())

    assert [message for message in found if message.startswith(f"{module}:") and expected in message] != []


def test_a_class_name_for_two_things_is_found() -> None:
    """One name for an idea, and one idea for a name."""
    sources = {"migrator.plan": "class Change:\n    pass", "migrator.report": "class Change:\n    pass"}
    assert violations(sources, frozenset()) == ["Change is a class of migrator.plan, migrator.report"]


def test_a_long_module_is_found() -> None:
    """Three hundred lines pass, and no more."""
    assert violations({"migrator.plan": "x = 1\n" * 300}, frozenset()) == []
    assert violations({"migrator.plan": "x = 1\n" * 301}, frozenset()) == ["migrator.plan has 301 lines"]


def test_a_circle_is_found() -> None:
    """Modules of one package may import each other, but not in a circle."""
    sources = {
        "migrator.cron.a": "from migrator.cron import b",
        "migrator.cron.b": "import migrator.cron.c",
        "migrator.cron.c": "def f():\n    from migrator.cron.a import x",
    }
    rest = {"migrator.cron.d": "from migrator.cron.a import y", "migrator.cron.e": "from migrator.cron import d"}

    assert violations({**sources, **rest}, frozenset()) == ["a circle through " + ", ".join(sources)]
    types_only = "if TYPE_CHECKING:\n    from migrator.cron.a import x"
    assert violations({**sources, **rest, "migrator.cron.c": types_only}, frozenset()) == []


def test_a_circle_of_types_is_found_in_the_sandbox() -> None:
    """In the sandbox no module refers to one above it, not even for a type."""
    sources = {
        "migrator.sandbox.clock": "if TYPE_CHECKING:\n    from migrator.sandbox.world import World",
        "migrator.sandbox.world": "from migrator.sandbox import clock",
    }

    assert violations(sources, frozenset()) == ["a circle through " + ", ".join(sources)]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("migrator.cutover", "from migrator.verify import check\nfrom migrator.errors import RefusedError"),
        ("migrator.demo", "from migrator.sandbox.server import serve"),
        ("migrator.http.client", "import httpx"),
        ("migrator.cli", "import sys\nprint(sys.stdout)"),
        ("migrator.providers.omni", "x = raw['recipientEmails']"),
        ("migrator.plan", 'def f():\n    """Tells what a platform calls recipientEmails."""'),
        ("migrator.providers.omni", "x = 'omni'  # Omni's own"),
        ("migrator.sandbox.omni.body", "x = 'omni recipientEmails'"),
        ("migrator.plan", "x = 'described'  # a JSON document"),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    """The rules let through what the house is built of."""
    assert violations({module: source}, provider_words()) == []
