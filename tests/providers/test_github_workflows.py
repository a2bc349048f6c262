"""Workflow files: what job they hold, and how it is changed without changing anything else."""

from __future__ import annotations

import difflib
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from migrator.mapping import load_mapping
from migrator.providers.github.changing import WorkflowError, change_workflow
from migrator.providers.github.pausing import pause, resume
from migrator.providers.github.reading import Workflow, read_workflow
from migrator.providers.github.yamltext import YamlError, parse_yaml, scalar
from tests.providers.workflow_texts import AGENTS, COMMANDED, FLOW, HOSTILE, LAYOUTS, PROMPTED, TRIAGE, step

ESCAPED = "${{ '${{' }}"


def read(text: str) -> Workflow:
    found = read_workflow("w.yml", text, AGENTS)
    assert found
    return found


def changed(text: str, **payload: Any) -> str:
    return change_workflow(read(text), payload, AGENTS)


def said(text: str) -> Any:
    """What a text says to another reader of YAML."""
    return yaml.load(text, yaml.BaseLoader)  # noqa: S506 (it builds texts only)


def opcodes(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()


def edited_lines(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def test_a_workflow_is_read_as_a_job() -> None:
    """Name, schedule, zone, agent, model and prompt are those of the file; the rest is named, without its values."""
    assert {
        "id": "w.yml",
        "name": "Triage",
        "enabled": True,
        "schedule": {"cron": "0 7 * * 1-5", "timezone": "Europe/Berlin"},
        "agent": "claude",
        "prompt": "Look at the issues of the last day.\n\nLabel each of them.\n",
        "model": "claude-opus-4-6",
        "around": [
            "permissions",
            "runs-on",
            "step actions/checkout@v5",
            "with.anthropic_api_key",
            "with.claude_args",
        ],
    } == read(TRIAGE).raw


@pytest.mark.parametrize(
    ("lines", "agent", "model"),
    [
        (("uses: Anthropics/Claude-Code-Action@abc123", "with:", "  prompt: Say it."), "claude", None),
        (
            ("uses: anthropics/claude-code-action@beta", "with:", "  direct_prompt: Say it.", "  model: opus"),
            "claude",
            "opus",
        ),
        (("uses: openai/codex-action@v1", "with: { prompt: Say it., model: gpt-5.2 }"), "codex", "gpt-5.2"),
        (
            ("uses: google-github-actions/run-gemini-cli@v0", "with:", "  prompt: Say it.", "  gemini_model: pro"),
            "gemini",
            "pro",
        ),
        (("run: claude -p 'Say it.' --model opus --max-turns 3",), "claude", "opus"),
        (("run: |", "  cd docs", "  codex exec --full-auto 'Say it.'"), "codex", None),
        (('run: gemini -p "${PROMPT}"', "env: { PROMPT: Say it. }"), "gemini", None),
        (
            ('run: copilot -p "$PROMPT" --model "$MODEL"', "env: { PROMPT: Say it., MODEL: gpt-5 }"),
            "copilot",
            "gpt-5",
        ),
    ],
)
def test_agents_are_recognised(lines: tuple[str, ...], agent: str, model: str | None) -> None:
    """The patterns of the mapping know the agents' actions and programs."""
    raw = read(step(*lines)).raw
    assert (agent, "Say it.", model) == (raw["agent"], raw["prompt"], raw.get("model")), raw


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROMPTED.replace("  schedule:", "  push:\n  schedule:"), "it also runs on push"),
        (PROMPTED.replace("    - cron", '    - cron: "1 1 * * *"\n    - cron'), "it has 2 schedules"),
        (PROMPTED.replace("    runs-on", "    strategy: { matrix: { a: [1, 2] } }\n    runs-on"), "entry of a matrix"),
        (PROMPTED.replace("    runs-on", "    if: github.ref == 'x'\n    runs-on"), "runs only if github.ref == 'x'"),
        (PROMPTED.replace("  prompt:", "  prompt: a\n        if: always()\n        x:"), "runs only if always()"),
        (PROMPTED + "      - uses: openai/codex-action@v1\n        with: { prompt: b }\n", "2 steps that run an agent"),
        (PROMPTED + "  other:\n    runs-on: x\n    steps: [{ run: make }]\n", "2 jobs, 1 step that runs an agent"),
        (PROMPTED.replace("Say it.", "See ${{ github.sha }}."), "GitHub fills in a part of its prompt"),
        (step("run: make nightly"), "none of its steps runs a known agent"),
        (step("uses: openai/codex-action@v1", "with: { prompt-file: a.md }"), "not given its prompt in this file"),
        (step("run: claude -p < prompt.md"), "its prompt stands in a file"),
        (step("run: claude -p --resume abc 'Go on.'"), "it continues a conversation"),
        (step('run: claude -p "See $(git log)"'), "computed by the shell"),
        (step('run: claude -p "$PROMPT"'), "computed by the shell"),
        (step("run: git log | claude -p 'Sum up.'"), "on the output of another command"),
        (step("run: |", "  claude -p 'One.'", "  codex exec 'Two.'"), "more than one agent"),
        ("on:\n  schedule:\n    - cron: '0 9 * * *\njobs: {}\n", "its file cannot be read: line"),
        ("on: { schedule: [{ cron: '0 9 * * *' }] }\nname: a\nname: b\n", "the key 'name' stands twice"),
        ("# managed by migrator: migrator:omni:1a2b3c4d:x:1/1\non: push\n", "it has no schedule"),
    ],
)
def test_what_holds_no_job_says_why(text: str, reason: str) -> None:
    """Anything else that is scheduled, or ours, is listed with its reason, and cannot be changed."""
    found = read(text)
    assert found.raw["unsupported"] is True
    assert reason in found.raw["reason"], found.raw["reason"]
    assert found.raw["prompt"]
    with pytest.raises(WorkflowError, match="holds no job"):
        change_workflow(found, {"prompt": "x"}, AGENTS)


