"""What is sent again, what is final, and how each failure is named."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import httpx
import pytest
from httpx import Response

from migrator.errors import (
    AuthError,
    NotFoundError,
    ProtocolError,
    ProviderError,
    QuotaError,
    RejectedError,
    TransientError,
    UncertainError,
    UsageError,
)
from migrator.http.retry import Retry
from migrator.providers.omni import is_quota
from migrator.redaction import HIDDEN

from .conftest import TOKEN, Connect, Platform, Time

OK = Response(200, json={"ok": True})
THROTTLE = Response(429, json={"error": "Too Many Requests", "message": "60 per minute"})
QUOTA = Response(429, json={"detail": "Maximum of 100 active routines per user reached.", "status": 429})
READ, WRITE, CREATE = "GET", "PATCH", "POST"
BROKEN = httpx.ReadError("reset by peer")
SILENT = httpx.ReadTimeout("")
UNREACHED = httpx.ConnectError("Connection refused")
NO_PROXY = httpx.ProxyError("407 Proxy Authentication Required")


@pytest.mark.parametrize(
    ("failure", "method"),
    [
        *((failure, method) for failure in (THROTTLE, UNREACHED, NO_PROXY) for method in (READ, WRITE, CREATE)),
        *((failure, method) for failure in (Response(500), Response(503), BROKEN, SILENT) for method in (READ, WRITE)),
        *((Response(408), method) for method in (READ, WRITE)),
    ],
)
async def test_what_is_sent_again(connect: Connect, time: Time, failure: Any, method: str) -> None:
    """A failure that cannot have done harm, or whose repetition does none, is tried again until it works."""
    platform = Platform(failure, failure, OK)
    async with connect(platform) as client:
        assert {"ok": True} == await time.run(client.request(method, "/x", json={"a": 1}))
    assert (3, 3) == (len(platform.asked), client.requests)
    assert 1 == len({request.content for request in platform.asked})


@pytest.mark.parametrize(
    "failure", [Response(500), Response(503, headers={"Retry-After": "1"}), Response(408), BROKEN, SILENT]
)
async def test_a_create_that_may_have_worked_is_not_repeated(connect: Connect, time: Time, failure: Any) -> None:
    """After a create whose outcome is unknown, nothing more is sent."""
    platform = Platform(failure, OK)
    async with connect(platform) as client:
        with pytest.raises(UncertainError):
            await time.run(client.request(CREATE, "/x", json={}))
    assert 1 == len(platform.asked)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(400, json={"detail": "bad", "status": 400}), RejectedError),
        (Response(401, json={"code": "unauthorized", "message": "no"}), AuthError),
        (Response(403, text="no"), AuthError),
        (Response(404, json={"detail": "gone"}), NotFoundError),
        (Response(405), RejectedError),
        (Response(409, json={"code": "conflict", "message": "name taken"}), RejectedError),
        (Response(422, json={"detail": [{"loc": ["body"], "msg": "no"}]}), RejectedError),
        (QUOTA, QuotaError),
    ],
)
@pytest.mark.parametrize("method", [READ, WRITE, CREATE])
async def test_what_is_final(
    connect: Connect, time: Time, answer: Response, error: type[ProviderError], method: str
) -> None:
    """A clear no is not asked again, and has one error class whatever its body looks like."""
    platform = Platform(answer)
    async with connect(platform, is_quota=is_quota) as client:
        with pytest.raises(ProviderError) as caught:
            await time.run(client.request(method, "/x"))
    assert type(caught.value) is error
    assert answer.status_code == caught.value.status
    assert 1 == len(platform.asked)


@pytest.mark.parametrize(
    ("answer", "method", "error"),
    [
        (answer, method, ProtocolError if method == READ else UncertainError)
        for answer in (
            Response(200, html="<html><title>Sign in</title>"),
            Response(200, text='{"cut": '),
            Response(200, json=[1]),
            Response(302, headers={"Location": "https://sso.example.com"}),
        )
        for method in (READ, WRITE, CREATE)
    ],
)
async def test_an_undocumented_answer(
    connect: Connect, time: Time, answer: Response, method: str, error: type[ProviderError]
) -> None:
    """An answer that no platform documents is a protocol error, and after a write the outcome is unknown."""
    platform = Platform(answer)
    async with connect(platform) as client:
        with pytest.raises(ProviderError) as caught:
            await time.run(client.request(method, "/x"))
    assert type(caught.value) is error
    assert "base_url" in caught.value.hint
    assert 1 == len(platform.asked)


async def test_an_empty_answer_is_nothing(connect: Connect, time: Time) -> None:
    """A 204 has no body, and that is no error."""
    async with connect(Platform(Response(204))) as client:
        assert await time.run(client.request("DELETE", "/x")) is None


@pytest.mark.parametrize(
    ("failure", "error"), [(UNREACHED, TransientError), (THROTTLE, TransientError), (BROKEN, UncertainError)]
)
async def test_a_write_that_never_works(connect: Connect, time: Time, failure: Any, error: type[ProviderError]) -> None:
    """When the tries run out, the error tells whether the write can have happened."""
    platform = Platform(failure)
    async with connect(platform, retry=Retry(failures=3, throttles=3)) as client:
        with pytest.raises(ProviderError) as caught:
            await time.run(client.request(WRITE, "/x", json={}))
    assert type(caught.value) is error
    assert "after 3 tries" in caught.value.what
    assert 3 == len(platform.asked)


async def test_a_refusal_after_a_lost_answer_is_uncertain(connect: Connect, time: Time) -> None:
    """When one try may have worked and the next is refused, the write is not reported as refused."""
    platform = Platform(BROKEN, Response(400, json={"detail": "scheduled_at is past"}))
    async with connect(platform) as client:
        with pytest.raises(UncertainError, match="scheduled_at is past"):
            await time.run(client.request(WRITE, "/x", json={}))


async def test_a_delete_that_was_heard_the_first_time(connect: Connect, time: Time) -> None:
    """A repeated delete that finds nothing has done what it was asked."""
    async with connect(Platform(SILENT, Response(404, json={"detail": "not found"}))) as client:
        assert {"detail": "not found"} == await time.run(client.request("DELETE", "/x"))


async def test_a_delete_of_nothing(connect: Connect, time: Time) -> None:
    """A delete that was refused a connection first, and then finds nothing, has not deleted anything."""
    async with connect(Platform(UNREACHED, Response(404))) as client:
        with pytest.raises(NotFoundError):
            await time.run(client.request("DELETE", "/x"))


async def test_the_platforms_wait_is_obeyed(connect: Connect, time: Time) -> None:
    """Retry-After decides when the next try starts; after a 503 with some jitter, as everybody is told the same."""
    answers = (Response(429, headers={"Retry-After": "11"}), Response(503, headers={"Retry-After": "5"}), OK)
    async with connect(Platform(*answers)) as client:
        await time.run(client.request(READ, "/x"))
    assert 16.5 == time.now


async def test_waits_grow(connect: Connect, time: Time) -> None:
    """Without Retry-After each wait is twice the one before."""
    async with connect(Platform(Response(500))) as client:
        with pytest.raises(TransientError):
            await time.run(client.request(READ, "/x"))
    assert [0.5, 1.0, 2.0, 4.0, 8.0] == time.slept


async def test_nobody_waits_for_ever(connect: Connect, time: Time) -> None:
    """A platform that asks for more patience than we have ends the request at once."""
    async with connect(Platform(Response(429, headers={"Retry-After": "86400"}))) as client:
        with pytest.raises(TransientError, match="throttled"):
            await time.run(client.request(READ, "/x"))
    assert 0.0 == time.now


async def test_a_throttle_stops_the_neighbours(connect: Connect, time: Time) -> None:
    """When one request is throttled, the others of the same key wait as long."""
    sent: list[float] = []

    async def platform(request: httpx.Request) -> Response:
        sent.append(time.now)
        return Response(429, headers={"Retry-After": "9"}) if len(sent) == 1 else OK

    async with connect(platform) as one, connect(platform, rate_limiter=one.rate_limiter) as other:
        await time.run(asyncio.gather(one.request(READ, "/x"), _later(time, other.request(READ, "/y"))))
    assert [0.0, 9.0, 9.0] == sent


async def _later(time: Time, work: Any) -> Any:
    await time.sleep(1.0)
    return await work


async def test_no_more_in_flight_than_allowed(connect: Connect, time: Time) -> None:
    """Concurrency is a limit, and it is used."""
    flying, most = 0, 0

    async def platform(request: httpx.Request) -> Response:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await time.sleep(0.1)
        flying -= 1
        return OK

    async with connect(platform, concurrency=4) as client:
        await time.run(asyncio.gather(*(client.request(READ, "/x") for _ in range(20))))
    assert (4, pytest.approx(0.5)) == (most, time.now)


async def test_an_error_says_what_where_and_what_next(connect: Connect, time: Time) -> None:
    """The message names the request, the job, the platform's own words and the next step."""
    async with connect(Platform(Response(400, json={"detail": "schedule: invalid cron", "status": 400}))) as client:
        with pytest.raises(RejectedError) as caught:
            await time.run(client.request(CREATE, "/v1/ai/routines", json={}, job="Weekly"))
    expected = (
        "POST omni /v1/ai/routines (job Weekly): the platform refused the request; "
        "got: HTTP 400 schedule: invalid cron; the platform's message says what to change"
    )
    assert expected == str(caught.value)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 429, 500])
