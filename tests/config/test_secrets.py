"""Where secrets come from, and what is said when they do not come."""

from __future__ import annotations

import os
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from migrator.config import exposed, resolve, secrets
from migrator.errors import ConfigError

Snapshot = Callable[..., str]


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """Resolves a reference in an empty environment, beside a config file in `tmp_path`."""

    def snapshot(reference: str, **environ: str) -> str:
        return resolve(reference, environ=environ, base_dir=tmp_path, where="migrator.toml:4:1")

    return snapshot


def python(code: str) -> str:
    """A command that runs a line of Python."""
    return f"command:{shlex.join([sys.executable, '-c', code])}"


def test_from_the_environment(snapshot: Snapshot) -> None:
    """`env:` takes the variable, without the blanks around it."""
    assert snapshot("env:A_KEY", A_KEY=" s3cret\n") == "s3cret"


def test_from_a_file_beside_the_config(snapshot: Snapshot, tmp_path: Path) -> None:
    """`file:` takes the file's text; a relative path starts from the config file's folder."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("s3cret\n")

    assert snapshot("file:secrets/key") == "s3cret"


def test_from_a_file_elsewhere(snapshot: Snapshot, tmp_path: Path) -> None:
    """An absolute path is taken as it is."""
    (tmp_path / "key").write_text("s3cret")

    assert resolve(f"file:{tmp_path}/key", environ={}, base_dir=Path("/nowhere")) == "s3cret"


def test_from_a_command(snapshot: Snapshot) -> None:
    """`command:` takes what the program prints; there is no shell, so its signs are plain text."""
    assert snapshot(python("import sys; print('s3cret' if sys.argv[1:] == [] else 'no')")) == "s3cret"
    assert snapshot("command:printf %s a$HOME;b|c", HOME="x") == "a$HOME;b|c"


def test_a_command_sees_the_environment_and_the_config_folder(snapshot: Snapshot, tmp_path: Path) -> None:
    """The program runs in the folder of the config file, with the environment that was given and no input."""
    code = "import os, sys; print(os.environ['A'], os.getcwd(), sys.stdin.read() == '', sep='/')"

    assert snapshot(python(code), A="a") == f"a/{tmp_path.resolve()}/True"


def test_from_the_keyring(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """`keyring:` asks for the name of a service; the name may hold slashes."""
    monkeypatch.setitem(sys.modules, "keyring", keyring_with({("omni", "team/key"): "s3cret"}))

    assert snapshot("keyring:omni/team/key") == "s3cret"


def keyring_with(secrets: dict[tuple[str, str], str]) -> ModuleType:
    """Stands for the optional package, which is not among the dependencies."""
    module = ModuleType("keyring")
    module.get_password = lambda service, name: secrets.get((service, name))  # type: ignore[attr-defined]  # that is how
    return module


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("env:A_KEY", "the environment variable A_KEY is not set"),
        ("env:EMPTY", "env:EMPTY holds an empty secret"),
        ("env:LINES", "env:LINES does not hold a token"),
        ("env:ACCENT", "env:ACCENT does not hold a token"),
        ("file:missing", "missing cannot be read: No such file or directory"),
        ("file:latin", "latin is not text"),
        ("command:no-such-program --key s3cret", "the command no-such-program cannot be run: No such file"),
        ("command:false s3cret", "the command false ended with exit code 1; run it by hand"),
        ("command:true", "command:true holds an empty secret"),
        (python("import os; os.write(1, b's3cret\\xff')"), "printed no text"),
        (python("print('s3cret'); raise SystemExit(7)"), "ended with exit code 7"),
        ("keyring:omni/key", "the keyring has no secret key of the service omni; keyring set omni key"),
        ("s3cret", "does not say where the secret is kept"),
        ("other:s3cret", "does not say where the secret is kept"),
        ("command:print 's3cret", "is a command with a quote that does not end"),
    ],
)
def test_a_secret_that_does_not_come(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, message: str
) -> None:
    """The message says where the reference stands and why it leads nowhere, and never shows a secret."""
    monkeypatch.setitem(sys.modules, "keyring", keyring_with({}))
    (tmp_path / "latin").write_bytes(b"s3cret\xe9")

    with pytest.raises(ConfigError) as caught:
        snapshot(reference, EMPTY=" ", LINES="s3cret\ns3cret", ACCENT="s3crét")

    assert str(caught.value).startswith("migrator.toml:4:1: ")
    assert message in str(caught.value)
    assert "s3cr" not in str(caught.value)


def test_the_keyring_is_optional(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package, the message says how to install it."""
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(ConfigError, match="the package keyring is not installed; pip install keyring"):
        snapshot("keyring:omni/key")


def test_a_command_that_hangs(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does not answer is stopped, so that no night is lost to it."""
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.05)

    with pytest.raises(ConfigError, match=r"the command sleep gave no secret within 0\.05 seconds"):
        snapshot("command:sleep 60")


@pytest.mark.parametrize("mode", [0o602, 0o622, 0o666, 0o777])
def test_a_file_that_anybody_may_change_is_refused(snapshot: Snapshot, tmp_path: Path, mode: int) -> None:
    """Who can write it can have another token sent; the mode is named, and what to type."""
    (tmp_path / "key").write_text("s3cret")
    (tmp_path / "key").chmod(mode)

    with pytest.raises(ConfigError, match=rf"can be changed by anybody \(mode {mode:04o}\).*chmod 600"):
        snapshot("file:key")


@pytest.mark.parametrize(("mode", "is_told"), [(0o600, False), (0o640, False), (0o644, True), (0o660, True)])
def test_a_file_that_others_can_read_is_used_and_told(
    snapshot: Snapshot, tmp_path: Path, mode: int, is_told: bool
) -> None:
    """A mounted secret is readable by everybody in its container: doctor says so, and it is used."""
    (tmp_path / "key").write_text("s3cret")
    (tmp_path / "key").chmod(mode)

    assert snapshot("file:key") == "s3cret"
    assert bool(exposed("file:key", base_dir=tmp_path)) == is_told


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder", "a link to a device", "a socket"])
def test_what_is_no_regular_file_is_refused(snapshot: Snapshot, tmp_path: Path, kind: str) -> None:
    """It is not read, and nobody waits for it."""
    place = tmp_path / "key"
    match kind:
        case "a pipe":
            os.mkfifo(place)
        case "a folder":
            place.mkdir()
        case "a link to a device":
            place.symlink_to("/dev/zero")
        case "a socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(place))
        case _:
            place = Path("/dev/zero")

    with pytest.raises(ConfigError, match=r"is not a regular file|cannot be read"):
        snapshot(f"file:{place}")
