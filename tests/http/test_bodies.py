"""Bodies: read up to a bound, decompressed within one, and decoded as UTF-8 JSON or not at all."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.http.bodies import MOST_BYTES, MOST_DEPTH, Body, FaultError, decoded

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def bare(data: bytes) -> bytes:
    """Deflate without zlib's header."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "X-GZIP ": gzip.compress,
    "deflate": zlib.compress,
    " Deflate": bare,
}


@pytest.mark.parametrize("coding", PACKED)
@given(data=st.binary(max_size=2000), step=st.integers(1, 700), parts=st.integers(1, 2))
def test_a_body_comes_out_as_it_went_in(coding: str, data: bytes, step: int, parts: int) -> None:
    """However it is cut into chunks; several gzip streams in a row are one body."""
    packed = PACKED[coding](data)
    times = parts if "gzip" in coding.casefold() or not coding else 1
    sent, body = packed * times, Body(coding)
    for start in range(0, len(sent), step):
        body.add(sent[start : start + step])
    assert data * times == body.whole()


@pytest.mark.parametrize("coding", PACKED)
def test_a_body_beyond_the_bound_is_no_body(coding: str) -> None:
    """It is given up at the bound, before what is compressed in it takes memory."""
    packed = PACKED[coding](b" " * (MOST_BYTES + 1))
    body = Body(coding)
    with pytest.raises(FaultError, match="larger than 16 MiB"):
        body.add(packed)
    exactly = Body(coding)
    exactly.add(PACKED[coding](b" " * MOST_BYTES))
    assert MOST_BYTES == len(exactly.whole())


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@given(junk=st.binary(min_size=1, max_size=200))
def test_junk_is_a_fault_or_a_body(coding: str, junk: bytes) -> None:
    """Nothing else comes of bytes that are not what they are said to be."""
    try:
        body = Body(coding)
        body.add(junk)
        body.whole()
    except FaultError:
        pass


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "rot13", "a" * 1000])
def test_only_what_was_asked_for_is_decompressed(coding: str) -> None:
    """Another coding, or one within another, is a fault, named shortly."""
    with pytest.raises(FaultError, match="was not asked for") as caught:
        Body(coding)
    assert len(str(caught.value)) < 100


def test_a_compressed_body_that_is_cut_short_is_a_fault() -> None:
    """What arrived of it is not taken for the whole."""
    body = Body("gzip")
    body.add(gzip.compress(b"x" * 100_000)[:-9])
    with pytest.raises(FaultError, match="ends in the middle"):
        body.whole()


@given(value=VALUES, bom=st.booleans(), ascii_=st.booleans())
def test_json_is_read_as_utf8(value: Any, bom: bool, ascii_: bool) -> None:
    """With a BOM or without, escaped or not."""
    text = json.dumps(value, ensure_ascii=ascii_).encode("utf-8", "backslashreplace")
    assert value == decoded((b"\xef\xbb\xbf" if bom else b"") + text)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"name": "Café"}'.encode("latin-1"), "is not UTF-8, from byte 14 on"),
        ("{}".encode("utf-16"), "is not UTF-8"),
        (b"<html>", "is no JSON"),
        (b"9" * 5000, "is no JSON"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "holds the key 'c' twice"),
        (b"[" * (MOST_DEPTH + 2) + b"]" * (MOST_DEPTH + 2), "nested deeper"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested deeper"),
    ],
)
def test_what_cannot_be_read_is_said(body: bytes, why: str) -> None:
    """In one sentence, whatever it is."""
    with pytest.raises(FaultError, match=why):
        decoded(body)


def test_nesting_within_the_bound_is_read() -> None:
    """Also where there are many lists beside each other."""
    assert [[]] * 1000 == decoded(b"[" + b",".join([b"[]"] * 1000) + b"]")
    assert decoded(b"[" * MOST_DEPTH + b"]" * MOST_DEPTH)
