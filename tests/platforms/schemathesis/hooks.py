"""What requests hold for formats of the documents that OpenAPI does not know: by format, in the variable FORMATS.

Loaded by Schemathesis in its own environment, where nothing of migrator can be imported.
"""

from __future__ import annotations

import json
import os

import schemathesis
from hypothesis import strategies as st

for name, values in json.loads(os.environ["FORMATS"]).items():
    schemathesis.openapi.format(name, st.sampled_from(values))
