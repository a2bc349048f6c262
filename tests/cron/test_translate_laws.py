"""What holds for every translation, whatever the schedule, the platforms and the zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.cron import (
    DIALECTS,
    Once,
    Recurring,
    Timed,
    Translation,
    compare,
    next_fires,
    parse,
    render,
    translate,
)
from migrator.cron.zones import from_minutes, next_change, to_minutes
from tests.cron.texts import ZONES, certain
from tests.cron.walk import walk

pytestmark = pytest.mark.slow

SOURCES = sorted(DIALECTS)
TARGETS = ["vixie", "eventbridge", "robfig", "quartz", "github", "posix"]
START = datetime(2026, 12, 31, tzinfo=UTC)
NEAR_CHANGES = [37, 71, 72, 73, 86, 87, 92, 93, 276, 303, 304, 310, 311]
NOWS = st.tuples(st.sampled_from(NEAR_CHANGES) | st.integers(0, 730), st.integers(0, 1439)).map(
    lambda t: START + timedelta(days=t[0], minutes=t[1])
)
HORIZON = timedelta(days=3)


def fires(found: Translation, dialect: str, start: datetime, end: datetime) -> list[datetime]:
    """Every fire of the pieces, by the slow walk; an instant that two pieces share appears twice."""
    instants: list[datetime] = []
    for piece in found.pieces:
        if piece.text is None:
            assert piece.at is not None
            instants += [piece.at] if start <= piece.at < end else []
        else:
            instants += walk(piece.text, dialect, piece.timezone, start, end)
    return sorted(instants)


@pytest.mark.parametrize("source", SOURCES)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_pieces_fire_exactly_when_the_source_does(source: str, data: st.DataObject) -> None:
    """In the promised window the pieces fire at exactly the source's instants, each once; so say the slow walks."""
    text, zone, now = data.draw(certain(source)), data.draw(ZONES), data.draw(NOWS)
    target = data.draw(st.sampled_from(TARGETS))
    target_zone = data.draw(st.sampled_from(["UTC", "UTC", None, "Europe/London"]))
    mode = data.draw(st.sampled_from(["auto", "window"]))
    found = translate(
        Recurring(parse(text, source), zone),
        source=source,
        target=target,
        target_timezone=target_zone,
        now=now,
        horizon=HORIZON,
        mode=mode,
    )
    verdict = found.verdict
    expected = walk(text, source, zone, now, now + HORIZON)
    if verdict.kind == "impossible":
        assert verdict.reason
        return
    assert fires(found, target, now, now + HORIZON) == expected
    assert (verdict.kind == "dead") == (not next_fires(text, zone, now, 1, dialect=source) and not expected)
    if verdict.kind == "exact_until":
        assert verdict.until is not None
        assert verdict.until >= now + HORIZON


@pytest.mark.parametrize("source", SOURCES)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_the_last_days_of_a_promise_are_kept(source: str, data: st.DataObject) -> None:
    """Up to the very end of what a verdict promises, the pieces are right."""
    text, zone, now = data.draw(certain(source)), data.draw(ZONES), data.draw(NOWS)
    target = data.draw(st.sampled_from(["vixie", "eventbridge", "robfig"]))
    found = translate(
        Recurring(parse(text, source), zone),
        source=source,
        target=target,
        target_timezone="UTC",
        now=now,
        horizon=HORIZON,
    )
    until = found.verdict.until
    if until is None:
        return
    start = max(now, until - timedelta(days=2))
    assert fires(found, target, start, until) == walk(text, source, zone, start, until)


