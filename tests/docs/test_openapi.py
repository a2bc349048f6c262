"""The OpenAPI documents that judge requests say where each rule comes from, and are strict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.platforms.software import FOLDER

DOCUMENTS = sorted((FOLDER / "openapi").glob("*.yaml"))
METHODS = {"get", "put", "post", "patch", "delete"}


def _parts(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the operations and the schemas of a document, each with its name."""
    for path, item in document["paths"].items():
        yield from ((f"{method} {path}", item[method]) for method in METHODS & set(item))
    yield from document["components"]["schemas"].items()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_rule_names_its_page(path: Any) -> None:
    """Each operation and each schema names a page that is listed."""
    document = yaml.safe_load(path.read_text("utf-8"))
    pages = {name: part.get("x-page") for name, part in _parts(document)}

    assert {} == {name: page for name, page in pages.items() if page not in document["x-pages"]}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_bodies_take_no_unknown_property(path: Any) -> None:
    """Every body of a request is closed, so that a wrong property is found."""
    document = yaml.safe_load(path.read_text("utf-8"))
    schemas = document["components"]["schemas"]
    bodies = [name for name in schemas if name in {"Create", "Update", "Patch", "Put"}]

    assert len(bodies) >= 2
    assert all(schemas[name]["additionalProperties"] is False for name in bodies)
