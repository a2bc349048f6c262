"""Scrip Automations, as https://docs.scrip.dev describes them.

Pages, by the names used below:
    overview, create, list, get, update, delete, trigger,
    cancel, refresh, subscriptions  docs.scrip.dev/api-reference/automations/...
    guide                           docs.scrip.dev/guides/automations
    authentication, introduction    docs.scrip.dev/authentication, docs.scrip.dev/api-reference/introduction

Guesses: create answers 201; unknown properties, and those that cannot change, are ignored; null changes nothing;
`payload` is replaced, not merged; an archived automation keeps its name (`Options.scrip_reserve_names`); `trigger_at`
must be in the future; a limit above 200 answers 400; the error codes `validation_error`, `not_found` and
`conflict`; delete answers the archived automation; changing or deleting an archived one answers 400, and so does
changing the status of a completed or failed one; the program of another organisation answers 403;
`participant_state` automations never fire here; a fan-out reaches ten
participants and is over at once.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

KEY: Final = "sk_sandbox"
FOREIGN_KEY: Final = "sk_foreign_sandbox"
"""A key of another organisation."""
PROGRAM: Final = "c1d8b2f0-3e54-4a7b-9c66-7f0a2e000001"


@frozen(kw_only=True, slots=False)
class ScripOptions:
    """What Scrip's documentation leaves open.

    Attributes:
        scrip_reserve_names: whether an archived automation keeps its name.
    """

    scrip_reserve_names: bool = True
