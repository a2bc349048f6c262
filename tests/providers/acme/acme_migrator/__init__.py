"""A provider as somebody else would write it: the jobs of a file, one JSON object a line."""

import json
from collections.abc import AsyncIterator, Callable
from importlib import resources
from pathlib import Path
from typing import Any

from migrator.errors import NotFoundError
from migrator.providers.base import Connection, Created, Documented, Probe, Raw, Record
from migrator.providers.declaration import Capabilities, Finding, Local, Opening, Provider, Setting, Starter

FIELDS = frozenset({"name", "on", "when", "prompt", "tag"})


class Acme:
    """The jobs of one file."""

    provider = "acme"
    documented = Documented(response=FIELDS | {"key"}, create=FIELDS | {"key"}, update={"patch": FIELDS})
    requests, concurrency, ahead, contract_untold = 0, 1, None, False

    def __init__(self, path: Path, opening: Opening) -> None:
        self.path, self.opening = path, opening
        self.scopes = (str(path),)

    def _read(self) -> dict[str, Raw]:
        if not self.path.exists() and not self.opening.must_exist:
            return {}
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except FileNotFoundError as error:
            raise NotFoundError("the file does not exist", where=str(self.path)) from error
        return {job["key"]: job for job in map(json.loads, lines)}

    def _change(self, change: Callable[[dict[str, Raw]], Any]) -> None:
        self.opening.fence()
        jobs = self._read()
        change(jobs)
        self.path.write_text("".join(json.dumps(job) + "\n" for job in jobs.values()), "utf-8")

    async def list_jobs(self) -> AsyncIterator[Record]:
        """Yield every job."""
        for job in self._read().values():
            yield Record(scope=self.scopes[0], raw=job)

    async def probe(self, scope: str, *, writing: bool) -> Probe:
        """Count the jobs."""
        return Probe(jobs=len(self._read()), pages=0, may_write=True if writing else None)

    async def get_job(self, scope: str, job_id: str) -> Record:
        """Read one job."""
        if job_id not in (jobs := self._read()):
            raise NotFoundError("unknown job", where=f"{scope}, job {job_id}")
        return Record(scope=scope, raw=jobs[job_id])

    async def create_job(self, scope: str, payload: Raw) -> Created:
        """Add a job under the id that it brings."""
        self._change(lambda jobs: jobs.setdefault(payload["key"], payload))
        return Created(id=payload["key"], record=Record(scope=scope, raw=payload))

    async def update_job(self, scope: str, job_id: str, payload: Raw, *, contract: str | None = None) -> Record | None:
        """Change the fields that `payload` names."""
        self._change(lambda jobs: jobs[job_id].update(payload))
        return await self.get_job(scope, job_id)

    async def delete_job(self, scope: str, job_id: str) -> None:
        """Remove a job."""
        self._change(lambda jobs: jobs.pop(job_id, None))

    async def update_contract(self) -> str | None:
        """Return the one way of updating."""
        return "patch"


def _path(connection: Connection) -> Path:
    return Path(connection.text("file"))


async def _examine(connection: Connection, _adapter: object) -> tuple[Finding, ...]:
    return (Finding(what="colour", status="advice", found=connection.text("colour", "grey"), todo="choose another"),)


PROVIDER = Provider(
    name="acme",
    title="Acme",
    kit=1,
    access=Local(open=lambda connection, opening: Acme(_path(connection), opening)),
    scopes=lambda connection: (str(_path(connection)),),
    documented=Acme.documented,
    settings=(
        Setting(name="file", kind="path", says="The file.", required=True, question="the file", example="acme.jsonl"),
        Setting(name="colour", choices=("red", "green"), says="What colour it has."),
    ),
    capabilities=Capabilities(create_paused=True, own_id=True),
    mapping=resources.files(__package__) / "acme.toml",
    docs="https://acme.example/migrator",
    starter=Starter(comments='# colour = "red"\n'),
    examine=_examine,
)
