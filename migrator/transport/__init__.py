"""HTTP policy, and the only place that knows it: pacing, retries, error bodies, redaction.

`client` holds the one class that adapters are given, `pacing` the turns that requests wait for, `answers` what an
answer means, `clock` the world's time and chance. Only `client` imports httpx, so import from the modules directly.
"""
