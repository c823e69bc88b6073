"""Engines on this machine: a model file of the user's, run in a process of its own."""
