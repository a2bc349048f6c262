"""Software of others that the platforms are proved on: which release of what, and what each of them says.

A folder below this one that has a `platform.toml` is one such software. The file names the releases (`pins`), how they
are installed, which providers they are evidence for and of what kind. Beside it may stand:

- `constraints.txt` or `package-lock.json`: the releases of all that the pins need in turn, written by
  `python -m tests.platforms.installer --lock NAME`;
- `proved.json`: what the last complete run measured, written by `make platforms-record`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import cattrs
from attrs import field, frozen

FOLDER: Final = Path(__file__).parent
LOCKS: Final = {"pip": "constraints.txt", "npm": "package-lock.json", "deb": ""}

Kind = Literal["real server", "vendor's parser", "published client", "validating proxy", "fuzzer", "second calendar"]
"""What sort of evidence a software gives."""

_PIN: Final = re.compile(r"(?P<name>@?[^@=]+)(?:==|=|@)(?P<version>[^=@]+)")


@frozen(kw_only=True)
class Software:
    """One software: what stands in its `platform.toml`.

    Attributes:
        name: of its folder.
        title: what people call it.
        installer: the kind of its packages.
        pins: packages with exact releases, as that installer writes them; the first is the one that is named.
        needs: programs that must be on the machine besides the installer's own, such as `faketime`.
        kind: what sort of evidence it gives.
        providers: names of the providers that it gives evidence for; none if it is evidence for the cron engine.
        claim: what its tests show, as one sentence.
    """

    name: str
    title: str
    installer: Literal["pip", "npm", "deb"]
    pins: tuple[str, ...]
    kind: Kind
    providers: tuple[str, ...]
    claim: str
    needs: tuple[str, ...] = field(default=())

    @property
    def version(self) -> str:
        """The release of the first pin."""
        found = _PIN.fullmatch(self.pins[0])
        assert found, f"{self.name}: {self.pins[0]} is no pin"
        return found["version"]

    @property
    def folder(self) -> Path:
        """Where its file and its tests are."""
        return FOLDER / self.name

    @property
    def lock(self) -> Path:
        """Where the releases of everything below the pins are written down, if they are."""
        return self.folder / (LOCKS[self.installer] or "no-lock")

    @property
    def record(self) -> Path:
        """Where the result of the last complete run is."""
        return self.folder / "proved.json"


@frozen(kw_only=True)
class Proof:
    """What a complete run of a software's tests measured.

    Attributes:
        pins: what was installed.
        date: day of the run.
        tests: number of tests, all of which passed.
        figures: what they counted, by name.
    """

    pins: tuple[str, ...]
    date: dt.date
    tests: int
    figures: Mapping[str, int]


_CONVERTER: Final = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_structure_hook(dt.date, lambda text, _type: dt.date.fromisoformat(text))
_CONVERTER.register_unstructure_hook(dt.date, dt.date.isoformat)


def software(name: str) -> Software:
    """Return the software of a folder.

    Raises:
        FileNotFoundError: the folder has no `platform.toml`.
    """
    table = tomllib.loads((FOLDER / name / "platform.toml").read_text("utf-8"))
    return _CONVERTER.structure({**table, "name": name}, Software)


def all_software() -> Iterator[Software]:
    """Yield every software, by name."""
    for path in sorted(FOLDER.glob("*/platform.toml")):
        yield software(path.parent.name)


def proof(of: Software) -> Proof | None:
    """Return what the last complete run measured; None if none was recorded."""
    if not of.record.exists():
        return None
    return _CONVERTER.structure(json.loads(of.record.read_text("utf-8")), Proof)


def write_proof(path: Path, measured: Proof) -> None:
    """Write what a run measured as JSON."""
    path.write_text(json.dumps(_CONVERTER.unstructure(measured), indent=2) + "\n", "utf-8")
