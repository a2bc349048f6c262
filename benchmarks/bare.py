"""The least that a client can do: the requests of a first move from Omni to Devin as bytes over bare sockets.

    python benchmarks/bare.py '{"reach": …, "jobs": 500, "connections": 16}'

It knows what to send beforehand, reads every answer and looks at none but for the next page: nothing is planned, noted,
proved or tried again. What it takes longer than the ideal, the simulator and the machine take.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote, urlsplit

PAGE = 100


class Socket:
    """One connection to a platform."""

    def __init__(self, reach: Mapping[str, str]) -> None:
        self.reach, self.url = reach, urlsplit(reach["base_url"])

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(self.url.hostname, self.url.port)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def send(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Send a request, and read the answer to its end."""
        lines = (
            f"{method} {self.url.path}{path} HTTP/1.1",
            f"Host: {self.url.netloc}",
            f"Authorization: Bearer {self.reach['token']}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        self.writer.write("\r\n".join((*lines, "", "")).encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert int(head.split()[1]) < HTTPStatus.BAD_REQUEST, head
        length = next(line for line in head.splitlines() if line.startswith("content-length:"))
        return await self.reader.readexactly(int(length.partition(":")[2]))


async def main(reach: Mapping[str, Mapping[str, str]], jobs: int, connections: int) -> None:
    """Read every page of the source, and then make that many jobs."""
    async with Socket(reach["omni"]) as source:
        query = f"pageSize={PAGE}"
        while query:
            info = json.loads(await source.send("GET", f"/v1/ai/routines?{query}"))["pageInfo"]
            query = f"pageSize={PAGE}&cursor={quote(info['nextCursor'])}" if info["hasNextPage"] else ""
    path = f"/v3/organizations/{reach['devin']['org_id']}/schedules"
    job: dict[str, Any] = {"name": "Report", "prompt": "Report. " * 40, "agent": "devin"}
    body = json.dumps(job | {"schedule_type": "recurring", "frequency": "0 9 * * 1"}).encode()
    left = iter(range(jobs))

    async def work() -> None:
        async with Socket(reach["devin"]) as target:
            for _number in left:
                await target.send("POST", path, body)

    await asyncio.gather(*(work() for _connection in range(connections)))


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
