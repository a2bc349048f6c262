"""Reading a mapping file, and the check that it says everything.

A mapping that leaves out a canonical field or a documented provider field is refused: nothing is dropped because
somebody forgot it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources.abc import Traversable
from typing import Final, Protocol

import cattrs
from cattrs.gen import make_dict_structure_fn, override

from migrator.canonical import LEAVES, PATHS, covers
from migrator.errors import MappingError
from migrator.mapping.rules import Rule, Rules
from migrator.mapping.sections import UnportableRule

_DOCS: Final = "docs/mappings.md describes a mapping file"


class DocumentedFields(Protocol):
    """Every field that a provider's documentation names, as dotted paths."""

    @property
    def response(self) -> frozenset[str]: ...  # noqa: D102 (the class says it)
    @property
    def create(self) -> frozenset[str]: ...  # noqa: D102
    @property
    def update(self) -> Mapping[str, frozenset[str]]: ...  # noqa: D102


@cache  # making one takes longer than reading a mapping with it
def make_converter() -> cattrs.Converter:
    """The converter for mapping files: unknown words are errors, and all errors are reported at once."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(
        Rule, make_dict_structure_fn(Rule, converter, _cattrs_forbid_extra_keys=True, tags=override(rename="with"))
    )
    converter.register_structure_hook(
        UnportableRule,
        make_dict_structure_fn(
            UnportableRule, converter, _cattrs_forbid_extra_keys=True, exclude=override(rename="except")
        ),
    )
    converter.register_structure_hook(date, lambda value, _type: value)
    return converter


def load(path: Traversable, documented: DocumentedFields | None = None) -> Rules:
    """Read a mapping file and check that it is complete.

    Args:
        path: the TOML file.
        documented: every field of the provider's documentation; None for a format of our own.

    Raises:
        MappingError: with every problem of the file.
    """
    try:
        rules = make_converter().structure(tomllib.loads(path.read_text("utf-8-sig")), Rules)
    except OSError as error:
        raise MappingError("cannot be read", where=str(path), hint=str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"is not TOML: {error}", where=str(path), hint=_DOCS) from error
    except cattrs.BaseValidationError as error:
        problems = tuple(cattrs.transform_error(error))
        raise MappingError("is not a mapping", problems, where=str(path), hint=_DOCS) from error
    gaps = [
        *_canonical_gaps(rules),
        *_loose_ends(rules),
        *(_provider_gaps(rules, documented) if documented else ()),
    ]
    if gaps:
        hint = "every field is mapped, or declined with a reason"
        raise MappingError("is not complete", tuple(gaps), where=str(path), hint=hint)
    return rules


def _canonical_gaps(rules: Rules) -> Iterator[str]:
    """Every canonical field stands in exactly one of fields, translated and lost."""
    for leaf in LEAVES:
        homes = [
            section
            for section, paths in (("fields", rules.fields), ("translated", rules.translated), ("lost", rules.lost))
            if any(covers(path, leaf) for path in paths)
        ]
        if not homes:
            yield f"canonical field {leaf}: neither in [fields] nor in [translated] nor in [lost]"
        elif len(homes) > 1:
            yield f"canonical field {leaf}: in {' and in '.join(f'[{home}]' for home in homes)}"


def _loose_ends(rules: Rules) -> Iterator[str]:
    """Every canonical path that the file names exists, and value tables can be turned round."""
    known = {*LEAVES, *PATHS}
    named = [
        *rules.fields,
        *rules.translated,
        *rules.lost,
        *rules.unique,
        *(path for need in rules.needs for path in need),
    ]
    named += [path for contract in rules.contracts.values() for path in contract.always]
    named += [declined.loses for declined in rules.declined.values() if declined.loses]
    yield from (f"{path} is not a canonical field" for path in dict.fromkeys(named) if path not in known)
    for path, rule in rules.fields.items():
        if len(set(rule.values.values())) != len(rule.values):
            yield f"canonical field {path}: two provider values stand for one of ours"
        if isinstance(rule.change, Mapping) and (unknown := set(rule.change) - set(rules.contracts)):
            yield f"canonical field {path}: unknown contract: {', '.join(sorted(unknown))}"


def _provider_gaps(rules: Rules, documented: DocumentedFields) -> Iterator[str]:
    """Every documented provider field has a place here, and every provider field named here is documented."""
    reads, creates, updates = set[str](), set[str](), set[str]()
    for rule in rules.fields.values():
        reads.add(rule.read_path)
        creates.add(rule.create_path)
        updates.add(rule.update_path)
        for path in rule.tags:
            tag = rules.tag(path)
            reads.add(path)
            creates.add(path if tag.create is None else tag.create)
            updates.add(path if tag.update is None else tag.update)
    if rules.marker and rules.marker.form == "field":
        reads.add(rules.marker.path)
        creates.add(rules.marker.path)
        updates.add(rules.marker.path)
    idle = {*rules.declined, *rules.read_only}
    allowed_updates = frozenset[str]().union(*documented.update.values())
    for what, used, all_of_them in (
        ("answer", reads, documented.response),
        ("create request", creates, documented.create),
        ("update request", updates, allowed_updates),
    ):
        for path in sorted(all_of_them - used - idle):
            yield f"provider field {path} of the {what}: neither mapped nor declined nor read-only"
        for path in sorted(used - all_of_them - {""}):
            yield f"provider field {path}: the documentation of the {what} does not have it"
    yield from (
        f"provider field {path}: the documentation does not have it"
        for path in sorted({*rules.declined, *rules.read_only})
        if path not in documented.response | documented.create | allowed_updates
    )
