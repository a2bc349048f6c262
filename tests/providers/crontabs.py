"""What tests of crontabs share: terms, texts of real crontabs, and strategies."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from migrator.agents.patterns import Agents
from migrator.mapping import load_mapping
from migrator.providers.crontab.adapter import Crontab
from migrator.providers.crontab.terms import Terms

AGENTS: Final[Agents] = load_mapping("crontab", documented=Crontab.documented).rules.commands

DEBIAN: Final = """\
# Edit this file to introduce tasks to be run by cron.
#
# For example, you can run a backup of all your user accounts
# at 5 a.m every week with:
# 0 5 * * 1 tar -zcf /var/backups/home.tgz /home/
#
# m h  dom mon dow   command
0 9 * * 1-5 claude -p "Review yesterday's merges" --model opus
MAILTO=ops@example.com,dev@example.com
PATH="/usr/local/bin:/usr/bin"
# Weekly report
30 8 * * MON cd /srv/repo && /usr/local/bin/codex exec --sandbox read-only 'Summarise the week' >> agent.log 2>&1
#15 7 * * * claude -p 'Paused by hand'
#10 4 * * * /usr/bin/backup --all

@daily gemini -p 'What is new?' -m gemini-pro
@reboot claude -p 'Say hello'
0 3 * * * mysqldump -psecret all | gzip > /backup/all.gz
*/5 * * * * claude -p%first line%100\\% second
0 6 * * * claude -p "$(cat /srv/prompt.md)"
0 7 * * * echo x | claude -p 'piped'
"""
"""A crontab as people keep it, begun from Debian's template."""


def terms(**changes: Any) -> Terms:
    """Return the terms of a Debian crontab in Berlin."""
    return Terms(**{"where": "crontab", "daemon": "debian", "timezone": "Europe/Berlin", "agents": AGENTS, **changes})


def record(**changes: Any) -> dict[str, Any]:
    """Return the body of a create request."""
    return {"name": "Note", "enabled": True, "schedule": "0 9 * * 1", "prompt": "Say hi.", "agent": "claude"} | changes


texts = st.text(
    st.sampled_from("ab z-'\"%\\$`!#&|;<>(){}*?[]~=\t\r\u00fc\u65e5\u2028\x0b/0123")
    | st.characters(exclude_categories=["Cs"]),
    max_size=60,
).map(lambda text: text.replace("\0", ""))
prompts = st.builds("\n".join, st.lists(texts, min_size=1, max_size=3)).filter(bool)
names = texts.map(str.strip).filter(bool)

_LINES: Final = (
    "",
    "# a comment",
    "#",
    "MAILTO=root",
    'MAILTO=""',
    "SHELL=/bin/bash",
    "SHELL=/usr/bin/fish",
    "CRON_TZ=Asia/Tokyo",
    "FOO = 'bar baz' ",
    "0 9 * * * claude -p 'one'",
    "0 9 * * * claude -p 'one'",
    "#0 9 * * * claude -p 'off'",
    "# 0 9 * * * backup",
    "@daily codex exec -%two%three",
    "  5 4 * * sun  /usr/bin/true",
    "garbage",
    '# migrator: {"id": "abc"}',
    '# migrator: {"id": "abc", "tag": "x"}',
    "# migrator: {",
)
crontab_lines = st.lists(st.sampled_from(_LINES) | texts.filter(lambda text: "\n" not in text), max_size=12)
crontab_texts = st.builds(lambda lines, end: "\n".join(lines) + end, crontab_lines, st.sampled_from(["", "\n"]))
