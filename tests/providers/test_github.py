"""A checkout as a provider: real files, and a real git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrator.errors import NotFoundError, ProtocolError, RejectedError, TransientError, UsageError
from migrator.providers import open_adapter
from migrator.providers.base import Connection
from migrator.providers.github.adapter import FOLDER, GitHub
from migrator.providers.registry import PROVIDERS
from tests.providers.workflow_texts import AGENTS, PROMPTED, TRIAGE, step

CI = b"name: CI\r\non: [push]\r\njobs: { test: { runs-on: x, steps: [ {run: make } ] } }"
JOB: dict[str, Any] = {
    "name": "Weekly note",
    "schedule": {"cron": "0 9 * * 1", "timezone": "UTC"},
    "prompt": "Say what changed.",
    "mark": "migrator:omni:1a2b3c4d:x:1/1",
}


def git(root: Path, *arguments: str) -> str:
    named = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    run = subprocess.run(["git", *named, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return run.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with three workflows of other people, all committed."""
    root = tmp_path / "repo"
    folder = root / FOLDER
    folder.mkdir(parents=True)
    (folder / "ci.yml").write_bytes(CI)
    (folder / "triage.yaml").write_text(TRIAGE)
    (folder / "nightly.yml").write_text(step("run: make nightly", name="Nightly"))
    git(root, "init", "-q")
    commit(root)
    return root


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "work")


def adapter(root: Path, **more: Any) -> GitHub:
    return GitHub(root=root, identity="repo", agents=AGENTS, **more)


async def listed(github: GitHub) -> dict[str, Any]:
    return {record.raw["id"]: record.raw async for record in github.list_jobs()}


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / FOLDER).iterdir()}


async def test_a_job_comes_changes_and_goes(root: Path) -> None:
    """A job is a file of its own; other files, the index and the history stay as they are."""
    github, before, head = adapter(root), files(root), git(root, "rev-parse", "HEAD")
    assert ["nightly.yml", "triage.yaml"] == list(await listed(github))
    made = await github.create_job("repo", JOB)
    assert "weekly-note.yml" == made.id
    assert {**JOB, "id": made.id, "enabled": True, "agent": "claude"}.items() <= (await listed(github))[made.id].items()
    changed = await github.update_job("repo", made.id, {"prompt": "Say less.", "enabled": False})
    assert changed
    assert ("Say less.", False) == (changed.raw["prompt"], changed.raw["enabled"])
    assert changed == await github.get_job("repo", made.id)
    assert "?? .github/workflows/weekly-note.yml\n" == git(root, "status", "--porcelain")
    await github.delete_job("repo", made.id)
    await github.delete_job("repo", made.id)
    assert before == files(root)
    assert (head, "") == (git(root, "rev-parse", "HEAD"), git(root, "status", "--porcelain"))


async def test_names_of_files(root: Path) -> None:
    """A file is named after its job, in letters and digits; one that exists is never taken, whatever its case."""
    github = adapter(root)
    names = ["Triage", "Größe: ✓!", "日本", "CI", "../../etc/passwd", "x" * 300, "Triage"]
    made = [(await github.create_job("repo", {**JOB, "name": name})).id for name in names]
    expected = ["triage-2.yml", "groe.yml", "job.yml", "ci-2.yml", "etc-passwd.yml", f"{'x' * 60}.yml", "triage-3.yml"]
    assert [name.replace("gro-e", "groe") for name in made] == expected
    assert names == [(await listed(github))[key]["name"] for key in made]


async def test_a_file_that_changed_meanwhile_is_not_overwritten(root: Path) -> None:
    """Neither changed nor deleted; listed again, it is."""
    github = adapter(root)
    await listed(github)
    path = root / FOLDER / "triage.yaml"
    path.write_text(TRIAGE + "# more\n")
    commit(root)
    for change in (github.update_job("repo", path.name, {"name": "A"}), github.delete_job("repo", path.name)):
        with pytest.raises(RejectedError, match="changed since it was read"):
            await change
    assert TRIAGE + "# more\n" == path.read_text()
    await listed(github)
    await github.update_job("repo", path.name, {"name": "A"})
    assert path.read_text().endswith("# more\n")


async def test_work_that_is_not_committed_is_not_overwritten(root: Path) -> None:
    """Edits of others are refused, ours may be changed again, by another run too; other dirty files do not matter."""
    path = root / FOLDER / "triage.yaml"
    (root / FOLDER / "ci.yml").write_text("on: push\n")
    await adapter(root).update_job("repo", path.name, {"name": "Once"})
    await adapter(root).update_job("repo", path.name, {"name": "Twice"})
    by_hand = path.read_text().replace("Twice", "Thrice")
    path.write_text(by_hand)
    for change in (adapter(root).update_job, adapter(root).delete_job):
        with pytest.raises(RejectedError, match="changes that are not committed"):
            await change("repo", path.name, *([{"name": "A"}] if change.__name__ == "update_job" else []))
    assert by_hand == path.read_text()


