"""Where a crontab is: a file, or what the `crontab` command shows and takes; and the files of prompts beside it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path
from typing import Final, Protocol

from attrs import define, field, frozen

from migrator.errors import NotFoundError, ProtocolError, RejectedError, TransientError, UncertainError
from migrator.files import is_stream, replacing

_SECONDS: Final = 60
_LONGEST: Final = 300
_NONE: Final = re.compile(r"\bno crontab for\b")
_MISSING: Final = 127
"""The exit status of a shell for a command that is not there."""

_INSTALL: Final = "install a cron daemon, or set path to the file of the crontab"
_DENIED: Final = "as another user, set user and run as root; see /etc/cron.allow"


@frozen
class Ended:
    """How a run of `crontab` ended: its exit status, its output, and its complaint on one line."""

    status: int
    output: bytes
    complaint: str


async def run_crontab(*arguments: str, user: str = "", content: bytes = b"") -> Ended:
    """Run the `crontab` command.

    Raises:
        UncertainError: it does not end.
    """
    program = shutil.which("crontab")
    if program is None:
        return Ended(_MISSING, b"", "the command crontab is not installed")
    process = await asyncio.create_subprocess_exec(
        program,
        *(("-u", user) if user else ()),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        output, complaint = await asyncio.wait_for(process.communicate(content), _SECONDS)
    except TimeoutError:
        what, hint = f"crontab did not end within {_SECONDS} s", "see whether `crontab -l` ends, then run again"
        raise UncertainError(what, where="crontab", hint=hint) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, output, " ".join(complaint.decode(errors="replace").split())[:_LONGEST])


class CrontabPlace(Protocol):
    """Where a crontab is read and put back."""

    async def read(self) -> bytes:
        """Return the crontab as it is now; empty where there is none.

        Raises:
            ProviderError: it cannot be read.
        """

    async def install(self, content: bytes) -> None:
        """Put a crontab in the place of the one that is there: as a whole, or not at all.

        Raises:
            ProviderError: it cannot be written.
        """

    def is_writable(self) -> bool:
        """Whether it looks as if it could be put back."""

    def owner(self) -> tuple[int, int] | None:
        """Return the user and the group that its jobs run as, None where they are those of this process."""


@frozen(kw_only=True)
class FilePlace:
    """A crontab in a file, whose permissions and owner stay.

    Attributes:
        path: the file.
        user: the user that its lines name, "" where they name none.
        must_exist: whether a missing file is an error (a source) or an empty crontab (a target).
    """

    path: Path
    user: str = ""
    must_exist: bool = True

    async def read(self) -> bytes:  # noqa: D102 (the protocol says it)
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            if not self.must_exist:
                return b""
            raise NotFoundError("the file does not exist", where=str(self.path), hint="check path") from None
        except OSError as error:
            what, hint = f"the file cannot be read: {error.strerror or error}", "make it readable for your user"
            raise ProtocolError(what, where=str(self.path), hint=hint) from error

    async def install(self, content: bytes) -> None:  # noqa: D102
        if is_stream(self.path):
            hint = "set path to a file; nothing was changed"
            raise RejectedError("the crontab is not a regular file", where=str(self.path), hint=hint)
        try:
            with replacing(self.path, keep_mode=True, keep_owner=True) as file:
                file.write(content)
        except OSError as error:
            what = f"the file cannot be written: {error.strerror or error}"
            raise TransientError(what, where=str(self.path), hint="nothing was changed") from error

    def is_writable(self) -> bool:  # noqa: D102
        return os.access(self.path.resolve().parent, os.W_OK)

    def owner(self) -> tuple[int, int] | None:  # noqa: D102
        if self.user:
            return _user(self.user)
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_uid, found.st_gid


@frozen(kw_only=True)
class CommandPlace:
    """The crontab of a user, as the `crontab` command has it; `user` is "" for who runs this."""

    user: str = ""

    async def read(self) -> bytes:  # noqa: D102
        ended = await run_crontab("-l", user=self.user)
        if ended.status == 0:
            return ended.output
        if _NONE.search(ended.complaint):
            return b""
        hint = _INSTALL if ended.status == _MISSING else _DENIED
        raise ProtocolError(f"crontab -l failed: {ended.complaint}", where="crontab", hint=hint)

    async def install(self, content: bytes) -> None:  # noqa: D102
        ended = await run_crontab("-", user=self.user, content=content)
        if ended.status != 0:
            what = f"crontab refuses to install it: {ended.complaint}"
            raise RejectedError(what, where="crontab", hint=f"nothing was changed; {_DENIED}")
        if await self.read() != content:
            what = "crontab -l shows something else than was installed"
            raise UncertainError(what, where="crontab", hint="look at crontab -l, and plan again")

    def is_writable(self) -> bool:  # noqa: D102
        return shutil.which("crontab") is not None

    def owner(self) -> tuple[int, int] | None:  # noqa: D102
        return _user(self.user) if self.user else None


def _user(name: str) -> tuple[int, int] | None:
    import pwd  # noqa: PLC0415 (not on every system)

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


@define(kw_only=True)
class Checker:
    """The daemon's own checker: the `crontab` command with the option that only looks.

    Attributes:
        option: that option.
    """

    option: str
    _works: bool | None = field(default=None, init=False, repr=False)

    async def works(self) -> bool:
        """Whether it judges anything here: one that refuses an empty crontab does not."""
        if self._works is None:
            self._works = (await run_crontab(self.option, "-")).status == 0
        return self._works

    async def complaint(self, content: bytes) -> str:
        """Return why a crontab is refused, "" where it is accepted or that is unknown."""
        if not await self.works():
            return ""
        ended = await run_crontab(self.option, "-", content=content)
        return "" if ended.status == 0 else ended.complaint or "it does not say why"


@frozen(kw_only=True)
class Prompts:
    """The folder of prompt files, each named after what it says, so that none ever changes.

    Attributes:
        folder: the folder; "" where there is none.
    """

    folder: str = ""

    def read(self, path: str) -> str | None:
        """Return a prompt, None where it cannot be read."""
        try:
            return Path(path).read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            return None

    def write(self, path: str, prompt: str, owner: tuple[int, int] | None) -> None:
        """Write a prompt, readable for its owner alone.

        Raises:
            ProviderError: it cannot be written.
        """
        try:
            with replacing(Path(path)) as file:
                file.write(prompt.encode())
                if owner and os.geteuid() == 0:
                    os.chown(file.fileno(), *owner)
        except OSError as error:
            what = f"the prompt file cannot be written: {error.strerror or error}"
            hint = f"create the folder {self.folder}, for who runs migrator and for the user of the crontab"
            raise RejectedError(what, where=path, hint=hint) from error

    def drop(self, before: bytes, after: bytes) -> None:
        """Delete the files of ours that the crontab named before and does not name any more."""
        if not self.folder:
            return
        ours = re.compile(re.escape(self.folder.encode()) + rb"/([0-9a-f]{16}\.md)")
        for name in {*ours.findall(before)} - {*ours.findall(after)}:
            (Path(self.folder) / name.decode()).unlink(missing_ok=True)
