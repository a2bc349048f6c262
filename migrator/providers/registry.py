"""The providers that there are: modules of this package, and packages of others. A provider is imported when asked for.

Packages of others register a `Provider` under its name in the entry point group `migrator.providers`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module, metadata
from typing import Final

from attrs import frozen

from migrator.errors import UsageError
from migrator.providers.declaration import KIT, Provider

GROUP: Final = "migrator.providers"
"""The entry point group; it is named like the package whose modules the others are."""
_NO_PROVIDERS: Final = frozenset({"base", "declaration", "jobs_document", "paging", "registry", "rest"})
"""Modules beside the providers, on which they are built."""


@cache
def built_in() -> tuple[str, ...]:
    """Return the names of the providers of this package, which are those of its modules."""
    package = import_module(GROUP)
    return tuple(sorted({module.name for module in pkgutil.iter_modules(package.__path__)} - _NO_PROVIDERS))


@cache  # reading what is installed takes longer than most commands
def installed() -> tuple[metadata.EntryPoint, ...]:
    """Return the entry points of every package that registers a provider."""
    return tuple(metadata.entry_points(group=GROUP))


@frozen(eq=False)
class Registry(Mapping[str, Provider]):
    """Every provider by its name; a name of ours is never another package's.

    Looking one up raises UsageError, naming the package, when another package's provider cannot be used.

    Attributes:
        others: returns the entry points of other packages.
    """

    others: Callable[[], Iterable[metadata.EntryPoint]] = installed

    def __getitem__(self, name: str) -> Provider:
        if name in built_in():
            provider: Provider = import_module(f"{GROUP}.{name}").PROVIDER
            return provider
        claims = [entry for entry in self.others() if entry.name == name]
        if not claims:
            raise KeyError(name)
        if len(claims) > 1:
            raise UsageError(
                "several packages register this provider",
                where=f"provider {name}",
                actual=", ".join(map(package_of, claims)),
                hint="uninstall all but one of them",
            )
        return _loaded(claims[0])

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*built_in(), *(entry.name for entry in self.others())}))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in built_in() or any(entry.name == name for entry in self.others())

    @property
    def shadowed(self) -> Mapping[str, str]:
        """Return the packages that register one of our names, by that name; ours counts."""
        return {entry.name: package_of(entry) for entry in self.others() if entry.name in built_in()}

    def package(self, name: str) -> str:
        """Return the package that brought a provider, with its version; "" for one of migrator's own."""
        if name in built_in():
            return ""
        return ", ".join(package_of(entry) for entry in self.others() if entry.name == name)


def package_of(entry: metadata.EntryPoint) -> str:
    """Return the package that an entry point belongs to, with its version: "acme-migrator 1.2"."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module


def _loaded(entry: metadata.EntryPoint) -> Provider:
    where = f"provider {entry.name} of the package {package_of(entry)}"
    newer = f"install a version of the package that is made for kit {KIT}, or uninstall it"
    try:
        provider = entry.load()
    except (Exception, SystemExit) as error:  # a module of another package may raise anything
        actual = f"{type(error).__name__}: {error}"
        raise UsageError("cannot be imported", where=where, actual=actual, hint=newer) from error
    if not isinstance(provider, Provider):
        allowed = "a migrator.providers.declaration.Provider"
        raise UsageError("is no provider", where=where, actual=entry.value, allowed=allowed)
    if provider.kit != KIT:
        what = "was made for another version of the provider kit"
        raise UsageError(what, where=where, actual=f"kit {provider.kit}", allowed=f"kit {KIT}", hint=newer)
    if provider.name != entry.name:
        what = "is registered under another name than its own"
        raise UsageError(what, where=where, actual=provider.name, allowed=entry.name)
    return provider


PROVIDERS: Final = Registry()
"""The providers of this package and of those that are installed beside it."""
