"""The part of dbt Cloud's jobs API that dbt-jobs-as-code uses, as its client reads it: list, create, update.

It stands in the server of the other simulators, behind the same delay and with a limit of its own.
"""

from __future__ import annotations

import itertools
import re
import time
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field
from starlette.requests import Request
from starlette.responses import JSONResponse

from migrator.sandbox.limits import RequestLimit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PAGE: Final = 100
_JOB: Final = re.compile(r"/dbt/api/v2/accounts/1/jobs/(\d+/)?")


@define
class DbtCloud:
    """An account with jobs.

    Attributes:
        limit: how many requests it takes, None for any number.
        jobs: by id.
    """

    limit: RequestLimit | None = None
    jobs: dict[int, dict[str, Any]] = field(factory=dict)
    _ids: itertools.count[int] = field(factory=lambda: itertools.count(1))

    def beside(self, app: ASGIApp) -> ASGIApp:
        """An application that answers below /dbt, and leaves the rest to another one."""

        async def both(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"].startswith("/dbt/"):
                response = await self._answer(Request(scope, receive))
                await response(scope, receive, send)
            else:
                await app(scope, receive, send)

        return both

    async def _answer(self, request: Request) -> JSONResponse:
        if self.limit and (wait := self.limit.admit("account", time.monotonic())):
            return JSONResponse({"status": {"code": 429}}, 429, {"Retry-After": str(int(wait) + 1)})
        match = _JOB.fullmatch(request.url.path)
        if match is None:  # a job's environment variables: it has none
            return JSONResponse({"data": {}})
        if request.method == "GET":
            return JSONResponse(self._page(int(request.query_params.get("offset", 0))))
        number = int(match[1].rstrip("/")) if match[1] else next(self._ids)
        self.jobs[number] = {**await request.json(), "id": number}
        return JSONResponse({"data": self.jobs[number]})

    def _page(self, offset: int) -> dict[str, Any]:
        filters = {"limit": PAGE, "offset": offset}
        page = list(self.jobs.values())[offset : offset + PAGE]
        return {"data": page, "extra": {"filters": filters, "pagination": {"total_count": len(self.jobs)}}}
