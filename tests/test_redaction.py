"""Secrets in text: found and hidden in every form, and nothing else changed."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrator.redaction import HIDDEN, hiding

TOKEN = "omni_s3cr3t/+&<>'\"=%\\-token~42"
FORMS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "URL": lambda text: quote(text, safe=""),
    "URL with its slashes": quote,
    "a form's": quote_plus,
    "URL in lower case": lambda text: quote(text, safe="").lower() if text.islower() else quote(text),
    "URL, all of it": lambda text: "".join(f"%{ord(char):02x}" for char in text),
    "URL twice": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "HTML, numbered": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "HTML, in hexadecimal": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[1:-1],
    "JSON with its slashes escaped": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON, all escaped": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "repr": repr,
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 of a header": lambda text: b64encode(f"Bearer {text}".encode()).decode(),
    "base64 of a login": lambda text: b64encode(f"me:{text}".encode()).decode(),
    "base64 in the middle": lambda text: b64encode(f"me:{text}, and more".encode()).decode(),
    "base64 for URLs": lambda text: urlsafe_b64encode(f"it {text}?>".encode()).decode(),
    "base64 in a URL": lambda text: quote(b64encode(text.encode()).decode(), safe=""),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_a_token_is_hidden_in_every_form(form: str, before: str) -> None:
    """What is left holds neither the form nor enough of it to read the token, and the text around it stays."""
    written = FORMS[form](before + TOKEN)
    text = json.dumps({"echo": f"Authorization {written} was not taken"}, ensure_ascii=False)
    for shown in (f"start {written} end", text):
        found = hiding([TOKEN]).hide(shown)
        assert HIDDEN in found
        assert written not in found
        assert found[:5] == shown[:5]
        assert found[-3:] == shown[-3:]
        assert not any(form_of(TOKEN)[4:-4] in found for form_of in FORMS.values())


@pytest.mark.parametrize("form", [form for form in FORMS if not form.startswith(("repr", "HTML", "URL"))])
def test_json_stays_json(form: str) -> None:
    """A body with the token in a value or a key can be read still."""
    body = '{"a\\nb": "x ' + FORMS[form](TOKEN.replace('"', "").replace("\\", "")) + ' y", "c": [1, null]}'
    found = json.loads(hiding([TOKEN.replace('"', "").replace("\\", "")]).hide(body))

    assert (found["c"], HIDDEN in found["a\nb"]) == ([1, None], True)


@given(st.text(), st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=12))
@example("100 % of &amp; \\u0041 \\/ %41", "abcdefghijkl")
def test_other_text_is_not_touched(text: str, token: str) -> None:
    """Without a secret in it, a text stays as it is."""
    secrets = hiding([token])
    if token not in text:
        assert secrets.hide(text) == text
    assert hiding([]).hide(text) == text


def test_a_form_that_cannot_be_cut_out_hides_the_whole_text() -> None:
    """Where decoding shows the token and no form of it is written, nothing of the text is shown."""
    text = "a " + quote(html.escape(quote(html.escape(TOKEN, quote=False), safe=""), quote=False), safe="") + " b"
    found = hiding([TOKEN]).hide(text)

    assert TOKEN[:8] not in found
    assert HIDDEN in found


def test_two_secrets_of_which_one_begins_the_other() -> None:
    """The longer one is hidden as a whole."""
    assert hiding(["token-one", "token-one-two"]).hide("token-one-two token-one") == f"{HIDDEN} {HIDDEN}"
