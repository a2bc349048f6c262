"""Laboratories for rounds of syncs."""

from tests.conformance.conftest import _served, make_lab

__all__ = ["_served", "make_lab"]
