"""Judges: what they are asked, how they answer, and how far they can be trusted."""
