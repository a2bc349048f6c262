"""The text of a crontab: any text survives, an edit touches one job, and a shell gets the prompt as it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from migrator.errors import NotFoundError, RejectedError
from migrator.providers.crontab.edits import added, changed, removed
from migrator.providers.crontab.records import found_jobs, record_of
from migrator.providers.crontab.text import spoken, written
from tests.providers.crontabs import DEBIAN, crontab_texts, names, prompts, record, terms, texts


def records(text: str, **changes: Any) -> dict[str, dict[str, Any]]:
    """Return the records of a crontab by id."""
    known = terms(**changes)
    return {job_id: record_of(job_id, block, known) for job_id, block in found_jobs(text, known).items()}


def by_name(text: str, **changes: Any) -> dict[str, dict[str, Any]]:
    """Return the records of a crontab by name."""
    return {raw["name"]: raw for raw in records(text, **changes).values()}


def line_of(text: str, job_id: str, **changes: Any) -> str:
    """Return the job line of a job."""
    return text.split("\n")[found_jobs(text, terms(**changes))[job_id].at]


def test_a_crontab_as_people_keep_it() -> None:
    """Runs of agents are read with their prompt, model and mail; a line that was commented out is a paused job."""
    found = by_name(DEBIAN)

    merges = found["Review yesterday's merges"]
    assert ("claude", "opus", "0 9 * * 1-5", True) == tuple(
        merges[k] for k in ("agent", "model", "schedule", "enabled")
    )
    assert "mailto" not in merges, "MAILTO stands below this line"
    weekly = found["Weekly report"]
    assert ("codex", "Summarise the week") == (weekly["agent"], weekly["prompt"])
    assert ["ops@example.com", "dev@example.com"] == weekly["mailto"]
    assert ["cd", ">>", "2>&", "--sandbox"] == weekly["extras"], "values, which may be secrets, are not told"
    assert not found["Paused by hand"]["enabled"]
    assert ("gemini", "gemini-pro", "@daily") == tuple(found["What is new?"][k] for k in ("agent", "model", "schedule"))
    assert "first line\n100% second" == found["first line"]["prompt"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("/usr/bin/backup", "it runs no agent that the mapping knows"),
        ('claude -p "$(cat p.md)"', "its prompt is computed by the shell"),
        ("claude -p *.md", "its prompt is computed by the shell"),
        ("claude -p `date`", "its prompt is computed by the shell"),
        ("claude 'review'", "without -p or --print it waits for somebody at a terminal"),
        ("claude -p", "it has no prompt"),
        ("claude -p ''", "its prompt is empty"),
        ("claude -p 'a' 'b'", "it has more than one prompt"),
        ("claude -p 'a'%b", "it has more than one prompt"),
        ("claude -p 'a' && codex exec 'b'", "it runs more than one agent"),
        ("echo a | claude -p", "it runs the agent on conditions, or on the output of another command"),
        ("false || claude -p 'a'", "it runs the agent on conditions, or on the output of another command"),
        ("if true; then claude -p 'a'; fi", "it runs no agent that the mapping knows"),
        ("(claude -p 'a')", "it runs the agent on conditions, or on the output of another command"),
        ("claude -p 'a' --unheard-of", "its option --unheard-of is not one that the mapping knows"),
        ("claude -p 'a' --model $M", "the value of its option --model is computed by the shell"),
        ("claude -p 'a' --model", "its option --model has no value"),
        ("claude -p 'a' --model x --model y", "it names more than one model"),
        ("claude -p 'a", "a quote is not closed"),
        ("claude -p <<E", "its standard input is computed by the shell"),
        ("codex 'a'", "codex runs on a prompt with exec or e only"),
        ("copilot 'a'", "it has an argument that the mapping does not know"),
        ("echo claude -p 'a'", "it runs no agent that the mapping knows"),
        (
            "claude -p < /etc/passwd",
            "its prompt is in the file /etc/passwd, outside of the folder that `prompts` names",
        ),
    ],
)
def test_a_line_that_is_left_alone(command: str, reason: str) -> None:
    """What is not one agent's run on one prompt that stands in the line is kept, with the reason."""
    (found,) = records(f"0 9 * * * {command}\n").values()

    assert ("command", reason) == (found["kind"], found["reason"])