@pytest.mark.parametrize("text", ["on: push\n", "name: [", "", "just text", "- a\n", "on: { push: }\njobs: {}\n"])
def test_what_is_not_scheduled_is_no_job(text: str) -> None:
    """Workflows without a schedule, and files that are none, are left out."""
    assert read_workflow("w.yml", text, AGENTS) is None


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("prompt", HOSTILE)
def test_hostile_prompts_come_back(layout: str, prompt: str) -> None:
    """A prompt is read as it was written, by us and by another reader of YAML, and holds no expression."""
    text = changed(LAYOUTS[layout], prompt=prompt)
    assert prompt == read(text).raw["prompt"]
    ours = prompt.replace("${{", ESCAPED)
    assert ours in _texts(said(text))
    assert not re.search(r"\$\{\{(?! secrets\.[A-Z_]+ \}\})", text.replace(ESCAPED, ""))


def _texts(data: Any) -> list[str]:
    if isinstance(data, dict | list):
        return [text for item in (data.values() if isinstance(data, dict) else data) for text in _texts(item)]
    return [data]


@given(prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), layout=st.sampled_from(sorted(LAYOUTS)))
def test_any_text_comes_back(prompt: str, layout: str) -> None:
    """The same holds for any text, and a name that holds no expression."""
    name = prompt.replace("${{", "") or "x"
    text = changed(LAYOUTS[layout], prompt=prompt, name=name, schedule={"cron": "1 1 * * *"})
    raw = read(text).raw
    assert (prompt, "1 1 * * *") == (raw["prompt"], raw["schedule"]["cron"])


@given(value=st.text(st.characters(exclude_categories=["Cs"])), indent=st.sampled_from([None, 4]))
def test_any_scalar_comes_back(value: str, indent: int | None) -> None:
    """A text as YAML writes it is that text, where it must stand in one line and where it need not."""
    document = parse_yaml(f"a:\n  b: {scalar(value, indent=indent)}\n  c: 1\n")
    assert {"a": {"b": value, "c": "1"}} == document.data


def test_half_a_surrogate_pair_is_refused() -> None:
    """No file of UTF-8 holds it."""
    with pytest.raises(WorkflowError, match="half of a surrogate pair"):
        changed(PROMPTED, prompt="\ud83d")


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "braces"])
def test_pausing_is_undone_to_the_byte(layout: str) -> None:
    """The lines of the schedule become comments, another trigger stands in, and resuming gives back the file."""
    text = LAYOUTS[layout]
    paused = changed(text, enabled=False)
    assert {**read(text).raw, "enabled": False} == read(paused).raw
    assert {"workflow_dispatch": ""} == said(paused)["on"]
    assert text == changed(paused, enabled=True)
    assert text == resume(pause(parse_yaml(text)))


def test_only_the_schedule_is_paused() -> None:
    """Where the button is a trigger already, with its inputs, it stays as it is."""
    text = PROMPTED.replace("jobs:", "  workflow_dispatch: { inputs: { x: { type: string } } }\njobs:", 1)
    paused = changed(text, enabled=False)
    assert {"workflow_dispatch": {"inputs": {"x": {"type": "string"}}}} == yaml.safe_load(paused)[True]
    assert text == changed(paused, enabled=True)


def test_a_paused_workflow_changes_like_another() -> None:
    """Its schedule changes within the comments."""
    paused = changed(TRIAGE, enabled=False)
    moved = changed(paused, schedule={"cron": "5 8 * * *", "timezone": "UTC"})
    assert changed(changed(TRIAGE, schedule={"cron": "5 8 * * *", "timezone": "UTC"}), enabled=False) == moved
    assert not read(moved).raw["enabled"]


def test_resuming_by_hand() -> None:
    """Who uncomments the lines, whether or not the two around them stay, has resumed the workflow."""
    paused = changed(PROMPTED, enabled=False)
    lines = paused.splitlines(keepends=True)
    by_hand = "".join(line if "---" in line else line.replace("  # ", "  ") for line in lines)
    assert read(by_hand).raw["enabled"]
    assert "0 8 * * *" in changed(by_hand, schedule={"cron": "0 8 * * *"})
    with pytest.raises(WorkflowError, match="earlier pause"):
        changed(by_hand, enabled=False)


