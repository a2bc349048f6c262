"""Sync: one run from open endpoints to the checkpoint, and many syncs in order.

open endpoints ─▶ snapshot ─▶ reconcile ─▶ plan ─▶ execute ─▶ checkpoint
"""
