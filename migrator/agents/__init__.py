"""Command lines that run an AI agent on a prompt: recognised, written, and edited in place."""
