"""Making a model's file: tokens, weights, and the file in its place, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_agency.extras import require
from agent_agency.inference.local.test_model.corpus import corpus
from agent_agency.inference.local.test_model.gguf_file import write_gguf
from agent_agency.inference.local.test_model.order import ModelOrder
from agent_agency.inference.local.test_model.tensors import parameter_count, tensors_of
from agent_agency.inference.local.test_model.unfinished import finished_at
from agent_agency.inference.local.test_model.vocabulary import train

LOGIT_SPREAD = 3.0
"""Standard deviation of the logits of one answer over the vocabulary: unlike tokens are about as unlike as in a trained
model, and the likeliest ones differ from prompt to prompt."""

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class MadeModel:
    """A model that was made: ``digest`` is ``sha256:…`` of the file, ``size_bytes`` its length."""

    path: Path
    digest: str
    size_bytes: int
    parameters: int
    order: ModelOrder


def make_model(out: Path, order: ModelOrder, told: Told, *, force: bool = False) -> MadeModel:
    """Make a model and put it at ``out``.

    Args:
        out: the file; its folder exists.
        order: which model.
        told: called with the numbers written so far and those there will be.
        force: whether a file that is there is replaced.

    Raises:
        MissingExtraError: the libraries are not installed.
        FileUnwritableError: the file is there already, or cannot be written.
    """
    for library in ("numpy", "tokenizers", "gguf"):
        require(library, extra="local")
    with finished_at(out, replace=force) as unfinished:
        vocabulary = train(corpus(), order.shape.vocabulary)
        tensors = tensors_of(order.shape, LOGIT_SPREAD)
        write_gguf(unfinished, order, tensors, vocabulary, told)
        with unfinished.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = unfinished.stat().st_size
    return MadeModel(out, f"sha256:{digest}", size, parameter_count(order.shape), order)
