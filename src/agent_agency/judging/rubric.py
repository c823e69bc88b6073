"""A rubric: what one judge looks for, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent_agency.judge_settings import SHIPPED_JUDGES
from agent_agency.judging.subject import Surface

Scale = Literal["binary", "graded"]
JUDGES = SHIPPED_JUDGES
"""The shipped judges; ``rubric`` is the general one."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One atomic question.

    ``counted`` names the program check that settles it where it can be settled by counting; a model is asked only
    where that check has no answer. ``weight`` 0 is looked at and reported without moving the score.
    """

    id: str
    question: str
    scale: Scale
    weight: float
    surfaces: tuple[Surface, ...]
    counted: str = ""


@dataclass(frozen=True, slots=True)
class Rubric:
    """What one judge looks for."""

    judge: str
    version: str
    title: str
    criteria: tuple[Criterion, ...]
    digest: str