async def test_without_git(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder under no version control works; a checkout whose git cannot be asked is not written to."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ProtocolError, match="git cannot tell"):
        await adapter(root).update_job("repo", "triage.yaml", {"name": "A"})
    (root / ".git").rename(root.parent / "elsewhere")
    await adapter(root).update_job("repo", "triage.yaml", {"name": "A"})
    assert "A" == (await listed(adapter(root)))["triage.yaml"]["name"]


async def test_a_hook_of_git_may_run_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that git gives its hooks do not lead to another checkout."""
    monkeypatch.setenv("GIT_DIR", str(root / "nowhere"))
    await adapter(root).update_job("repo", "triage.yaml", {"name": "A"})


async def test_the_bytes_around_stay(root: Path) -> None:
    """Line ends, a byte order mark and permissions of a file stay."""
    path = root / FOLDER / "windows.yml"
    path.write_bytes(b"\xef\xbb\xbf" + PROMPTED.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    commit(root)
    await adapter(root).update_job("repo", path.name, {"prompt": "Say\nmore."})
    expected = PROMPTED.replace("Say it.", "|-\n            Say\n            more.").replace("\n", "\r\n")
    assert b"\xef\xbb\xbf" + expected.encode() == path.read_bytes()
    assert 0o640 == path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"# managed by migrator: migrator:omni:1a2b3c4d:x:1/1\n\xff", "not UTF-8"),
        (b"on: { schedule: [", "cannot be read"),
        (b"#" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
async def test_one_bad_file_costs_one_job(root: Path, content: bytes, reason: str) -> None:
    """It is listed with what is wrong, so that it is never taken for missing; the others are read."""
    (root / FOLDER / "bad.yml").write_bytes(content)
    found = await listed(adapter(root))
    assert reason in found["bad.yml"]["reason"]
    assert "Triage" == found["triage.yaml"]["name"]


async def test_a_template_of_ones_own(root: Path, tmp_path: Path) -> None:
    """New workflows are made from it, with all that it says; its prompt, schedule and model are placeholders."""
    template = tmp_path / "agent.yml"
    template.write_text(TRIAGE)
    made = await adapter(root, template=str(template)).create_job("repo", JOB)
    text = (root / FOLDER / made.id).read_text()
    assert "# Triage of new issues   (ask Ana)" in text
    assert 'claude_args: "--max-turns 10"' in text
    template.write_text(step("uses: openai/codex-action@v1", "with:", "  prompt: x"))
    with pytest.raises(RejectedError, match="runs codex, and the job asks for claude"):
        await adapter(root, template=str(template)).create_job("repo", JOB)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "does not exist"),
        ("on: push", "has no schedule"),
        (step("run: make"), "runs a known agent"),
        ("a: [", "has no schedule"),
        ("on: {schedule: [", "its file cannot be read: line 1"),
    ],
)
async def test_a_template_that_holds_no_job(root: Path, tmp_path: Path, text: str | None, why: str) -> None:
    """Is refused before anything is written, and so is an agent without a template."""
    template = tmp_path / "agent.yml"
    if text is not None:
        template.write_text(text)
    with pytest.raises(UsageError, match=why):
        await adapter(root, template=str(template)).create_job("repo", JOB)
    with pytest.raises(UsageError, match="no template is built in for the agent devin"):
        await adapter(root).create_job("repo", {**JOB, "agent": "devin"})
    assert "" == git(root, "status", "--porcelain")


@pytest.mark.parametrize("agent", ["claude", "codex", "copilot", "gemini"])
async def test_the_built_in_templates(root: Path, agent: str) -> None:
    """Each takes any job of its agent, and holds secrets only as references."""
    made = await adapter(root).create_job("repo", {**JOB, "agent": agent, "model": "m-1"})
    assert made.record
    assert (agent, "m-1") == (made.record.raw["agent"], made.record.raw["model"])
    text = (root / FOLDER / made.id).read_text()
    assert "${{ secrets." in text
    assert "workflow_dispatch:" in text


@pytest.mark.parametrize("job_id", ["../x.yml", "/etc/passwd.yml", "a.txt", "none.yml", ""])
async def test_ids_lead_to_workflows_only(root: Path, job_id: str) -> None:
    """An id is the name of a file in the folder of workflows, and nothing else."""
    with pytest.raises(NotFoundError):
        await adapter(root).get_job("repo", job_id)


async def test_the_fence_is_asked_before_every_change(root: Path) -> None:
    """When nothing may be written any more, nothing is."""

    def closed() -> None:
        raise TransientError("the lock is lost", where="repo")

    before, github = files(root), adapter(root, fence=closed)
    changes: list[Callable[[], Any]] = [
        lambda: github.create_job("repo", JOB),
        lambda: github.update_job("repo", "triage.yaml", {"name": "A"}),
        lambda: github.delete_job("repo", "triage.yaml"),
    ]
    for change in changes:
        with pytest.raises(TransientError, match="lock is lost"):
            await change()
    assert before == files(root)


async def test_a_missing_folder(tmp_path: Path) -> None:
    """A source must have workflows; a target need not, and gets its folder with the first."""
    with pytest.raises(NotFoundError, match="no folder of workflows"):
        await listed(adapter(tmp_path))
    target = adapter(tmp_path, must_exist=False)
    assert {} == await listed(target)
    assert (await target.probe("repo", writing=True)).may_write
    await target.create_job("repo", JOB)
    assert ["weekly-note.yml"] == list(files(tmp_path))


async def test_what_doctor_and_a_run_say(root: Path) -> None:
    """Work of others that is not committed is named; ours is counted; nothing was pushed."""
    connection = Connection(provider="github", settings={"path": str(root)})
    provider = PROVIDERS["github"]
    said = []
    for name in (None, "Ours", "Theirs"):
        if name == "Ours":
            await adapter(root).update_job("repo", "triage.yaml", {"name": name})
        elif name:
            (root / FOLDER / "ci.yml").write_text("on: push\n")
        async with open_adapter(connection, agents=AGENTS) as github:
            said += [(found.status, found.found) for found in await provider.examine(connection, github)]
    assert [
        ("ok", "every workflow is committed"),
        ("ok", "1 of the files that migrator wrote or deleted are not committed yet"),
        ("advice", "changes by others that are not committed: .github/workflows/ci.yml"),
    ] == said
    assert "Nothing was committed or pushed" in provider.afterwards(connection)
