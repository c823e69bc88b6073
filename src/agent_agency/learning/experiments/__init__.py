"""Experiments between two arms, assigned by hash and stopped by rule."""
