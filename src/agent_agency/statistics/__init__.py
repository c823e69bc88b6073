"""Intervals, tests and corrections, from libraries where one has them."""
