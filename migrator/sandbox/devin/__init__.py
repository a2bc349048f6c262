"""Devin Schedules, as https://docs.devin.ai/api-reference/v3/schedules and its OpenAPI file describe them.

Pages, by the names used below:
    create, list, get, update, delete   docs.devin.ai/api-reference/v3/schedules/...
    openapi                             CognitionAI/terraform-provider-devin, internal/api/openapi.json (June 2026)
    provider                            the vendor's client in that repository: internal/provider/schedule_resource.go
    self                                docs.devin.ai/api-reference/v3/self/self
    problem                             docs.devin.ai/sdk/api/DevinApi/interfaces/ProblemDetail

The pages differ from generation to generation; `Options.devin_shape` chooses: "v3beta" (no one-time schedules), "seed"
(the update page with Slack), "full" (openapi), "newest" (a later list page without agent and notify_on, and errors as
RFC 9457 problems).

Guesses: unknown properties are ignored; a bad cron text answers 400 (`Options.devin_bad_cron`); an unknown playbook or
user answers 400; another organisation answers 403; null for a field that cannot be empty changes nothing; of every
`interval_count` occurrences the first runs; lists are newest first; `end_cursor` is the next offset; `scheduled_at` is
answered in UTC; a service user with ViewOrgSchedules alone may read; a past one-time schedule that is enabled again
does not run.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

TOKEN: Final = "cog_sandbox"  # noqa: S105 (opens nothing but a simulator)
READONLY_TOKEN: Final = "cog_readonly_sandbox"  # noqa: S105 (the same)
UNPRIVILEGED_TOKEN: Final = "cog_unprivileged_sandbox"  # noqa: S105 (the same)
NO_IMPERSONATION_TOKEN: Final = "cog_noimpersonation_sandbox"  # noqa: S105 (the same)
TOKENS: Final = {
    TOKEN: frozenset({"ViewOrgSchedules", "ManageOrgSchedules", "ImpersonateOrgSessions"}),
    NO_IMPERSONATION_TOKEN: frozenset({"ViewOrgSchedules", "ManageOrgSchedules"}),
    READONLY_TOKEN: frozenset({"ViewOrgSchedules"}),
    UNPRIVILEGED_TOKEN: frozenset[str](),
}
"""The service users, by token, with their permissions."""
ORG: Final = "org-5a4d0c1b2e3f4a5b"
USER: Final = "user-00000000000000000000000000000a01"
"""A member whom schedules may run as."""
IDLE_USER: Final = "user-00000000000000000000000000000a02"
"""A member who does not hold UseDevinSessions."""
PLAYBOOK: Final = "playbook-00000000000000000000000000000b01"


@frozen(kw_only=True, slots=False)
class DevinOptions:
    """What Devin's documentation leaves open.

    Attributes:
        devin_shape: the generation of the documentation.
        devin_bad_cron: the status for a bad cron text.
    """

    devin_shape: Literal["newest", "full", "seed", "v3beta"] = "full"
    devin_bad_cron: Literal[400, 422] = 400
