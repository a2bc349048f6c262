"""Whether a connection works: reached, authenticated, allowed to write, on time, and with room under its rate limit.

Nothing is changed. Of a target it is asked to change a job that does not exist: the answer tells a token that may not
write from one that may.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from migrator.canonical import Job
from migrator.concurrency import side_by_side
from migrator.config import exposed
from migrator.doctor.check import Check, of_error
from migrator.errors import MigratorError
from migrator.extract import Problem, read_record
from migrator.http.proxies import proxy_for, shown
from migrator.http.rate_limit import Rate
from migrator.http.retry import Retry
from migrator.http.server_clock import UNSAFE, lasting, server_time
from migrator.http.transport import check_certificates
from migrator.mapping import ProviderMapping
from migrator.providers import open_adapter
from migrator.providers.base import Connection, LoadAdapter, Probe, Record
from migrator.providers.declaration import Finding
from migrator.providers.registry import PROVIDERS
from migrator.sync.endpoints import Runtime

_IMPATIENT: Final = Retry(failures=2, throttles=2, seconds=20.0)
"""Somebody waits for the answer."""

_SKEW: Final = timedelta(seconds=30)
"""How far clocks may be apart: a tenth of the guard that a cutover keeps around every fire."""

_WRITES: Final = 3
"""Requests that one changed job takes at most: read, write, read back."""

_DIGITS: Final = 9
"""Digits of a number of requests that can be meant."""

_LONG: Final = timedelta(hours=6)
"""A night's work should be done in this time."""


async def check_connections(runtime: Runtime) -> tuple[Check, ...]:
    """Return every connection of the config file, side by side, in its order."""
    syncs = runtime.config.syncs.values()
    sources = {sync.source for sync in syncs}
    targets = {sync.target for sync in syncs} | {sync.source for sync in syncs if sync.two_way}
    lists = {name: sum(name in {sync.source, sync.target} for sync in syncs) for name in runtime.config.connections}
    found = await side_by_side(
        [
            check_connection(runtime, name, reading=name in sources, writing=name in targets, lists=max(lists[name], 1))
            for name in runtime.config.connections
        ]
    )
    return tuple(check for checks in found for check in checks)


async def check_connection(
    runtime: Runtime, name: str, *, reading: bool = True, writing: bool = False, lists: int = 1
) -> tuple[Check, ...]:
    """Return one connection.

    Args:
        runtime: what the command brings along.
        name: its name in the config file.
        reading: whether a sync reads jobs from it, so that a file must be there.
        writing: whether it is written to.
        lists: how many times a night it is listed.
    """
    try:
        connection = runtime.connection(name)
    except MigratorError as error:
        return (of_error(name, "secret", error, otherwise="put the token there"),)
    found_text = (*_stored_token(runtime, name), *_network(name, connection))
    if any(check.status == "fault" for check in found_text):
        return found_text
    try:
        async with open_adapter(
            connection,
            target=not reading,
            rate_limiters=runtime.rate_limiters,
            clock=runtime.clock,
            retry=_IMPATIENT,
            hide=runtime.secrets.hide,
            agents=runtime.mapping(connection.provider).rules.commands,
        ) as adapter:
            found = await _probe(runtime, name, connection, adapter, writing=writing, lists=lists)
            return (*found_text, *found)
    except MigratorError as error:
        return (*found_text, of_error(name, "reading", error, otherwise="ask the platform's support about it"))


def _stored_token(runtime: Runtime, name: str) -> Iterator[Check]:
    """Yield whether others can read or write the file that holds the token."""
    token = runtime.config.tokens.get(name)
    if wrong := exposed(token.reference, base_dir=runtime.config.path.parent) if token else "":
        todo = "make it readable and writable for its owner only: chmod 600 "
        yield Check(about=name, what="secret", status="advice", found=wrong, todo=todo)


def _network(name: str, connection: Connection) -> Iterator[Check]:
    """Yield which way requests go, and whose certificates are believed."""
    http = PROVIDERS[connection.provider].http
    base_url = connection.base_url or (http.base_url if http else None)
    if base_url is None:
        return
    proxy, url = proxy_for(base_url), urlsplit(base_url)
    found_text = f"by way of the proxy {shown(proxy)}" if proxy else f"straight to {url.hostname}, through no proxy"
    if url.scheme == "https":
        try:
            found_text += f"; certificates of {check_certificates(os.environ)}"
        except MigratorError as error:
            yield of_error(name, "network", error, otherwise="see docs/network.md")
            return
    yield Check(about=name, what="network", status="ok", found=found_text)


async def _probe(
    runtime: Runtime, name: str, connection: Connection, adapter: LoadAdapter, *, writing: bool, lists: int
) -> tuple[Check, ...]:
    provider = PROVIDERS[connection.provider]
    probes = [await adapter.probe(scope, writing=writing) for scope in adapter.scopes]
    found = [
        _reading(name, adapter.scopes, probes),
        check_records(name, adapter, runtime.bound_mapping(connection), probes),
    ]
    if writing:
        found.append(_writing(name, probes, provider.permissions))
    found += [_of_finding(name, finding) for finding in await provider.examine(connection, adapter)]
    if provider.http is None:
        return tuple(found)
    if writing and len(contracts := runtime.mapping(connection.provider).rules.contracts) > 1:
        found.append(_contract(name, await adapter.update_contract(), contracts))
    clock = _clock(name, probes[0].heard, runtime.clock.now())
    return (*found, clock, _rate(name, connection.rate or provider.http.rate, probes, lists))


