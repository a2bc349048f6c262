"""Types of JSON values that Python's own types say too little of; `json_schema` draws what they add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from attrs import frozen


@frozen(eq=False)
class Keywords:
    """The keywords of JSON Schema that hold for a type beside those of the type that it annotates."""

    values: Mapping[str, Any]


Timestamp = Annotated[str, Keywords({"format": "date-time"})]
"""An instant that is text already."""

Day = Annotated[str, Keywords({"format": "date"})]
"""A day that is text already."""
