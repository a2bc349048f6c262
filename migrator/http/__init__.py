"""HTTP policy, and the only place that knows it: pacing, retries, error bodies, redaction.

`client` holds the one class that adapters are given, `pacing` the turns that requests wait for, `answers` what an
answer means, `wire` what carries them, `clock` the world's time and chance. Only `client` and `wire` import httpx, so
import from the modules directly.
"""