@pytest.mark.parametrize("source", ["eventbridge", "robfig", "quartz", "posix"])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_until_is_the_first_difference(source: str, data: st.DataObject) -> None:
    """From now on, whatever the horizon, nothing differs before the instant that a verdict names, and there it does."""
    text, zone, now = data.draw(certain(source)), data.draw(ZONES), data.draw(NOWS)
    target = data.draw(st.sampled_from([name for name in TARGETS if name != source]))
    found = translate(
        Recurring(parse(text, source), zone),
        source=source,
        target=target,
        target_timezone=data.draw(st.sampled_from(["UTC", None])),
        now=now,
        horizon=HORIZON,
        mode="window",
    )
    until = found.verdict.until
    if until is None:
        return
    wanted = [Timed(trigger=Recurring(parse(text, source), zone), dialect=source)]
    got = [
        Timed(trigger=Recurring(piece.text, piece.timezone) if piece.text else Once(piece.at or now), dialect=target)
        for piece in found.pieces
    ]
    assert compare(wanted, got, now, until).equal
    changes = [at for at in (next_change(zone, to_minutes(now)),) if at and from_minutes(at) < until]
    for at in map(from_minutes, changes):
        start, end = max(now, at - timedelta(hours=3)), min(until, at + timedelta(hours=3))
        assert fires(found, target, start, end) == walk(text, source, zone, start, end)


@pytest.mark.parametrize("source", SOURCES)
@given(data=st.data(), far=st.integers(2030, 2120), day=st.integers(0, 364))
@settings(max_examples=15, deadline=None)
def test_for_ever_is_for_ever(source: str, data: st.DataObject, far: int, day: int) -> None:
    """What is exact for ever is exact on any two days of the century to come."""
    found = translate(
        Recurring(parse(text := data.draw(certain(source)), source), zone := data.draw(ZONES)),
        source=source,
        target=(target := data.draw(st.sampled_from(TARGETS))),
        target_timezone=data.draw(st.sampled_from(["UTC", None])),
        now=START,
        horizon=HORIZON,
        mode="exact",
    )
    if found.verdict.faithful and found.verdict.until is None and found.verdict.kind != "one_time":
        start = datetime(far, 1, 1, tzinfo=UTC) + timedelta(days=day)
        end = start + timedelta(days=2)
        assert fires(found, target, start, end) == walk(text, source, zone, start, end)


@given(data=st.data(), day=st.integers(0, 362))
@settings(max_examples=25, deadline=None)
def test_a_year_is_a_year(data: st.DataObject, day: int) -> None:
    """A year's pieces are right on any two days of it."""
    text, zone = data.draw(certain("eventbridge")), data.draw(ZONES)
    found = translate(
        Recurring(parse(text, "eventbridge"), zone),
        source="eventbridge",
        target="vixie",
        target_timezone="UTC",
        now=START,
        horizon=HORIZON,
        mode="year",
        max_pieces=1000,
    )
    start = START + timedelta(days=day)
    end = start + timedelta(days=2)
    assert found.verdict.kind != "impossible"
    assert fires(found, "vixie", start, end) == walk(text, "eventbridge", zone, start, end)


@pytest.mark.parametrize("source", SOURCES)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_every_piece_is_canonical(source: str, data: st.DataObject) -> None:
    """What is sent to a platform is in its portable subset: rendering it again changes nothing."""
    text, zone, now = data.draw(certain(source)), data.draw(ZONES), data.draw(NOWS)
    target = data.draw(st.sampled_from(TARGETS))
    found = translate(
        Recurring(parse(text, source), zone),
        source=source,
        target=target,
        target_timezone="UTC",
        now=now,
        horizon=HORIZON,
    )
    for piece in found.pieces:
        if piece.text is not None:
            assert render(piece.text, target) == piece.text


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_translating_again_changes_nothing(data: st.DataObject) -> None:
    """The same question has the same answer, and a job already in the target's words stays as it is."""
    text, now = data.draw(certain("vixie")), data.draw(NOWS)
    trigger = Recurring(parse(text, "vixie"), "UTC")
    once = translate(trigger, source="vixie", target="robfig", now=now, horizon=HORIZON)
    assert translate(trigger, source="vixie", target="robfig", now=now, horizon=HORIZON) == once
    if once.verdict.kind == "exact":
        (piece,) = once.pieces
        assert piece.text is not None
        again = Recurring(parse(piece.text, "robfig"), piece.timezone)
        back = translate(again, source="robfig", target="robfig", now=now, horizon=HORIZON)
        assert [p.text for p in back.pieces] == [piece.text]
