"""Deterministic checks over a change, and their results."""
