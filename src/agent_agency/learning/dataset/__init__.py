"""Labelled examples whose labels were proved by running tests and measuring the diff."""
