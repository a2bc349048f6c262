"""What error bodies mean, whatever shape they come in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from migrator.http.responses import REDACTED, Response, message, redact

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"detail": "Routine not found", "status": 404}, "Routine not found"),
        ({"error": "Too Many Requests", "message": "60 per minute"}, "Too Many Requests: 60 per minute"),
        (
            {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": "no such user", "status": "404"},
            "no such user",
        ),
        ({"detail": "Not authenticated"}, "Not authenticated"),
        (
            {"detail": [{"loc": ["body", "name"], "msg": "field required", "type": "missing"}, {"msg": "bad"}]},
            "body.name field required; bad",
        ),
        (
            {
                "code": "validation_error",
                "message": "Invalid request",
                "details": [{"field": "name", "reason": "too long", "expected": "255", "received": 300}],
            },
            "validation_error: Invalid request: name too long, expected '255', got 300",
        ),
        (
            {"code": "validation_error", "message": "no", "details": {"field": "status", "reason": "is archived"}},
            "validation_error: no: status is archived",
        ),
        ({"code": "unauthorized", "message": "No key"}, "unauthorized: No key"),
        ({"unknown": 1}, '{"unknown": 1}'),
        (["a", 1], '["a", 1]'),
        ("plain", '"plain"'),
    ],
)
def test_json_bodies(body: Any, expected: str) -> None:
    """Every documented shape becomes one readable line; an unknown one is shown as it is."""
    assert expected == message(json.dumps(body))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  upstream\n  timed out ", "upstream timed out"),
        ("<!doctype html><html><head><title> Bad\n gateway</title>", "HTML page 'Bad gateway'"),
        ("<html><body>oops", "HTML page"),
        ('{"detail": "cut', '{"detail": "cut'),
    ],
)
def test_other_bodies(text: str, expected: str) -> None:
    """HTML, plain text and nothing at all are told apart."""
    assert expected == message(text)


def test_long_bodies_are_shortened() -> None:
    """A message stays one short line."""
    shown = message("x" * 5000)
    assert (300, "…") == (len(shown), shown[-1])


@pytest.mark.parametrize(
    "text",
    [
        "bad token s3cret-token-value!",
        "Authorization: Bearer abcdefghijkl",
        '{"authorization": "Bearer abcdefghijkl"}',
        "X-API-Key: sk_live_123",
        "{'x-api-key': 'sk_live_123'}",
        "sent Bearer abcdefghijkl there",
    ],
)
def test_credentials_are_taken_out(text: str) -> None:
    """The token itself, and whatever looks like a credential header, never stays in a text."""
    cleaned = redact(text, ["s3cret-token-value!"])
    assert REDACTED in cleaned
    assert not any(secret in cleaned for secret in ("s3cret", "abcdefghijkl", "sk_live_123"))


def test_ordinary_words_stay() -> None:
    """Texts without a credential are not touched."""
    text = "a bearer of news: the API keys page, authorization failed"
    assert text == redact(text, ["s3cret"])


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"retry-after": "7"}, 7.0),
        (503, {"retry-after": "0.5"}, 0.5),
        (429, {"retry-after": "Sat, 21 Nov 2026 09:00:30 GMT"}, 30.0),
        (429, {"retry-after": "Sat, 21 Nov 2026 08:00:00 GMT"}, 0.0),
        (429, {"retry-after": "soon"}, None),
        (429, {"retry-after": "-5"}, None),
        (429, {"retry-after": "inf"}, None),
        (429, {"x-ratelimit-reset": str(int(NOW.timestamp()) + 12)}, 12.0),
        (429, {"x-ratelimit-reset": "12"}, 12.0),
        (429, {"retry-after": "3", "x-ratelimit-reset": "12"}, 3.0),
        (200, {"x-ratelimit-reset": "12"}, None),
        (429, {}, None),
    ],
)
def test_how_long_a_platform_asks_to_wait(status: int, headers: dict[str, str], expected: float | None) -> None:
    """Retry-After counts in seconds or as a date, and the reset time where a 429 has nothing better."""
    assert expected == Response(status=status, headers=headers).wait(NOW)


@pytest.mark.parametrize(("text", "expected"), [("29", 29), ("0", 0), ("", None), ("-1", None), ("many", None)])
def test_remaining_requests(text: str, expected: int | None) -> None:
    """X-RateLimit-Remaining is believed when it is a number."""
    assert expected == Response(status=200, headers={"x-ratelimit-remaining": text}).remaining
