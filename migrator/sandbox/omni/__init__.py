"""Omni AI Routines, as https://docs.omni.co/api/ai-routines and Omni's published OpenAPI file describe them.

Pages, by the names used below:
    create, get, update, delete, list, run    docs.omni.co/api/ai-routines/...
    openapi                                   exploreomni/omni-python-sdk, spec/openapi.json (exported by Omni's server)
    guide                                     docs.omni.co/ai/routines
    rate limits, authentication               docs.omni.co/api/rate-limits, docs.omni.co/api/authentication
    aws                                       AWS, "Cron expressions reference"

The update page (PUT) and the OpenAPI file (PATCH) contradict each other; `Options.omni_update` chooses.

Guesses: an organisation key without `userId` acts for its creator; addresses outside the organisation are accepted; any
topic exists; every group has four members; PUT ignores the fields that it does not document; a null `modelId` in PUT
changes nothing; a run takes a minute; `sortField` is ignored; making a paused routine active again is not held against
the quota.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

ORGANISATION_KEY: Final = "omni_org_sandbox"
PERSONAL_TOKEN: Final = "omni_pat_sandbox"  # noqa: S105 (opens nothing but a simulator)
KEY_WITHOUT_AI: Final = "omni_noai_sandbox"
OWNER: Final = "0b7e4c5a-1f7d-4c38-9d52-5a1c6d0e0001"
"""The membership that made the keys."""
COLLEAGUE: Final = "0b7e4c5a-1f7d-4c38-9d52-5a1c6d0e0002"
"""Another member."""
MODEL: Final = "5d3a9f60-7c21-4e0b-8f6e-2b1d4c000001"
BRANCH: Final = "5d3a9f60-7c21-4e0b-8f6e-2b1d4c0000b1"
GROUP: Final = "7a61c2d4-90ab-4f3e-a1b5-3c9e8d000001"
DOCUMENTED_QUOTA: Final = 100
"""Active routines of one member (create)."""


@frozen(kw_only=True, slots=False)
class OmniOptions:
    """What Omni's documentation leaves open.

    Attributes:
        omni_update: which of the two published contracts the update endpoint follows.
        omni_quota: active routines an owner may have.
    """

    omni_update: Literal["patch", "put"] = "patch"
    omni_quota: int = DOCUMENTED_QUOTA