@pytest.mark.parametrize(
    ("command", "agent", "prompt"),
    [
        ("claude -p a", "claude", "a"),
        ("nice -n 10 timeout 600 /opt/bin/claude --print=x", None, None),
        ("nice -n 10 timeout 600 /opt/bin/claude --print 'a b' --verbose", "claude", "a b"),
        ('FOO=bar env X=y claude -p "say \\"hi\\" for \\$5"', "claude", 'say "hi" for $5'),
        ("codex exec --json -%a%b", "codex", "a\nb"),
        ("codex e -m o3 -- 'a'", "codex", "a"),
        ("gemini --prompt='a b'", "gemini", "a b"),
        ("gemini 'a b' | tee /tmp/x", "gemini", "a b"),
        ("copilot -p it\\'s --allow-all-tools", "copilot", "it's"),
        ("claude -p 50\\%", "claude", "50%"),
        ("cd /srv; claude -p a || mail -s failed me", "claude", "a"),
    ],
)
def test_a_line_that_runs_an_agent(command: str, agent: str | None, prompt: str | None) -> None:
    """Wrappers, paths, variables, redirections and what follows do not hide the run."""
    (found,) = records(f"0 9 * * * {command}\n").values()

    assert (agent, prompt) == (found.get("agent"), prompt and found["prompt"])


def test_a_secret_in_a_line_is_not_told() -> None:
    """Neither the value of a variable nor that of an option, nor anything of a line that runs no agent."""
    text = "KEY=sk-1\n0 9 * * * TOKEN=sk-2 claude -p a --settings sk-3\n0 9 * * * mysql -psk-4\n"

    assert "sk-" not in str(records(text))
    assert ["KEY"] == records(text)[next(iter(records(text)))]["variables"]


@pytest.mark.parametrize("shell", ["fish", "/usr/bin/pwsh", "tcsh"])
def test_a_shell_that_reads_commands_in_another_way(shell: str) -> None:
    """A line below it is left alone; a new job sets a shell of its own."""
    text = f"SHELL={shell}\n0 9 * * * claude -p a\n"
    (found,) = records(text).values()
    assert "command" == found["kind"]

    assert "SHELL=/bin/sh" in added(text, "new", record(), terms()).text


@given(crontab_texts, prompts, names, texts)
def test_adding_and_removing_a_job(text: str, prompt: str, name: str, description: str) -> None:
    """A new job reads back as it was wanted; without it the crontab is what it was, with a last line end."""
    body = record(prompt=prompt, name=name, description=description or None, tag="migrator:x")

    edited = added(text, "new", body, terms(prompts="/p"))

    known = {"prompts": "/p", "prompt_of": edited.files.get}
    assert edited.text.startswith(text)
    found = records(edited.text, **known)["new"]
    assert {key: value for key, value in body.items() if value is not None}.items() <= found.items()
    before, after = records(text, **known), records(edited.text, **known)
    assert before == {job_id: raw for job_id, raw in after.items() if job_id != "new"}
    assert (text if text.endswith("\n") or not text else f"{text}\n") == removed(edited.text, "new", terms(**known))


@given(crontab_texts, crontab_texts, prompts)
def test_an_edit_touches_one_job(above: str, below: str, prompt: str) -> None:
    """A job in the middle is paused, changed and removed; every line above and below is the same to the byte."""
    above = above if above.endswith("\n") or not above else f"{above}\n"
    known = terms(prompts="/p")
    start = added(above, "new", record(), known).text
    text = start + below
    others = {job_id: raw for job_id, raw in records(text).items() if job_id != "new"}

    for payload in (
        {"enabled": False},
        {"prompt": prompt},
        {"schedule": "5 4 * * *"},
        {"enabled": True},
        {"name": "B"},
    ):
        edited = changed(text, "new", payload, terms(prompts="/p", prompt_of=lambda _path: prompt))
        assert (edited.text.startswith(above), edited.text.endswith(below)) == (True, True)
        known = terms(prompts="/p", prompt_of=lambda path, files=edited.files: files.get(path, prompt))
        text = edited.text
    final = removed(text, "new", known)

    assert (final.startswith(above), final.endswith(below)) == (True, True)
    left = final[len(above) : len(final) - len(below)]
    assert {"", 'MAILTO=""', "SHELL=/bin/sh"} >= set(left.split("\n")), "only what lines below depend on stays"
    found = records(final)
    assert {key: found[key] for key in others if key in found} == {key: others[key] for key in others if key in found}


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_shell_gets_the_prompt_as_it_is(shell: str, tmp_path: Path) -> None:
    """The command of a new line, run by a real shell, gives the agent the prompt and nothing else happens."""
    if not Path(shell).exists():
        pytest.skip(f"{shell} is not installed")
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nfor one; do printf '%s\\0' \"$one\"; done > {tmp_path}/args\ncat > {tmp_path}/stdin\n"
    )
    program.chmod(0o755)
    environ = {"PATH": f"{program.parent}:{os.environ['PATH']}"}

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(prompts)
    def law(prompt: str) -> None:
        edited = added("", "new", record(prompt=prompt, model="opus"), terms(prompts=str(tmp_path)))
        for path, content in edited.files.items():
            Path(path).write_bytes(content.encode())
        command, stdin = spoken(line_of(edited.text, "new").split(" ", 5)[5])
        subprocess.run([shell, "-c", command], env=environ, input=(stdin or "").encode(), check=True, cwd=tmp_path)
        said = (tmp_path / "args").read_bytes().decode().split("\0")
        got = (tmp_path / "stdin").read_bytes().decode()
        assert (prompt, ["-p", "--model", "opus", ""]) == (got or said.pop(1), said)

    law()


