"""Making a model with random weights, by the names that people use."""

from __future__ import annotations

from pathlib import Path

from agent_agency.errors import UsageError
from agent_agency.inference.local.test_model.make import MadeModel, Told, make_model
from agent_agency.inference.local.test_model.order import QUANTISATIONS, ModelOrder
from agent_agency.inference.local.test_model.shapes import DEFAULT_SHAPE, SHAPES

SHAPE_NAMES = tuple(SHAPES)
__all__ = ["DEFAULT_SHAPE", "QUANTISATIONS", "SHAPE_NAMES", "make_test_model"]


def make_test_model(out: Path, *, shape: str, quantisation: str, seed: int, force: bool, told: Told) -> MadeModel:
    """Make a model.

    Args:
        out: the file to make.
        shape: one of ``SHAPE_NAMES``.
        quantisation: one of ``QUANTISATIONS``.
        seed: of the weights.
        force: whether a file that is there is replaced.
        told: called with the numbers written so far and those there will be.

    Raises:
        UsageError: there is no such shape or quantisation.
        MissingExtraError: the libraries are not installed.
        FileUnwritableError: the file is there already, or cannot be written.
    """
    if shape not in SHAPES:
        raise UsageError(f"There is no shape {shape!r}", fix=f"Take one of {', '.join(SHAPE_NAMES)}.")
    if quantisation not in QUANTISATIONS:
        raise UsageError(f"{quantisation!r} cannot be made", fix=f"Take one of {', '.join(QUANTISATIONS)}.")
    order = ModelOrder(SHAPES[shape], quantisation, seed)
    return make_model(out, order, told, force=force)
