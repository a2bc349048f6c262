"""The parts of docs/ that are made from the code: python .ci/reference.py writes them, and a test compares them.

Whole pages: the command line and the config file. Parts of pages, between `<!-- made: NAME -->` and `<!-- /made -->`:
what each provider can hold. Pictures: what the verdicts of docs/schedules.md mean, drawn from the cron engine.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import attrs
import pictures
import typer

from migrator.canonical import LEAVES, covers
from migrator.cli.app import app
from migrator.config.converter import keys_of
from migrator.config.model import ConfigDocument, ConnectionKeys, CronText, Sync
from migrator.config.schema import config_schema
from migrator.mapping import load_mapping
from migrator.providers.declaration import Setting
from migrator.providers.registry import PROVIDERS

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.platforms import evidence  # the tests are no package; their records are what is shown

DOCS: Final = Path(__file__).parents[1] / "docs"
MADE: Final = "This page is made from the code by `make reference`."
_PART: Final = re.compile(r"(<!-- made: ([\w ]+) -->\n).*?(<!-- /made -->)", re.DOTALL)


def files() -> dict[Path, str]:
    """Every file that is made, or has parts that are, with what it must hold."""
    made = {
        DOCS / "reference" / "cli.md": "\n".join(cli()) + "\n",
        DOCS / "reference" / "config.md": "\n".join(config()) + "\n",
    }
    made |= {DOCS / "pictures" / f"{name}.svg": picture for name, picture in pictures.pictures().items()}
    for page in (*sorted((DOCS / "providers").glob("*.md")), DOCS / "evidence.md"):
        text = page.read_text("utf-8")
        made[page] = _PART.sub(lambda found: f"{found[1]}\n{part(found[2])}\n\n{found[3]}", text)
    return made


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A table; a bar within a cell is no border of it."""
    cells = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in row) + " |" for row in cells)


# -- the command line -------------------------------------------------------------------------------------------------


