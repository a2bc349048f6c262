"""The published client of Devin's API, one call a line: run by the interpreter that has `devinai`, not by the tests'.

    python client.py URL TOKEN ORG

A line of standard input is `{"call": "create", "arguments": {...}}`; its line of output is `{"answer": {...}}`, or
`{"error": "NotFoundError", "text": "..."}`. Answers are validated strictly, and nothing is sent twice.
"""

from __future__ import annotations

import json
import sys

import devin_sdk

url, token, org = sys.argv[1:]
client = devin_sdk.DevinSDK(api_key=token, base_url=url, max_retries=0, _strict_response_validation=True)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = getattr(client.organizations.schedules, asked["call"])(org_id=org, **asked["arguments"])
        told = {"answer": answer.model_dump(mode="json")}
    except devin_sdk.DevinSDKError as error:
        told = {"error": type(error).__name__, "text": str(error)}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
