"""The files of a checkout: listed, made from a template, changed where they stand, deleted."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from attrs import define, field

from migrator.agents.patterns import Agents
from migrator.errors import NotFoundError, ProtocolError, RejectedError, TransientError
from migrator.files import replacing
from migrator.providers.base import PATCH, Created, Documented, Probe, Raw, Record, check_scope
from migrator.providers.declaration import Finding
from migrator.providers.github.checkout import Checkout, digest
from migrator.providers.github.new_workflows import free_name, new_job, read_file, template_of

if TYPE_CHECKING:
    from migrator.providers.github.reading import Workflow

FOLDER: Final = ".github/workflows"
_PLAN: Final = "plan again"
_EDITABLE: Final = frozenset({"name", "enabled", "schedule.cron", "schedule.timezone", "prompt", "model", "mark"})


@define(kw_only=True)
class GitHub:
    """The scheduled workflows of one checkout, which is the scope.

    Attributes:
        root: the root of the checkout.
        identity: what the scope is called.
        template: the file that new workflows are made from; "" for the one that is built in for the agent.
        agents: what runs an agent on a prompt.
        must_exist: whether a checkout without a folder of workflows is an error (a source) or an empty list (a target).
        fence: asked right before anything is changed.
        requests: always 0: no request leaves the machine.
        concurrency: how many changes are handed over at once; they are carried out one after the other.
    """

    provider: ClassVar[str] = "github"
    documented: ClassVar[Documented | None] = Documented(
        response=_EDITABLE | {"id", "agent", "unsupported", "reason", "around"},
        create=_EDITABLE | {"agent"},
        update={PATCH: _EDITABLE},
    )

    root: Path
    identity: str
    template: str = ""
    agents: Agents
    must_exist: bool = True
    fence: Callable[[], None] = field(default=lambda: None, repr=False)
    requests: int = field(default=0, init=False)
    concurrency: int = field(default=8, init=False)
    _seen: dict[str, str] = field(factory=dict, init=False, repr=False)
    _checkout: Checkout = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._checkout = Checkout(root=self.root)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The checkout."""
        return (self.identity,)

    @property
    def ahead(self) -> None:
        """A file has no clock of its own."""

    async def update_contract(self) -> str | None:
        """The one way of updating."""
        return PATCH

    @property
    def contract_untold(self) -> bool:
        """There is one way."""
        return False

    async def list_jobs(self) -> AsyncIterator[Record]:
        """Every scheduled workflow, by the name of its file.

        Raises:
            UsageError: new workflows are to be made, and the template for them cannot be used.
        """
        if self.template and not self.must_exist:
            self._template("")
        self._seen.clear()
        for name in self._names():
            content = self._content(name)
            self._seen[name] = digest(content)
            if found := self._read(name, content):
                yield Record(scope=self.identity, raw=found.raw)

    async def probe(self, scope: str, *, writing: bool) -> Probe:
        """Read the workflows and, with `writing`, see whether their folder can be written to."""
        check_scope(scope, self.scopes, self.provider)
        read = [self._read(name, self._content(name)) for name in self._names()]
        records = tuple(found.raw for found in read if found)
        folder = self.root / FOLDER
        while not folder.exists():
            folder = folder.parent
        may_write = os.access(folder, os.W_OK) if writing else None
        return Probe(jobs=len(records), pages=0, may_write=may_write, records=records)

    async def get_job(self, scope: str, job_id: str) -> Record:
        """Read one workflow."""
        check_scope(scope, self.scopes, self.provider)
        return Record(scope=scope, raw=self._found(job_id, self._content(job_id)).raw)

    async def create_job(self, scope: str, payload: Raw) -> Created:
        """Make a workflow from the template, in a file named after the job.

        Raises:
            RejectedError: a workflow cannot say what the job says.
        """
        check_scope(scope, self.scopes, self.provider)
        agent = str(payload.get("agent") or "claude")
        base, wanted = self._template(agent), new_job(payload, agent)
        content = self._changed(base, wanted, where=str(payload.get("name", "")))
        folder = self.root / FOLDER
        name = free_name(str(payload["name"]), folder)
        self.fence()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(folder / name, new=True) as file:
                file.write(content)
        except OSError as error:
            raise _unwritable(error, folder / name) from error
        self._note(name, content)
        return Created(id=name, record=Record(scope=scope, raw=self._found(name, content).raw))

    async def update_job(self, scope: str, job_id: str, payload: Raw, *, contract: str | None = None) -> Record | None:  # noqa: ARG002 (the protocol's; there is one contract)
        """Change what `payload` names where it stands in the file.

        Raises:
            NotFoundError: the file does not exist.
            RejectedError: the file was changed meanwhile, has changes that are not committed, or cannot say it.
        """
        check_scope(scope, self.scopes, self.provider)
        before = self._unchanged(job_id)
        content = self._changed(self._found(job_id, before), payload, where=self._where(job_id))
        bom = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
        self.fence()
        try:
            with replacing(self.root / FOLDER / job_id, keep_mode=True) as file:
                file.write(bom + content)
        except OSError as error:
            raise _unwritable(error, self.root / FOLDER / job_id) from error
        self._note(job_id, bom + content)
        return Record(scope=scope, raw=self._found(job_id, bom + content).raw)

    async def delete_job(self, scope: str, job_id: str) -> None:
        """Delete a file, or find it gone.

        Raises:
            RejectedError: the file was changed meanwhile, or has changes that are not committed.
        """
        check_scope(scope, self.scopes, self.provider)
        try:
            self._unchanged(job_id)
            self.fence()
            (self.root / FOLDER / job_id).unlink()
        except (NotFoundError, FileNotFoundError):
            return
        except OSError as error:
            raise _unwritable(error, self.root / FOLDER / job_id) from error
        self._note(job_id, None)

    def findings(self) -> Iterator[Finding]:
        """Yield what `migrator doctor` says of the checkout and of the template."""
        if not self._checkout.is_git:
            todo = "give path the root of a git checkout"
            found = "no git checkout: what is changed here cannot be told from what was there before"
            yield Finding(what="checkout", status="advice", found=found, todo=todo)
        elif unsaved := sorted(name for name in self._checkout.dirty() if not self._is_ours(name)):
            found = f"changes by others that are not committed: {', '.join(unsaved)}"
            yield Finding(what="checkout", status="advice", found=found, todo="commit them; such files are not changed")
        elif dirty := self._checkout.dirty():
            found = f"{len(dirty)} of the files that migrator wrote or deleted are not committed yet"
            yield Finding(what="checkout", status="ok", found=found)
        else:
            yield Finding(what="checkout", status="ok", found="every workflow is committed")
        if self.template:
            self._template("")
            yield Finding(what="template", status="ok", found=f"{self.template} can be used")

    def _is_ours(self, file: str) -> bool:
        path = self.root / file
        return self._checkout.is_ours(file, path.read_bytes() if path.is_file() else None)

    # -- files --------------------------------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        folder = self.root / FOLDER
        if not folder.is_dir():
            if not self.must_exist and self.root.is_dir():
                return []
            hint = "path names the root of a checkout; GitHub reads workflows there and nowhere else"
            raise NotFoundError("there is no folder of workflows", where=str(folder), hint=hint)
        try:
            return sorted(p.name for p in folder.iterdir() if p.suffix in {".yml", ".yaml"} and p.is_file())
        except OSError as error:
            raise _unreadable(error, folder) from error

    def _content(self, name: str) -> bytes:
        path = self.root / FOLDER / name
        if path.suffix not in {".yml", ".yaml"} or path.name != name:
            raise NotFoundError("unknown workflow", where=str(path), hint=_PLAN)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise NotFoundError("the workflow's file does not exist", where=str(path), hint=_PLAN) from None
        except OSError as error:
            raise _unreadable(error, path) from error

    def _read(self, name: str, content: bytes) -> Workflow | None:
        """Return the workflow that a file holds; None where it has no place in a list of jobs."""
        return read_file(name, content, self.agents)

    def _found(self, name: str, content: bytes) -> Workflow:
        if not (found := self._read(name, content)):
            raise NotFoundError("the workflow has no schedule", where=self._where(name), hint=_PLAN)
        return found

    def _unchanged(self, name: str) -> bytes:
        """Return what a file holds.

        Raises:
            RejectedError: it holds something else than when it was listed, or changes that are not committed.
        """
        content = self._content(name)
        if self._seen.setdefault(name, digest(content)) != digest(content):
            raise RejectedError("the file was changed since it was read", where=self._where(name), hint=_PLAN)
        self._checkout.check_clean(f"{FOLDER}/{name}", content)
        return content

    def _changed(self, workflow: Workflow, payload: Mapping[str, Any], *, where: str) -> bytes:
        from migrator.providers.github.changing import WorkflowError, change_workflow  # noqa: PLC0415 (as above)

        try:
            return change_workflow(workflow, payload, self.agents).encode()
        except WorkflowError as error:
            hint = "nothing was written: change the job, or edit the workflow by hand"
            raise RejectedError(str(error), where=where, hint=hint) from error

    def _template(self, agent: str) -> Workflow:
        return template_of(agent, self.agents, path=self.template)

    def _note(self, name: str, content: bytes | None) -> None:
        self._seen.pop(name, None)
        if content is not None:
            self._seen[name] = digest(content)
        self._checkout.note(f"{FOLDER}/{name}", content)

    def _where(self, name: str) -> str:
        return str(self.root / FOLDER / name)


def _unreadable(error: OSError, path: Path) -> ProtocolError:
    what, hint = f"cannot be read: {error.strerror or error}", "make it readable for your user"
    return ProtocolError(what, where=str(path), hint=hint)


def _unwritable(error: OSError, path: Path) -> TransientError:
    return TransientError(f"the file cannot be written: {error.strerror or error}", where=str(path), hint=_PLAN)
