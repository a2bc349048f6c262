"""The schema versions of the state, each as a revision of Alembic: what is done to the tables of the version before.

A revision's id is its number. One that was released is never edited; a change of `tables` is a new one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import frozen

from migrator.store.tables import VERSION


@frozen(kw_only=True)
class Revisions:
    """The schema versions that a program knows.

    Attributes:
        folders: where their revisions are.
        newest: the number of the last one.
    """

    folders: tuple[Path, ...]
    newest: int


REVISIONS: Final = Revisions(folders=(Path(__file__).parent,), newest=VERSION)
"""Those of this version of migrator."""
