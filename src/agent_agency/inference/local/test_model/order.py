"""Which model to make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent_agency.inference.local.test_model.shapes import Shape

Quantisation = Literal["Q8_0", "Q4_0", "F16"]
QUANTISATIONS: tuple[Quantisation, ...] = ("Q8_0", "Q4_0", "F16")
"""The formats that llama.cpp and OpenVINO both read, and that can be written without either."""


@dataclass(frozen=True, slots=True)
class ModelOrder:
    """A shape, the format of its matrices, and the seed (not negative) of its weights: same order, same bytes."""

    shape: Shape
    quantisation: Quantisation = "Q8_0"
    seed: int = 0
