"""HTTP policy, and the only package that knows it: rate limits, retries, error bodies, redaction.

`client` holds the one class that adapters are given, `connections` one exchange, `rate_limit` the turns that requests
wait for, `responses` what an answer means, `transport` what carries them, `clock` time and chance. httpx is slow to
import, so import from the modules directly.
"""
