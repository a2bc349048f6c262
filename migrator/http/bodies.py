"""The body of an answer: read up to a bound, and decoded as JSON within one; anything else is a fault of it."""

from __future__ import annotations

import json
import zlib
from typing import Any, Final

from attrs import define, field

MOST_BYTES: Final = 16 * 1024 * 1024
"""The largest body that is read, both as sent and decompressed; a page of a hundred jobs takes a hundredth of it."""
MOST_HEADERS: Final = 64 * 1024
"""The most bytes of headers that are taken."""
MOST_DEPTH: Final = 500
"""How deep lists and objects may be nested in JSON, so that what reads them does not run out of stack."""

_WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""The content codings that are asked for, each with what zlib takes it by."""
_BARE: Final = -15
"""A deflate stream without zlib's header, as some servers send it."""


class FaultError(ValueError):
    """An answer cannot be read; says why, as the rest of a sentence about "the answer"."""


@define(eq=False)
class Body:
    """Collects a body as it arrives, decompressed at once so that a bound holds at every moment.

    Attributes:
        coding: the Content-Encoding of the answer.
    """

    coding: str
    _whole: bytearray = field(factory=bytearray, init=False)
    _sent: int = field(default=0, init=False)
    _inflate: Any = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.coding = self.coding.strip().lower()
        if self.coding not in {"", "identity", *_WINDOWS}:
            raise FaultError(f"is encoded as {self.coding[:40]!r}, which was not asked for")

    def add(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            FaultError: there are too many, or they cannot be decompressed.
        """
        self._sent += len(chunk)
        if self._sent > MOST_BYTES:
            raise _too_large()
        if self.coding in _WINDOWS:
            self._inflated(chunk)
        else:
            self._whole += chunk

    def whole(self) -> bytes:
        """Return all of it.

        Raises:
            FaultError: it was cut short.
        """
        if self._inflate and not self._inflate.eof:
            raise FaultError("ends in the middle of its compressed body")
        return bytes(self._whole)

    def _inflated(self, chunk: bytes) -> None:
        while chunk:
            if self._inflate is None or self._inflate.eof:  # several streams may follow one another
                self._inflate = zlib.decompressobj(self._window(chunk))
            try:
                self._whole += self._inflate.decompress(chunk, MOST_BYTES + 1 - len(self._whole))
            except zlib.error as error:
                raise FaultError("cannot be decompressed") from error
            if len(self._whole) > MOST_BYTES:
                raise _too_large()
            chunk = self._inflate.unused_data

    def _window(self, chunk: bytes) -> int:
        window = _WINDOWS[self.coding]
        is_bare = self.coding == "deflate" and (chunk[0] & 0x0F) != zlib.DEFLATED
        return _BARE if is_bare else window


def decoded(body: bytes) -> Any:
    """Return what a body says as JSON: in UTF-8 under any label (RFC 8259), with or without a BOM.

    Raises:
        FaultError: it is not UTF-8, no JSON, holds a key twice, or is nested too deep.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FaultError(f"is not UTF-8, from byte {error.start + 1} on") from None
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except RecursionError:
        raise _too_deep() from None
    except FaultError:
        raise
    except ValueError:
        raise FaultError("is no JSON") from None
    if text.count("[") + text.count("{") > MOST_DEPTH and _is_deeper(value, MOST_DEPTH):
        raise _too_deep()
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FaultError(f"holds the key {twice[:80]!r} twice in one object")
    return made


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _depth in range(most):
        level = [inner for one in level for inner in _inside(one) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _too_large() -> FaultError:
    return FaultError(f"is larger than {MOST_BYTES // 1024 // 1024} MiB")


def _too_deep() -> FaultError:
    return FaultError(f"is nested deeper than {MOST_DEPTH} levels")
