"""Files written as a whole or not at all; what is no regular file is written through, and stays what it is."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from migrator.files import replacing


def put(path: Path, text: bytes, *, keep_mode: bool = False) -> None:
    """Write a file."""
    with replacing(path, keep_mode=keep_mode) as file:
        file.write(text)


def read_from(pipe: Path, into: list[bytes]) -> threading.Thread:
    """Read a pipe to its end, in the background."""
    thread = threading.Thread(target=lambda: into.append(pipe.read_bytes()))
    thread.start()
    return thread


@pytest.mark.parametrize("is_link", [False, True])
def test_a_pipe_is_written_through(tmp_path: Path, is_link: bool) -> None:
    """Who reads gets it, and the pipe stays a pipe; also behind a link."""
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    if is_link:
        (tmp_path / "link").symlink_to(pipe)
    reader = read_from(pipe, got)
    put(tmp_path / "link" if is_link else pipe, b"text")
    reader.join()

    assert (got, stat.S_ISFIFO(pipe.stat().st_mode)) == ([b"text"], True)
    assert (tmp_path / "link").is_symlink() == is_link
    assert {path.name for path in tmp_path.iterdir()} <= {"pipe", "link"}


@pytest.mark.parametrize("is_link", [False, True])
def test_a_device_stays_a_device(tmp_path: Path, is_link: bool) -> None:
    """Neither a device nor a link to one is replaced."""
    (tmp_path / "null").symlink_to("/dev/null")
    put(tmp_path / "null" if is_link else Path("/dev/null"), b"text")

    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert (tmp_path / "null").is_symlink()


def test_a_device_of_ones_own_stays(tmp_path: Path) -> None:
    """A device in a folder of ours, which root could replace."""
    node = tmp_path / "node"
    try:
        os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    put(node, b"text")

    assert stat.S_ISCHR(node.stat().st_mode)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path, there: bool) -> None:
    """The file that it leads to is a new one; one that is not there yet is made."""
    file, link = tmp_path / "deep" / "file", tmp_path / "link"
    file.parent.mkdir()
    if there:
        file.write_bytes(b"old")
    link.symlink_to(file)
    before = file.stat().st_ino if there else 0
    put(link, b"new")

    assert (link.is_symlink(), file.read_bytes(), file.stat().st_ino == before) == (True, b"new", False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_fails_leaves_the_old_one(tmp_path: Path) -> None:
    """Half a file never takes its place, and nothing is left lying about."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fails() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        fails()
    assert ([path], b"old") == (list(tmp_path.iterdir()), path.read_bytes())


def test_it_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced, then renamed, and then its folder is synced."""
    done: list[str] = []
    sync, rename = os.fsync, Path.replace

    def synced(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def renamed(path: Path, to: Path) -> Path:
        done.append("rename")
        return rename(path, to)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    put(tmp_path / "file", b"text")

    assert done == ["file", "rename", "folder"]


@pytest.mark.parametrize("keep_mode", [True, False])
def test_permissions(tmp_path: Path, keep_mode: bool) -> None:
    """They are those of its owner alone, unless they are to be kept."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    put(path, b"new", keep_mode=keep_mode)

    assert stat.S_IMODE(path.stat().st_mode) == (0o640 if keep_mode else 0o600)
