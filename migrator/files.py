"""Files that are written as a whole or not at all, and durably; what is no regular file is written through."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

_STREAMS: Final = ("/dev/fd/", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/proc/")
"""Names of open streams: written to directly, never replaced."""


def is_stream(path: Path) -> bool:
    """Whether a path leads to a device, a pipe or a socket, or names an open file: nothing can take its place."""
    if str(path.absolute()).startswith(_STREAMS):
        return True
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextmanager
def replacing(
    path: Path, *, keep_mode: bool = False, keep_owner: bool = False, new: bool = False
) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of `path` when the block ends: whole and on disk, or not at all.

    A symbolic link stays, and the file that it leads to is replaced, or made. A device or a pipe is written through.

    Args:
        path: where to.
        keep_mode: whether the file keeps the permissions that it has; otherwise it is for its owner alone.
        keep_owner: whether it keeps its owner and group, where it is not who writes it.
        new: whether the file must not exist; who may read or write it is then who may do so with its folder.

    Raises:
        OSError: it cannot be written.
        FileExistsError: it is to be new, and exists.
    """
    if is_stream(path):
        with path.open("wb") as file:
            yield file
        return
    place = path.resolve()
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if place.exists():
            had, now = place.stat(), Path(draft).stat()
            if keep_owner and (had.st_uid, had.st_gid) != (now.st_uid, now.st_gid):
                os.chown(draft, had.st_uid, had.st_gid)
            if keep_mode:
                Path(draft).chmod(stat.S_IMODE(had.st_mode))
        if new:
            Path(draft).chmod(place.parent.stat().st_mode & 0o666)
            os.link(draft, place)  # unlike a rename, it never takes the place of another file
            Path(draft).unlink()
        else:
            Path(draft).replace(place)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    """Bring the name of a new file to disk, where the system can."""
    with suppress(OSError):  # Windows opens no folders, and some network file systems sync none
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
