"""dlt as a mover of jobs: its own paginating, retrying requests client in a resource and in a custom destination.

dlt loads the files of a package side by side, so the jobs are spread over 20 files and loaded by 20 workers, which is
the fastest arrangement that was found; as it comes, it writes one file, and sends one request after another.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import dlt
from dlt.sources.helpers import requests

REACH = json.loads(sys.argv[1])


@dlt.resource(name="jobs", max_table_nesting=0)
def jobs():  # noqa: ANN201
    """The jobs of Omni."""
    cursor = None
    headers = {"Authorization": f"Bearer {REACH['omni']['token']}"}
    while True:
        params = {"pageSize": 100} | ({"cursor": cursor} if cursor else {})
        page = requests.get(f"{REACH['omni']['base_url']}/v1/ai/routines", params=params, headers=headers).json()
        yield [{"name": job["name"], "prompt": job["prompt"]} for job in page["records"]]
        cursor = page["pageInfo"]["nextCursor"]
        if not cursor:
            return


@dlt.destination(batch_size=1, loader_file_format="typed-jsonl", skip_dlt_columns_and_tables=True)
def devin(items, table):  # noqa: ANN001, ANN201, ARG001 (dlt calls it so)
    """One request for each job."""
    reach = REACH["devin"]
    url = f"{reach['base_url']}/v3/organizations/{reach['org_id']}/schedules"
    for item in items:
        body = {"name": item["name"], "prompt": item["prompt"], "frequency": "0 9 * * *"}
        requests.post(url, json=body, headers={"Authorization": f"Bearer {reach['token']}"}).raise_for_status()


if __name__ == "__main__":
    pipeline = dlt.pipeline("jobs", destination=devin, pipelines_dir=str(Path.cwd()))
    print(pipeline.run(jobs()))
