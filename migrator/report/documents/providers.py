"""The document of providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Literal

from attrs import asdict, frozen

from migrator.canonical import LEAVES, LeafPath, covers
from migrator.catalog import Catalog, CatalogEntry
from migrator.json_document import Document, filled
from migrator.mapping.rules import Rules
from migrator.mapping.sections import ChangeKind


@frozen(kw_only=True)
class FieldSupport:
    """How a provider supports a canonical field.

    Attributes:
        max: longest text, or most entries.
        change: how it can change, by update contract.
    """

    path: LeafPath
    held: Literal["held", "translated", "lost"]
    reason: str = ""
    max: int | None = None
    change: Mapping[str, ChangeKind] | None = None


@frozen(kw_only=True)
class ProviderSupport:
    """What a provider supports.

    Attributes:
        dialect: of its cron expressions; null for any.
        timezone: the only one that it evaluates; null for any.
        needs: what every job must have: one path of each list.
        declined: its own fields that are dropped, and why.
        read_only: its own fields that cannot be written, and why.
        package: the package that it comes from, with its version; null for a provider of migrator.
        page: its page of the documentation.
        capabilities: what it can do beyond the usual.
    """

    name: str
    title: str
    package: str | None
    page: str
    capabilities: Mapping[str, bool]
    docs: tuple[str, ...]
    checked: date
    actions: tuple[Literal["prompt", "event"], ...]
    dialect: str | None
    timezone: str | None
    min_interval_minutes: int
    needs: tuple[tuple[str, ...], ...]
    unique: tuple[str, ...]
    contracts: tuple[str, ...]
    fields: tuple[FieldSupport, ...]
    declined: Mapping[str, str]
    read_only: Mapping[str, str]


@frozen(kw_only=True)
class UnusableProvider:
    """A provider of another package that cannot be used, and why."""

    name: str
    error: str


@frozen(kw_only=True)
class ProvidersDocument(Document):
    """What each provider supports."""

    NAME: ClassVar[str] = "providers"
    providers: tuple[ProviderSupport, ...]
    unusable: tuple[UnusableProvider, ...]


def providers_document(found: Catalog) -> ProvidersDocument:
    """Return what each provider supports, as its mapping file says."""
    unusable = tuple(UnusableProvider(name=name, error=str(error)) for name, error in found.problems.items())
    return ProvidersDocument(providers=tuple(map(_provider, found.entries.values())), unusable=unusable)


def _provider(entry: CatalogEntry) -> ProviderSupport:
    rules = entry.mapping.rules
    return filled(
        ProviderSupport,
        rules,
        name=rules.provider,
        package=entry.package or None,
        page=entry.provider.docs,
        capabilities=asdict(entry.provider.capabilities),
        dialect=rules.dialect or None,
        timezone=rules.timezone or None,
        min_interval_minutes=rules.min_interval,
        contracts=tuple(rules.contracts),
        fields=tuple(field_support(path, rules) for path in LEAVES),
        declined={path: declined.reason for path, declined in rules.declined.items()},
    )


def field_support(leaf: str, rules: Rules) -> FieldSupport:
    """Return how a provider supports one canonical field."""
    for path, reason in rules.translated.items():
        if covers(path, leaf):
            return FieldSupport(path=leaf, held="translated", reason=reason)
    for path, reason in rules.lost.items():
        if covers(path, leaf):
            return FieldSupport(path=leaf, held="lost", reason=reason)
    rule = rules.fields[leaf]
    change = {contract: rule.change_under(contract) for contract in rules.contracts}
    return FieldSupport(path=leaf, held="held", max=rule.max, change=change)
