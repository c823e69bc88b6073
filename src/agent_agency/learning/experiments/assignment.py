"""Which arm a unit belongs to: by a salted hash, so that the same unit always gets the same answer."""

from __future__ import annotations

import hashlib

from agent_agency.learning.experiments.model import Experiment

_BYTES = 8


def place_of(salt: str, experiment: str, unit: str) -> float:
    """A unit's place from 0 up to, not including, 1: SHA-256 over salt, experiment and unit.

    The parts are told apart by their lengths. Places are spread evenly, and differ between experiments.
    """
    digest = hashlib.sha256()
    for part in (salt, experiment, unit):
        data = part.encode("utf-8")
        digest.update(len(data).to_bytes(_BYTES, "big") + data)
    number = int.from_bytes(digest.digest()[:_BYTES], "big") >> 11  # the 53 bits that a double holds
    return float(number) / 2.0**53


def arm_of(experiment: Experiment, unit: str) -> str:
    """The arm of a unit that is seen for the first time."""
    place = place_of(experiment.salt, experiment.name, unit)
    return experiment.treatment if place < experiment.share else experiment.control
