"""The providers with their mappings, checked against each other; what is wrong names the package that it came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import field, frozen

from migrator.errors import MappingError, MigratorError, UsageError
from migrator.mapping import ProviderMapping, load_mapping
from migrator.providers.base import FireLog, TagSearch
from migrator.providers.declaration import Provider
from migrator.providers.registry import PROVIDERS
from migrator.providers.rest import RestAdapter


@frozen(kw_only=True)
class CatalogEntry:
    """A provider that can be used.

    Attributes:
        provider: what it declares.
        mapping: what its records mean.
        package: the package that brought it, with its version; "" for migrator's own.
    """

    provider: Provider
    mapping: ProviderMapping
    package: str = ""


@frozen(kw_only=True)
class Catalog:
    """Every provider that is installed.

    Attributes:
        entries: those that can be used, by name.
        problems: why others cannot, by name.
    """

    entries: Mapping[str, CatalogEntry] = field(factory=dict)
    problems: Mapping[str, MigratorError] = field(factory=dict)


def entry_of(
    name: str, *, directory: Path | None = None, providers: Mapping[str, Provider] = PROVIDERS
) -> CatalogEntry:
    """Return a provider with its mapping.

    Args:
        name: the provider's.
        directory: a folder of mapping files, which count before the provider's own.
        providers: those that there are.

    Raises:
        UsageError: the package of the provider cannot be used.
        MappingError: its mapping is missing, broken or incomplete, or says something else than its declaration.
    """
    provider, package = providers[name], _package(name, providers)
    try:
        mapping = load_mapping(name, directory=directory, own=provider.mapping, documented=provider.documented)
        if wrong := tuple(_contradictions(provider, mapping)):
            raise MappingError("is not what the provider declares", wrong, where=f"mapping of {name}")
    except MappingError as error:
        if package:
            error.where = f"{error.where} in the package {package}"
            error.hint = "; ".join(filter(None, (error.hint, "report it to the authors of the package")))
        raise
    return CatalogEntry(provider=provider, mapping=mapping, package=package)


def catalog(*, directory: Path | None = None, providers: Mapping[str, Provider] = PROVIDERS) -> Catalog:
    """Return every provider that is installed; one that cannot be used does not hide the others."""
    entries: dict[str, CatalogEntry] = {}
    problems: dict[str, MigratorError] = {}
    for name in providers:
        try:
            entries[name] = entry_of(name, directory=directory, providers=providers)
        except MigratorError as error:
            if not _package(name, providers):  # our own, or a file of --mappings: nothing works without it
                raise
            problems[name] = error
    problems |= {
        name: UsageError(
            "the name is that of a provider of migrator's own, which is used",
            where=f"provider {name} of the package {package}",
            hint="uninstall the package, or ask its authors for another name",
        )
        for name, package in getattr(providers, "shadowed", {}).items()
    }
    return Catalog(entries=entries, problems=problems)


def _package(name: str, providers: Mapping[str, Provider]) -> str:
    found = getattr(providers, "package", None)
    return found(name) if found else ""


def _contradictions(provider: Provider, mapping: ProviderMapping) -> Iterator[str]:
    """Yield where a declaration and a mapping differ about what both of them say."""
    rules, can = mapping.rules, provider.capabilities
    if rules.provider != provider.name:
        yield f"provider: the mapping is that of {rules.provider}"
    enabled = rules.fields.get("enabled")
    told = (
        ("create_paused", can.create_paused, bool(enabled and enabled.create_path), "[fields] enabled, create"),
        ("own_id", can.own_id, bool(rules.identity.chosen), "[identity] chosen"),
        ("next_runs", can.next_runs, bool(rules.identity.next), "[identity] next"),
    )
    for name, declared, mapped, where in told:
        if declared != mapped:
            yield f"capability {name}: declared {_yes(declared)}, and by {where} of the mapping {_yes(mapped)}"
    adapter = provider.http.adapter if provider.http else None
    if not isinstance(adapter, type) or not issubclass(adapter, RestAdapter):
        return
    able = (
        ("versions", can.versions, bool(adapter.version_field), "version_field"),
        ("fire_log", can.fire_log, issubclass(adapter, FireLog), "fires"),
        ("tag_search", can.tag_search, issubclass(adapter, TagSearch), "tagged_jobs"),
    )
    for name, declared, found, where in able:
        if declared != found:
            yield f"capability {name}: declared {_yes(declared)}, and by {where} of the adapter {_yes(found)}"


def _yes(can: bool) -> str:  # noqa: FBT001 (a truth in words)
    return "yes" if can else "no"
