"""The token of one connection, which is read again where it is kept when the platform stops accepting it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from attrs import define, field

from migrator.errors import MigratorError, UsageError

Renewal = Literal["no", "by others", "read"]
"""Whether there is a new token, and whether this request is the one that has read it."""


@define(kw_only=True, eq=False)
class Credential:
    """A token that may be replaced while a run is under way.

    Attributes:
        secret: the token in use.
        kept_in: where it is kept, as the config file says: "file:PATH"; "" where that is not known.
        renew: reads it again; None where a run cannot see another one (`env:`).
        secrets: every token that was in use; none of them is ever shown.
    """

    secret: str = field(repr=False)
    kept_in: str = ""
    renew: Callable[[], str] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(init=False, repr=False)
    _accepted: bool = field(default=False, init=False)
    _final: str = field(default="", init=False, repr=False)
    _found: str = field(default="", init=False)
    _reading: asyncio.Lock = field(factory=asyncio.Lock, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.secret.isascii() or not self.secret.isprintable():
            raise UsageError("the token holds characters that no HTTP header can carry", hint="copy the whole token")
        self.secrets = (self.secret,) if self.secret else ()

    def accepted(self) -> None:
        """Note that the platform knows the token."""
        self._accepted = True

    async def renewed(self, refused: str, *, may_read: bool) -> Renewal:
        """Return whether there is another token than the one that was refused; each is read again once at most.

        Args:
            refused: the token.
            may_read: whether this request may still read it again; what others have read it takes in any case.
        """
        async with self._reading:
            if self.secret != refused:
                return "by others"
            if self.renew is None or self._final == refused or not may_read:
                return "no"
            self._final = refused
            try:
                secret = await asyncio.to_thread(self.renew)
            except MigratorError as error:
                self._found = f"it was read again from {self.kept_in}, and {error.what}"
                return "no"
            if secret == refused:
                self._found = f"{self.kept_in} was read again and holds the same token"
                return "no"
            self.secret = secret
            self.secrets = (*self.secrets, secret)
            return "read"

    @property
    def advice(self) -> str:
        """What to do about a token that is not accepted."""
        if not self._accepted:
            return "check the token of this connection"
        if self.kept_in.startswith("env:"):
            return (
                f"it was accepted before in this run, so it was probably replaced; a run cannot see {self.kept_in} "
                "change: set the new token and run the command again, or keep it behind file: or command:"
            )
        return f"it was accepted before in this run; {self._found or 'put the new one in its place'}"
