"""A config file that has no errors, as the program uses it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from attrs import evolve, field, frozen

from migrator.config.model import Occasion, Sync
from migrator.config.secrets import kept_in, resolve
from migrator.config.shapes import choose
from migrator.errors import UsageError
from migrator.providers.base import Connection


@frozen(kw_only=True)
class Token:
    """Where a secret is kept.

    Attributes:
        reference: "env:NAME" and so on.
        where: the file, line, column and key that say so.
    """

    reference: str
    where: str


@frozen(kw_only=True)
class Notices:
    """Who is told, and of what.

    Attributes:
        to: where the URLs are kept.
        on: what they are told of.
    """

    to: tuple[Token, ...]
    on: tuple[Occasion, ...]


@frozen(kw_only=True)
class Config:
    """A config file that has no errors.

    Attributes:
        path: the file.
        connections: by name; without their secrets.
        syncs: by name.
        tokens: where the secrets are kept, by the connection's name.
        notify: who is told when a sync needs a person.
        collector: where OpenTelemetry goes, None when only the environment may say so.
    """

    path: Path
    connections: Mapping[str, Connection]
    syncs: Mapping[str, Sync]
    tokens: Mapping[str, Token] = field(factory=dict)
    notify: Notices | None = None
    collector: str | None = None

    def connection(self, name: str, *, environ: Mapping[str, str]) -> Connection:
        """A connection with its secret, ready to be opened.

        Raises:
            UsageError: the connection is unknown.
            ConfigError: the secret is not where the file says.
        """
        connection = self.connections[self._known(name, self.connections, "connection")]
        if (token := self.tokens.get(name)) is None:
            return connection
        read = partial(resolve, token.reference, environ=environ, base_dir=self.path.parent, where=token.where)
        renew = None if token.reference.startswith("env:") else read
        return evolve(connection, token=read(), kept_in=kept_in(token.reference), renew=renew)

    def sync(self, name: str) -> Sync:
        """The sync of that name.

        Raises:
            UsageError: there is none.
        """
        return self.syncs[self._known(name, self.syncs, "sync")]

    def _known(self, name: str, names: Mapping[str, object], what: str) -> str:
        try:
            return choose(name, names, f"unknown {what}")
        except UsageError as error:
            error.where = str(self.path)
            raise