@given(texts, prompts)
def test_percent_signs(command: str, stdin: str) -> None:
    r"""What a line can hold is read back as it was; what it cannot (a backslash before a new line) is not written."""
    for given_stdin in (None, stdin):
        text = written(command, given_stdin)
        if text is not None:
            assert (command, given_stdin) == spoken(text)
        else:
            assert "\n" in command or "\\" in command + stdin


def test_where_a_prompt_goes() -> None:
    """One line is an argument; several are the standard input; what fits into no line goes into a file, if one may."""
    long = "x" * 990
    assert "0 9 * * 1 claude -p 'Say hi.'" in added("", "new", record(), terms()).text
    assert "0 9 * * 1 claude -p%one%two" in added("", "new", record(prompt="one\ntwo"), terms()).text
    assert "0 9 * * 1 codex exec -%- list" in added("", "new", record(prompt="- list", agent="codex"), terms()).text
    with pytest.raises(RejectedError, match="set prompts to a folder for prompt files"):
        added("", "new", record(prompt=long), terms())
    with pytest.raises(RejectedError, match="no line can hold its prompt"):
        added("", "new", record(prompt="a\\\nb"), terms())

    edited = added("", "new", record(prompt=long), terms(prompts="/srv/my prompts"))

    ((path, content),) = edited.files.items()
    assert long == content
    assert f"0 9 * * 1 claude -p < '{path}'" in edited.text
    assert not added("", "new", record(prompt=long), terms(daemon="cronie")).files


def test_the_longest_line() -> None:
    """Debian's cron reads 998 bytes of a command, and not one more."""
    room = 998 - len("claude -p ''")
    assert added("", "new", record(prompt="x" * room), terms()).text
    assert "claude -p%" in added("", "new", record(prompt="x" * (room + 1)), terms()).text
    with pytest.raises(RejectedError, match="its line takes 999 bytes, and debian cron reads 998"):
        added("", "new", record(prompt="x" * (room + 1) + "\u00fc"), terms())


def test_an_edit_keeps_what_else_a_line_does() -> None:
    """Folders, options and redirections that somebody added stay when the prompt or the model changes."""
    text = "# Note\n0 9 * * 1 cd /srv && claude -p 'old' --model opus --verbose >> log 2>&1 # why\n"
    (job_id,) = records(text)

    edited = changed(text, job_id, {"prompt": "it's new", "model": "haiku"}, terms()).text
    cleared = changed(edited, job_id, {"prompt": "a\nb", "model": None}, terms()).text

    assert "0 9 * * 1 cd /srv && claude -p 'it'\"'\"'s new' --model haiku --verbose >> log 2>&1 # why" == line_of(
        edited, job_id
    )
    assert "0 9 * * 1 cd /srv && claude -p --verbose >> log 2>&1 # why%a%b" == line_of(cleared, job_id)


def test_another_agent_takes_a_plain_line_over() -> None:
    """A line that only runs the agent is written again; one that does more is not."""
    plain = added("", "new", record(), terms()).text
    assert "codex exec 'Say hi.'" in changed(plain, "new", {"agent": "codex"}, terms()).text

    more = plain.replace("claude", "cd /srv && claude")
    with pytest.raises(RejectedError, match="another agent would lose what else the line does: cd"):
        changed(more, "new", {"agent": "codex"}, terms())
    with pytest.raises(RejectedError, match="'devin' is none of the agents claude, codex, gemini, copilot"):
        added("", "new", record(agent="devin"), terms())
    with pytest.raises(RejectedError, match="codex has no option for a thread"):
        added("", "new", record(agent="codex", thread="t-1"), terms())


