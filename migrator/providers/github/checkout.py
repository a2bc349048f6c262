"""What git says of a checkout: which files hold changes that are not committed, so that none of them is lost.

git is only asked, never told: nothing is added, committed or pushed. What migrator wrote itself and nobody has
committed yet may be written again; digests of it are kept in the checkout's git directory, which no commit holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Final

from attrs import define, field

from migrator.errors import ProtocolError, RejectedError
from migrator.files import replacing

_WRITTEN: Final = "migrator-written.json"
_ELSEWHERE: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""What git hooks set, which would have git look at another checkout."""


def digest(content: bytes) -> str:
    """Return what stands for the content of a file."""
    return hashlib.sha256(content).hexdigest()


@define(kw_only=True)
class Checkout:
    """A folder that is the root of a checkout, or is under no version control.

    Attributes:
        root: the folder.
    """

    root: Path
    _folder: Path | None = field(default=None, init=False)
    _dirty: frozenset[str] | None = field(default=None, init=False)

    @property
    def is_git(self) -> bool:
        """Whether git looks after it."""
        return (self.root / ".git").exists()

    def dirty(self) -> frozenset[str]:
        """Return the files of the workflows that differ from the last commit, relative to the root, as first asked.

        Raises:
            ProtocolError: git cannot tell.
        """
        if self._dirty is None:
            status = ("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", ".github")
            entries = self._git(*status).split("\0") if self.is_git else []
            self._dirty = frozenset(entry[3:] for entry in entries if entry)
        return self._dirty

    def check_clean(self, file: str, content: bytes) -> None:
        """See that a file may be replaced: all that it holds is committed, or was written here.

        Args:
            file: relative to the root.
            content: what it holds.

        Raises:
            RejectedError: somebody has changed it and not committed that.
        """
        if file in self.dirty() and not self.is_ours(file, content):
            where, what = str(self.root / file), "the file has changes that are not committed"
            raise RejectedError(what, where=where, hint="commit them, or put them away with git stash")

    def is_ours(self, file: str, content: bytes | None) -> bool:
        """Whether a file holds what was last written to it here, or, with None, was deleted here."""
        return self._written().get(file, "") == (digest(content) if content is not None else None)

    def note(self, file: str, content: bytes | None) -> None:
        """Remember what was written to a file, or that it was deleted."""
        if self.is_git:
            written = self._written() | {file: digest(content) if content is not None else None}
            with replacing(self._place()) as out:
                out.write(json.dumps(written).encode())

    def _written(self) -> dict[str, str | None]:
        try:
            found = json.loads(self._place().read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = self.root / self._git("rev-parse", "--git-dir").strip()
        return self._folder / _WRITTEN

    def _git(self, *arguments: str) -> str:
        """Return what git says.

        Raises:
            ProtocolError: it cannot be run, or refuses.
        """
        environ = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", *arguments]
        what, where = "git cannot tell which files hold changes that are not committed", str(self.root)
        try:
            done = subprocess.run(command, cwd=self.root, env=environ, capture_output=True, check=True, timeout=60)  # noqa: S603 (git, with arguments of ours)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()[:200]
            raise ProtocolError(what, where=where, body=said, hint=f"see what `git -C {where} status` says") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProtocolError(what, where=where, body=str(error), hint="install git") from error
        return done.stdout.decode("utf-8", errors="surrogateescape")
