"""Faces for other programs: HTTP."""
