"""Making a model: vocabulary, weights, file; whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_agency.inference.local.test_model.corpus import corpus
from agent_agency.inference.local.test_model.gguf_file import write_gguf
from agent_agency.inference.local.test_model.shapes import Shape
from agent_agency.inference.local.test_model.tensors import tensors_of
from agent_agency.inference.local.test_model.vocabulary import train
from agent_agency.inference.local.test_model.weights import Quantisation

LOGIT_SPREAD = 3.0


def make_gguf(path: Path, shape: Shape, quantisation: Quantisation, seed: int,
    told: Callable[[int, int], None]) -> None:
    vocabulary = train(corpus(), shape.vocabulary)
    write_gguf(path, shape, quantisation, tensors_of(shape, LOGIT_SPREAD), vocabulary, seed, told)