def test_ids() -> None:
    """A job is known by its note, its name or its command: another schedule or a pause does not make it another job."""
    text = "# Note\n0 9 * * 1 claude -p a\n0 9 * * 1 claude -p b\n0 9 * * 1 claude -p b\n"
    ids = list(records(text))
    assert ids[2] == f"{ids[1]}-2"

    paused = changed(text, ids[0], {"enabled": False, "schedule": "0 8 * * 1"}, terms()).text
    assert "# Note\n# 0 8 * * 1 claude -p a\n" == paused[: len("# Note\n# 0 8 * * 1 claude -p a\n")]
    assert ids == list(records(paused))
    for payload in ({"name": "Other"}, {"prompt": "c"}, {"tag": "migrator:x"}):
        for job_id in ids[:2]:
            assert ids == list(records(changed(text, job_id, payload, terms()).text)), payload
    with pytest.raises(NotFoundError):
        changed(text, "unheard-of", {"name": "x"}, terms())
    with pytest.raises(RejectedError, match="already holds a job with this id"):
        added(text, ids[0], record(), terms())


def test_mail() -> None:
    """MAILTO goes before the job that wants it, and no other job gets another one."""
    text = added("0 1 * * * true\n", "a", record(mailto=["x@example.com"]), terms()).text
    text = added(text, "b", record(mailto=["x@example.com"]), terms()).text
    text = added(text, "c", record(), terms()).text
    mailed = [raw.get("mailto") for raw in records(text).values()]
    assert [None, ["x@example.com"], ["x@example.com"], None] == mailed
    assert (2, 1) == (text.count("MAILTO=x@example.com\n"), text.count('MAILTO=""\n'))

    without = removed(text, "a", terms())
    assert mailed[:1] + mailed[2:] == [raw.get("mailto") for raw in records(without).values()]
    moved = changed(text, "a", {"mailto": ["y@example.com"]}, terms()).text
    found = records(moved)
    assert [None, ["x@example.com"], None, ["y@example.com"]] == [raw.get("mailto") for raw in found.values()]
    assert next(iter(records(text))) == next(iter(found))
    assert "MAILTO" not in removed(removed(removed(text, "c", terms()), "b", terms()), "a", terms())


def test_zones() -> None:
    """CRON_TZ is a zone to cronie on a machine in UTC, refused where its clock changes, and nothing to Debian."""
    text = "CRON_TZ=Asia/Tokyo\n0 9 * * 1 claude -p a\n"
    cronie = {"daemon": "cronie", "timezone": "UTC"}
    (debian,) = records(text).values()
    (tokyo,) = records(text, **cronie).values()
    (clashing,) = records(text, daemon="cronie").values()
    assert ("Europe/Berlin", "Asia/Tokyo", "zone") == (debian["timezone"], tokyo["timezone"], clashing["kind"])

    more = added(text, "new", record(timezone="America/New_York"), terms(**cronie)).text
    assert "America/New_York" == records(more, **cronie)["new"]["timezone"]
    assert (
        "UTC" == records(added(more, "utc", record(timezone="UTC"), terms(**cronie)).text, **cronie)["utc"]["timezone"]
    )
    with pytest.raises(RejectedError, match="says its timezone as it is"):
        added("", "new", record(timezone="Asia/Tokyo"), terms())


def test_a_system_crontab() -> None:
    """Lines of other users are none of ours; a new line names the user."""
    text = "SHELL=/bin/sh\n17 * * * * root cd / && run-parts /etc/cron.hourly\n0 9 * * 1 alice claude -p a\n"
    (found,) = records(text, user="alice").values()
    assert ("a", "alice") == (found["prompt"], found["user"])

    edited = added(text, "new", record(), terms(user="alice")).text
    assert edited.endswith("0 9 * * 1 alice claude -p 'Say hi.'\n")
    assert (
        "# 0 9 * * 1 alice claude -p 'Say hi.'" in changed(edited, "new", {"enabled": False}, terms(user="alice")).text
    )


def test_bytes_that_are_no_text() -> None:
    """A crontab in another encoding keeps its bytes; its records show which of them cannot be stored."""
    text = b"# caf\xe9\n0 9 * * 1 claude -p a\n".decode("utf-8", "surrogateescape")

    edited = added(text, "new", record(), terms()).text

    assert edited.encode("utf-8", "surrogateescape").startswith(b"# caf\xe9\n")
