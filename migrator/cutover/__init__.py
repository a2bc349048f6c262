"""Cutover: switch the active side of jobs, so that exactly one side is active at every instant at which a job is due.

snapshot ─▶ stage the target ─▶ snapshot ─▶ verify ─▶ decide ─▶ switch each job in its gap ─▶ verify again
"""