def _of_finding(name: str, finding: Finding) -> Check:
    return Check(about=name, what=finding.what, status=finding.status, found=finding.found, todo=finding.todo)


def _reading(name: str, scopes: Sequence[str], probes: Sequence[Probe]) -> Check:
    counts = [probe.jobs for probe in probes]
    jobs = "more than one page of jobs" if None in counts else _counted(sum(filter(None, counts)), "job")
    places = f" in {len(scopes)} scopes" if len(scopes) > 1 else ""
    return Check(about=name, what="reading", status="ok", found=f"authenticated, {jobs}{places}")


def check_records(name: str, adapter: LoadAdapter, mapping: ProviderMapping, probes: Iterable[Probe]) -> Check:
    """Return whether the mapping knows all that the records of each first page say, and can read them."""
    records = [Record(scope="", raw=raw) for probe in probes for raw in probe.records]
    read = [read_record(record, adapter, mapping, as_source=True) for record in records]
    unreadable = [str(problem.error) for problem in read if isinstance(problem, Problem)]
    unknown = Counter(f"provider_fields.{path}" for job in read if isinstance(job, Job) for path in job.unknown)
    found_text = [f"{path} in {_counted(number, 'job')}" for path, number in unknown.most_common()]
    if unreadable:
        found_text.insert(0, f"{_counted(len(unreadable), 'job')} cannot be read: {unreadable[0]}")
    if not found_text:
        return Check(about=name, what="records", status="ok", found=f"{_counted(len(records), 'job')} read, all known")
    todo = "see what the platform says of it; a sync carries such a job once allow_loss names what it may lose"
    if unreadable:
        todo = "correct these jobs at their platform; each of them stays out until it can be read"
    return Check(about=name, what="records", status="advice", found="; ".join(found_text), todo=todo)


def _writing(name: str, probes: Sequence[Probe], permissions: str) -> Check:
    answers = {probe.may_write for probe in probes}
    if False in answers:
        return Check(
            about=name,
            what="writing",
            status="fault",
            found="write permission: no",
            todo=f"to write, it needs {permissions}",
        )
    if None in answers:
        found = "the answer does not tell whether the token may write; the first apply does"
        return Check(about=name, what="writing", status="unknown", found=found)
    return Check(
        about=name,
        what="writing",
        status="ok",
        found="write permission: yes",
    )


def _contract(name: str, found: str | None, contracts: Iterable[str]) -> Check:
    if found is None:
        found_text = f"not known yet which of {', '.join(contracts)} it takes; the first update finds it out"
        return Check(about=name, what="update contract", status="unknown", found=found_text)
    return Check(about=name, what="update contract", status="ok", found=f"updates by {found.upper()}")


def _clock(name: str, heard: Mapping[str, str], now: datetime) -> Check:
    """Return how far the platform's clock, in whole seconds, is from ours."""
    if (there := server_time(heard)) is None:
        return Check(about=name, what="clock", status="unknown", found="the answer carries no usable date")
    skew = there - now
    seconds = round(abs(skew).total_seconds())
    if abs(skew) <= _SKEW:
        return Check(about=name, what="clock", status="ok", found=f"{_counted(seconds, 'second')} apart")
    via = "ahead of" if skew > timedelta() else "behind"
    if abs(skew) > UNSAFE:
        found_text = f"the platform is {lasting(seconds)} {via} this machine: by more than a day nothing is written"
        todo = "set the clock of this machine by NTP, or report the platform's clock to its support"
        return Check(about=name, what="clock", status="fault", found=found_text, todo=todo, exit_code=3)
    return Check(
        about=name,
        what="clock",
        status="advice",
        found=f"the platform is {_counted(seconds, 'second')} {via} this machine",
        todo="set the clock of this machine by NTP",
    )


def _rate(name: str, text: str, probes: Sequence[Probe], lists: int) -> Check:
    """Return how many requests a night takes, against what the limit allows and what is left of it now."""
    rate = Rate.parse(text)
    if None in {probe.pages for probe in probes} or None in {probe.jobs for probe in probes}:
        return Check(about=name, what="rate", status="unknown", found=f"{text}; the length of the list is unknown")
    quiet = lists * sum(probe.pages or 0 for probe in probes)
    busy = quiet + _WRITES * sum(probe.jobs or 0 for probe in probes)
    length = timedelta(seconds=max(busy - (rate.burst or rate.count), 0) * rate.period / rate.count)
    found_text = f"{text}; a night takes {_counted(quiet, 'request')}, and {busy:,} at most, in {_duration(length)}"
    left = probes[-1].heard.get("x-ratelimit-remaining", "")
    found_text += f"; {left} are left now" if left else ""
    if length > _LONG:
        todo = "ask the platform for a higher limit and set rate, or split the sync with select"
        return Check(about=name, what="rate", status="advice", found=found_text, todo=todo)
    if left.isdecimal() and len(left) <= _DIGITS and int(left) < quiet:
        todo = "another client uses the same rate limit: run at another time, or lower rate"
        return Check(about=name, what="rate", status="advice", found=found_text, todo=todo)
    return Check(about=name, what="rate", status="ok", found=found_text)


def _duration(length: timedelta) -> str:
    minutes = -(-length // timedelta(minutes=1))
    return "less than a minute" if minutes <= 1 else _counted(minutes, "minute")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
