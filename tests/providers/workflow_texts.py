"""Workflow files to read and to change."""

from __future__ import annotations

from typing import Final

from migrator.agents.patterns import Agents
from migrator.mapping import load_mapping
from migrator.providers.registry import PROVIDERS

AGENTS: Final[Agents] = load_mapping("github", documented=PROVIDERS["github"].documented).rules.commands

TRIAGE: Final = """\
# Triage of new issues   (ask Ana)
name: 'Triage'   # every morning

on:
    # working days
    schedule:
    - cron:  '0 7 * * 1-5'   # seven

# at the owner's place
      timezone: "Europe/Berlin"
permissions: { issues: write }
jobs:
  triage:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      # the agent
      - name: Triage
        uses: anthropics/claude-code-action@v1
        with:
          anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}
          claude_args: >-
            --max-turns 10
            --model claude-opus-4-6
          prompt: |
            Look at the issues of the last day.

            Label each of them.
          # that is all
"""

ROUND: Final = """\
name: {name}
on:
  schedule:
    - cron: "0 9 * * 1"
jobs:
  agent:
    runs-on: ubuntu-latest
    steps:
      {step}
"""
"""One step that runs something; it stands in lines of its own."""

FLOW: Final = """\
{name: Flow, on: {schedule: [{cron: "0 9 * * 1"}]}, jobs: {a: {runs-on: x, steps: [
  {uses: openai/codex-action@v1, with: {openai-api-key: "${{ secrets.K }}", prompt: Say it.}}]}}}
"""


def step(*lines: str, name: str = "Job") -> str:
    """Return a workflow with one step of these lines."""
    return ROUND.format(name=name, step="\n        ".join((f"- {lines[0]}", *lines[1:])))


PROMPTED: Final = step("uses: anthropics/claude-code-action@v1", "with:", "  prompt: Say it.")
COMMANDED: Final = step('run: copilot -p "$PROMPT" --allow-all-tools', "env:", "  PROMPT: Say it.")
LAYOUTS: Final = {
    "commented": TRIAGE,
    "CR LF": TRIAGE.replace("\n", "\r\n"),
    "braces": FLOW,
    "one line": PROMPTED,
    "no last line end": PROMPTED.rstrip("\n"),
    "a variable": COMMANDED,
}
"""Files of every shape that hold a job."""


HOSTILE = [
    "on",
    "- a",
    "a: b # c",
    'it\'s "quoted" \\n',
    "`rm -rf /` $(id) $HOME",
    "a\nb\n",
    "\n\na",
    " a\n  b",
    "a\n\n\n",
    "a\r\nb",
    "a\n \nb",
    "tab\n\tb",
    "\x00\x07\x85\u2028",
    "\u202eright to left\u2066\nagain",
    "Übersicht — 日本語 🚀",
    "%TAG ! x\n--- !!python/object",
    "{{ x }} }} ${ {{ $",
    "${{ secrets.TOKEN }}\n${{",
    "${{ '${{' }}",
    "x" * 5_000,
    "| literal",
    "&a *a !b",
    "# --- end of the paused schedule ---",
]
