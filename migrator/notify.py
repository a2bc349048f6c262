"""Tell people the result of a sync run, through Apprise, which knows a hundred ways to reach them.

Nothing that goes wrong here goes any further: what could not be told is given back in words. Nobody's URL is in them,
because most hold a secret.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from attrs import frozen

from migrator.config import Token, resolve
from migrator.errors import MigratorError

_LACKING: Final = 'notifications need a package that is not installed: pip install "migrator[notify]"'


@frozen(kw_only=True)
class Notice:
    """What is told.

    Attributes:
        title: one line.
        body: plain text.
        kind: how pressing it is.
    """

    title: str
    body: str
    kind: Literal["warning", "failure"]


def send(notice: Notice, to: Iterable[Token], *, environ: Mapping[str, str], base_dir: Path) -> tuple[str, ...]:
    """Tell everybody.

    Args:
        notice: what.
        to: where the URLs are kept, as Apprise writes them.
        environ: the environment, for references of the form env:NAME.
        base_dir: the folder of the config file.

    Returns:
        What went wrong, one text for each that was not reached.
    """

    def tell(service: Any) -> bool:
        return bool(service.notify(title=notice.title, body=notice.body, notify_type=notice.kind))

    wrong = (_wrong_with(token, tell, environ=environ, base_dir=base_dir) for token in to)
    return tuple(dict.fromkeys(filter(None, wrong)))


def wrong_with(token: Token, *, environ: Mapping[str, str], base_dir: Path) -> str:
    """What is wrong with a URL that somebody is to be told by, as far as that shows without telling; "" for nothing."""
    return _wrong_with(token, lambda _service: True, environ=environ, base_dir=base_dir)


def _wrong_with(token: Token, tell: Callable[[Any], bool], *, environ: Mapping[str, str], base_dir: Path) -> str:
    try:
        import apprise  # noqa: PLC0415 (slow to import, and not needed unless there is something to tell)
    except ImportError:
        return _LACKING
    with _quietly():
        try:
            url = resolve(token.reference, environ=environ, base_dir=base_dir, where=token.where)
            asset = apprise.AppriseAsset(app_id="migrator", app_desc="migrator", app_url="", async_mode=False)
            service = apprise.Apprise(asset=asset)
            if not service.add(url):
                return f"{token.where} holds no URL that Apprise knows"
            return "" if tell(service) else f"{token.where} was not reached"
        except MigratorError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 (a hundred plug-ins; none may end a sync)
            return f"{token.where} was not reached: {type(error).__name__}"


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep off the screen what Apprise logs, which names secret places, and what its plug-ins are warned of."""
    log, level = logging.getLogger("apprise"), logging.getLogger("apprise").level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        log.setLevel(level)
