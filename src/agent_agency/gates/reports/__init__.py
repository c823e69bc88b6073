"""Readers of the reports that tools write: each report becomes one value, or a problem, never an exception."""
