"""Labelled examples whose labels were proved by running tests and measuring the diff."""

from agent_agency.learning.dataset.example import Example
from agent_agency.learning.dataset.sealed import UseCounter, open_sealed
from agent_agency.learning.dataset.shipped import load, load_subjects

__all__ = ["Example", "UseCounter", "load", "load_subjects", "open_sealed"]