async def test_the_token_never_shows(
    connect: Connect, time: Time, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """A platform that echoes the credential cannot make it appear in an error, a log line or a repr."""
    caplog.set_level(logging.DEBUG)

    async def platform(request: httpx.Request) -> Response:
        said = {"detail": f"bad {request.headers['authorization']}, key {TOKEN}", "status": status}
        return Response(status, json=[said] if status == 200 else said)

    async with connect(platform, is_quota=is_quota) as client:
        with pytest.raises(ProviderError) as caught:
            await time.run(client.request(READ, "/x"))
        said = [str(caught.value), repr(caught.value), repr(vars(caught.value)), repr(client), caplog.text]
    assert [] == [text for text in said if TOKEN in text]
    assert HIDDEN in caught.value.body


@pytest.mark.parametrize("status", [401, 403])
async def test_where_to_look_when_the_token_fails(connect: Connect, time: Time, status: int) -> None:
    """An error of authentication says what to check."""
    async with connect(Platform(Response(status))) as client:
        with pytest.raises(AuthError, match=r"check .*this connection"):
            await time.run(client.request(READ, "/x"))


@pytest.mark.parametrize("token", ["abc\n", "café", "a\x00b", "sk\u2026"])
async def test_a_token_that_no_header_can_carry(connect: Connect, token: str) -> None:
    """A token that was not copied right is refused before anything is sent, and not shown."""
    with pytest.raises(UsageError) as caught:
        async with connect(Platform(OK), secret=token):
            pass
    assert token.strip() not in str(caught.value)


@pytest.mark.parametrize(
    "base_url", ["", "acme.omniapp.co/api", "ftp://acme.omniapp.co", "https://", "https://acme:port"]
)
async def test_a_base_url_that_is_none(connect: Connect, base_url: str) -> None:
    """A base URL that cannot be one is refused before anything is sent."""
    with pytest.raises(UsageError, match="base_url"):
        async with connect(Platform(OK), base_url=base_url):
            pass


async def test_one_debug_line_per_try(connect: Connect, time: Time, caplog: pytest.LogCaptureFixture) -> None:
    """Each try is logged with method, path, outcome and number."""
    caplog.set_level(logging.DEBUG, logger="migrator.http.client")
    async with connect(Platform(BROKEN, OK)) as client:
        await time.run(client.request(READ, "/v1/x"))
    assert [
        "GET /v1/x -> the connection to acme.omniapp.co broke: reset by peer in 0 ms, try 1",
        "GET /v1/x -> 200 in 0 ms, try 2",
    ] == [record.getMessage() for record in caplog.records if record.name.startswith("migrator")]


async def test_half_a_surrogate_pair_travels(connect: Connect, time: Time) -> None:
    """Text that JSON can hold and UTF-8 cannot arrives as it was."""
    platform = Platform(OK)
    async with connect(platform) as client:
        await time.run(client.request(CREATE, "/x", json={"prompt": "ü \ud83d"}))
    assert {"prompt": "ü \ud83d"} == json.loads(platform.asked[0].content)
    assert "ü".encode() in platform.asked[0].content


async def test_what_is_no_json_is_not_sent(connect: Connect, time: Time) -> None:
    """A value that JSON does not know is refused before anything is sent."""
    platform = Platform(OK)
    async with connect(platform) as client:
        with pytest.raises(RejectedError, match="cannot be written as JSON"):
            await time.run(client.request(CREATE, "/x", json={"payload": {"n": float("nan")}}))
    assert [] == platform.asked


async def test_any_status_can_be_looked_at(connect: Connect, time: Time) -> None:
    """A harmless question may be answered with a refusal that says something in its headers."""
    async with connect(Platform(Response(405, headers={"Allow": "GET, PUT"}, text="<html>"))) as client:
        status, headers = await time.run(client.status_of("OPTIONS", "/x"))
    assert (405, "GET, PUT") == (status, headers["allow"])