def cli() -> Iterator[str]:
    """Every command as its help says it."""
    root = typer.main.get_command(app)
    top = typer.Context(root, info_name="migrator")
    commands = dict(_commands(root))
    shared = _shared(commands)
    yield f"# Command line\n\n{MADE}\n"
    yield _prose(root.help)
    yield "\n## Options of every command\n\nThey stand before the command's name or after it.\n"
    first = next(iter(commands.values()))
    yield table(("option", "meaning"), (_row(p, top) for p in first.params if _said(p) in shared))
    yield "\n| before a command | meaning |\n| --- | --- |\n| `--version` | Print the version and stop. |"
    for name, command in commands.items():
        context = typer.Context(command, info_name=name, parent=top)
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"\n## migrator {name}\n\n    migrator {name} {usage}\n\n{_prose(command.help)}"
        own = [_row(p, context) for p in command.params if _said(p) not in shared]
        if own:
            yield f"\n{table(('argument or option', 'meaning'), iter(own))}"


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command, however deep, by all of its name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _shared(commands: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """The options that the commands have in common, but for one that gives a name of theirs another meaning."""
    counts = Counter(_said(p) for command in commands.values() for p in command.params)
    return {said for said, number in counts.items() if number >= len(commands) - 1}


def _said(parameter: Any) -> tuple[str, ...]:
    return (*parameter.opts, parameter.help or "")


def _row(parameter: Any, context: typer.Context) -> tuple[str, str]:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar}`", parameter.help or ""
    names, text = parameter.get_help_record(context)
    return f"`{names}`", text


def _prose(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


# -- the config file --------------------------------------------------------------------------------------------------


def config() -> Iterator[str]:
    """Every key of migrator.toml."""
    schema = config_schema()
    connection = schema["properties"]["connections"]["additionalProperties"]
    sync = schema["properties"]["syncs"]["additionalProperties"]
    yield f"# migrator.toml\n\n{MADE} `migrator schema config` prints the same as a JSON Schema, for editors.\n"
    yield "## [connections.NAME]\n"
    yield table(
        ("provider", "needs", "takes", "address unless `base_url` says another", "rate unless `rate` says another"),
        (
            (
                f"`{name}`",
                _keys(info.required),
                _keys(info.optional),
                *((info.http.base_url or "-", info.http.rate) if info.http else ("-", "-")),
            )
            for name, info in PROVIDERS.items()
        ),
    )
    yield "\n" + _keys_table(ConnectionKeys, connection)
    for name, provider in PROVIDERS.items():
        own = schema["properties"]["connections"]["additionalProperties"]["properties"]
        rows = ((f"`{one.name}`", _takes(own[one.name]), _need(one), one.says) for one in provider.settings)
        yield f"\n### Settings of {name}\n\n{table(('key', 'takes', '', 'meaning'), rows)}"
    yield f"\n## cron of a connection\n\n{_keys_table(CronText, connection['properties']['cron'])}"
    yield f"\n## [syncs.NAME]\n\n{_keys_table(Sync, sync)}"
    for key, cls in _tables(Sync):
        yield f"\n## {key} of a sync\n\n{_keys_table(cls, sync['properties'][key])}"
    for key, cls in _tables(ConfigDocument):
        yield f"\n## [{key}]\n\n{_keys_table(cls, schema['properties'][key])}"
    yield "\n## [syncs.NAME.set]\n\nA value for what the source has no value for, by canonical path in quotes.\n"
    paths = sync["properties"]["set"]["properties"]
    yield table(("path", "takes"), ((f"`{path}`", _takes(of)) for path, of in paths.items()))
    yield '\n## [syncs.NAME.lookup."PATH"]\n\nWhich value at the target (right) stands for which at the source.\n'
    yield f"Paths: {_keys(sync['properties']['lookup']['properties'])}."
    yield "\n## Paths of allow_loss\n\nA path covers all below it.\n"
    yield _keys(sync["properties"]["allow_loss"]["items"]["anyOf"][0]["enum"]) + ", `provider_fields.<name>`."


def _need(setting: Setting) -> str:
    return "needed" if setting.required else "-"


def _tables(cls: type) -> Iterator[tuple[str, type]]:
    """The keys of a table that hold a table of their own kind."""
    for key, attribute in keys_of(cls).items():
        found = next(
            (
                kind
                for kind in (attribute.type, *get_args(attribute.type))
                if isinstance(kind, type) and attrs.has(kind)
            ),
            None,
        )
        if found and get_origin(attribute.type) is not Mapping and key not in {"connections", "syncs"}:
            yield key, found


def _keys(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names) or "-"


def _keys_table(cls: type, schema: Mapping[str, Any]) -> str:
    rows = ((f"`{key}`", *_about(schema["properties"][key], a)) for key, a in keys_of(cls).items())
    return table(("key", "takes", "default", "meaning"), rows)


def _about(schema: Mapping[str, Any], attribute: attrs.Attribute[Any]) -> tuple[str, str, str]:
    default = attribute.default
    if default is attrs.NOTHING:
        said = "needed"
    elif isinstance(default, bool):
        said = f"`{str(default).lower()}`"
    elif isinstance(default, str | int):
        said = f"`{default}`"
    else:
        said = f"`{default}`" if type(default).__name__ == "Limit" else "-"
    return _takes(schema), said, schema.get("description", "")


def _takes(schema: Mapping[str, Any]) -> str:
    """What a schema lets through, in a few words."""
    if len(schema.get("enum", ())) > 12:  # noqa: PLR2004 (a list that has a section of its own)
        return "canonical path"
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    if "enum" in schema.get("anyOf", ({},))[0]:
        return _takes(schema["anyOf"][0])
    if "anyOf" in schema:
        return '`"30%"` or a number'
    if schema.get("type") == "array":
        return f"list of {_takes(schema['items'])}" if "items" in schema else "list"
    if schema.get("type") == "integer":
        bounds = [str(schema[edge]) for edge in ("minimum", "maximum") if edge in schema]
        return f"number, {' to '.join(bounds)}" if bounds else "number"
    words = {"string": "text", "boolean": "`true` \\| `false`", "object": "table"}
    return words.get(schema.get("type", ""), "anything")


# -- providers --------------------------------------------------------------------------------------------------------


def part(name: str) -> str:
    """A part of a page: `holds omni`, `lost omni` or `declined omni`; `claims` or `differences` of evidence.md."""
    what, _, provider = name.partition(" ")
    if what == "claims":
        head = ("software", "kind", "evidence for", "claim", "measured", "date")
        return table(head, evidence.claims())
    if what == "differences":
        return table(("expression", "zones", "difference", "first instants"), evidence.differences())
    rules = load_mapping(provider).rules
    if what == "holds":
        return table(("field", "held", "longest or most", "changes"), (_held(leaf, rules) for leaf in LEAVES))
    if what == "lost":
        both = [(path, "lost", why) for path, why in rules.lost.items()]
        both += [(path, "translated", how) for path, how in rules.translated.items()]
        return table(("field", "", "why, or how"), ((f"`{path}`", kind, why) for path, kind, why in both))
    rest = [(path, declined.reason) for path, declined in rules.declined.items()] + list(rules.read_only.items())
    return table(("field of the platform", "why it stays"), ((f"`{path}`", why) for path, why in rest))


def _held(leaf: str, rules: Any) -> tuple[str, str, str, str]:
    for word, paths in (("translated", rules.translated), ("-", rules.lost)):
        if any(covers(path, leaf) for path in paths):
            return f"`{leaf}`", word, "", ""
    rule = rules.fields[leaf]
    ways = {contract: rule.change_under(contract) for contract in rules.contracts}
    told = {way: " or ".join(c for c in ways if ways[c] == way) for way in ways.values()}
    changes = ", ".join(f"{way} ({contracts})" if len(told) > 1 else str(way) for way, contracts in told.items())
    return f"`{leaf}`", "yes", f"{rule.max:,}" if rule.max else "", changes


def main() -> None:
    """Write every file that is not as it must be."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(DOCS.parent)}\n")


if __name__ == "__main__":
    main()
