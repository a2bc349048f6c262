"""PostgreSQL that does not answer: no call waits for it longer than a bound, and no session of ours blocks others."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, Final

import sqlalchemy as sa

CONNECT_SECONDS: Final = 10
"""How long a connection may take to be made."""
STATEMENT_SECONDS: Final = 20
"""How long the server may work on one statement, or wait for one lock."""
ANSWER_SECONDS: Final = 25.0
"""How long the server may be silent for any reason: also when it is stopped, and so keeps no bound of its own."""
SILENT: Final = "did not answer within"
"""What the error of a silent server says."""

_WAYS: Final[dict[str, Any]] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": int(ANSWER_SECONDS * 1000),
}
"""How a connection notices that its server is gone; what the URL says itself holds instead."""

_SETTINGS: Final = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": f"{STATEMENT_SECONDS // 2}s",
    "idle_in_transaction_session_timeout": f"{STATEMENT_SECONDS}s",
}
"""What a session asks of the server; one that is stopped within a transaction does not keep its locks."""


def bound(engine: sa.Engine) -> None:
    """Make every connection of an engine bounded in time, and durable at every commit."""
    sa.event.listen(engine, "do_connect", _connect)
    sa.event.listen(engine, "connect", _configure)


def _connect(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> Any:
    from psycopg import Connection, OperationalError  # noqa: PLC0415 (an extra, and slow to import)

    class Bounded(Connection[Any]):
        """A connection on which nothing waits longer than `ANSWER_SECONDS` for the server's next word."""

        def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
            try:
                return super().wait(_within(gen), *arguments, **options)
            except TimeoutError as error:
                self.pgconn.finish()  # what it was doing is unknown, so that nothing else can be asked on it
                raise OperationalError(str(error)) from None

    return Bounded.connect(**{**_WAYS, **parameters})


def _within(wanted: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Go on with an exchange until it ends, or until nothing came for too long."""
    silent_since = time.monotonic()
    try:
        state = next(wanted)
        while True:
            ready = yield state
            if ready:
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > ANSWER_SECONDS:
                raise TimeoutError(f"the server {SILENT} {ANSWER_SECONDS:g} s")
            state = wanted.send(ready)
    except StopIteration as ended:
        return ended.value


def _configure(connection: Any, _record: Any) -> None:
    """Set the session up: bounds, and a commit that returns only when it is on the server's disk."""
    setting = "synchronous_commit"
    connection.execute(f"SELECT set_config('{setting}', 'on', false) WHERE current_setting('{setting}') = 'off'")
    for name, value in _SETTINGS.items():
        connection.execute(f"SELECT set_config('{name}', '{value}', false) WHERE current_setting('{name}') = '0'")
    connection.commit()
