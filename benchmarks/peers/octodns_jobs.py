"""octoDNS as a mover of jobs: a provider that reads and writes jobs as TXT records, one request after another.

octoDNS calls a provider's `_apply` once with all changes, and its own providers (octodns-cloudflare, octodns-powerdns)
send them one by one; so does this one. Its session keeps the connection open, and its transport retries what a server
throttles, honouring Retry-After, as requests and urllib3 offer it. The job's prompt is the record's value.
"""

from __future__ import annotations

import logging

import requests
from octodns.provider.base import BaseProvider
from octodns.record import Record
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


class Jobs(BaseProvider):
    """The jobs of one platform as the TXT records of a zone."""

    SUPPORTS = frozenset({"TXT"})
    SUPPORTS_GEO = False

    def __init__(self, id, url, token, kind):  # noqa: A002, ANN001, ANN204 (octoDNS calls it so)
        self.log = logging.getLogger(f"Jobs[{id}]")
        super().__init__(id)
        self.url, self.kind = url, kind
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        retry = Retry(total=10, status_forcelist=[429], allowed_methods=None, respect_retry_after_header=True)
        self.session.mount("http://", HTTPAdapter(max_retries=retry))

    def _pages(self):  # noqa: ANN202
        key, name = ("cursor", "pageSize") if self.kind == "omni" else ("offset", "limit")
        at = None
        while True:
            page = self.session.get(self.url, params={name: 100} | ({} if at is None else {key: at})).json()
            yield from page["records"] if self.kind == "omni" else page["items"]
            if self.kind == "omni":
                at = page["pageInfo"]["nextCursor"]
            else:
                at = (at or 0) + len(page["items"]) if page["has_next_page"] else None
            if at is None:
                return

    def populate(self, zone, target=False, lenient=False):  # noqa: ANN001, ANN201, ARG002, D102, FBT002 (the same)
        found = False
        for job in self._pages():
            found = True
            data = {"type": "TXT", "ttl": 300, "value": job["prompt"].strip().replace(";", "\\;")}
            zone.add_record(Record.new(zone, job["name"].replace(" ", "-").lower(), data, source=self), lenient=True)
        return found

    def _apply(self, plan):  # noqa: ANN001, ANN202 (the same)
        for change in plan.changes:
            record = change.new
            body = {"name": record.name, "prompt": record.values[0], "frequency": "0 9 * * *"}
            self.session.post(self.url, json=body).raise_for_status()