def test_a_pause_without_its_end_is_told() -> None:
    """Half of the comment is not guessed at: the file is listed, and not changed."""
    paused = changed(PROMPTED, enabled=False)
    assert "has no end" in read(paused.replace("# --- end of the paused schedule ---", "")).raw["reason"]


def test_braces_cannot_be_paused() -> None:
    """A schedule that shares its line with something else is not commented out."""
    with pytest.raises(YamlError, match="in lines of its own"):
        pause(parse_yaml(FLOW))
    with pytest.raises(WorkflowError, match="in lines of its own"):
        changed(FLOW, enabled=False)


def test_a_change_shows_in_its_lines_only() -> None:
    """Comments, quotes, blanks and order of a foreign file stay to the byte."""
    text = changed(TRIAGE, name="Triage 2", schedule={"timezone": "UTC"}, prompt="Once.\nTwice.")
    before, after = TRIAGE.splitlines(), text.splitlines()
    changes = [(before[a:b], after[c:d]) for op, a, b, c, d in opcodes(before, after) if op != "equal"]
    assert [
        (["name: 'Triage'   # every morning"], ["name: Triage 2   # every morning"]),
        (['      timezone: "Europe/Berlin"'], ["      timezone: UTC"]),
        (before[24:28], ["          prompt: |-", "            Once.", "            Twice."]),
    ] == changes
    assert changed(TRIAGE.replace("\n", "\r\n"), name="Triage 2") == changed(TRIAGE, name="Triage 2").replace(
        "\n", "\r\n"
    )


@pytest.mark.parametrize(
    ("text", "model", "line"),
    [
        (TRIAGE, "sonnet", '          claude_args: "--max-turns 10 --model sonnet"'),
        (TRIAGE, None, '          claude_args: "--max-turns 10"'),
        (PROMPTED, "opus", '          claude_args: "--model opus"'),
        (FLOW, "gpt-5.2", "prompt: Say it., model"),
        (COMMANDED, "gpt-5", "--model gpt-5"),
    ],
)
def test_the_language_model_changes_in_place(text: str, model: str | None, line: str) -> None:
    """As an option among others, an input, or a word of the command; and what named none again names none."""
    named = changed(text, model=model)
    assert model == read(named).raw.get("model")
    assert line in named or "model: " in named
    gone = changed(named, model=None)
    assert "model" not in read(gone).raw
    if "model" not in read(text).raw:
        assert read(text).raw["around"] == read(gone).raw["around"]


def test_the_ownership_tag_is_a_comment() -> None:
    """It stands in the first line, is replaced and removed, and survives other comments around it."""
    tagged = changed(TRIAGE, mark="migrator:omni:1a2b3c4d:x:1/1")
    assert ["+ # managed by migrator: migrator:omni:1a2b3c4d:x:1/1"] == edited_lines(TRIAGE, tagged)
    moved = f"# licence\n\n{tagged}"
    assert "migrator:omni:1a2b3c4d:x:1/1" == read(moved).raw["mark"]
    assert changed(moved, mark="migrator:omni:1a2b3c4d:y:1/2").startswith("# licence\n\n# managed by migrator: mig")
    assert TRIAGE == changed(tagged, mark=None)
    assert "mark" not in read(TRIAGE.replace("Label each", "# managed by migrator: migrator:omni:1:x:1/1")).raw


@pytest.mark.parametrize(
    ("text", "payload", "why"),
    [
        (PROMPTED, {"name": "of ${{ x }}"}, "the name of a workflow cannot hold"),
        (PROMPTED, {"prompt": "${{" + "y" * 21_000}, "of at most 21,000 characters"),
        (PROMPTED, {"model": "a b; rm"}, "no name of a language model"),
        (PROMPTED, {"agent": "codex"}, "runs claude, and the job asks for codex"),
        (step("run: claude -p 'Say it.'"), {"prompt": "Say more."}, "stands in a shell command"),
        (step("run: claude -p 'Say it.'"), {"model": "opus"}, "no input that names the language model"),
        (PROMPTED.replace("Say it.", "&a Say it.\n        env: { X: *a }"), {"prompt": "b"}, "edited in place"),
    ],
)
def test_what_a_file_cannot_say_is_refused(text: str, payload: dict[str, Any], why: str) -> None:
    """And says why."""
    with pytest.raises(WorkflowError, match=re.escape(why)):
        changed(text, **payload)


def test_a_few_lines_that_mean_millions() -> None:
    """Aliases of aliases are refused before they are written out."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    found = read(f"{bomb}on: {{ schedule: [{{ cron: '0 9 * * *' }}] }}\n")
    assert "more than 20,000 values" in found.raw["reason"]


def test_agents_are_those_of_a_crontab() -> None:
    """A program that runs an agent is the same in a workflow and in a crontab."""
    assert load_mapping("crontab").rules.agents == load_mapping("github").rules.agents
