"""Random weights: a stream of its own for every tensor, so that none depends on those before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent_agency.extras import require
from agent_agency.inference.local.test_model.order import Quantisation
from agent_agency.inference.local.test_model.tensors import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray


def draw(tensor: Tensor, seed: int, index: int) -> NDArray[Any]:
    """Draw a tensor's numbers as 32-bit floats.

    Args:
        tensor: its size and filling.
        seed: the model's.
        index: the tensor's place in the file.
    """
    numpy = require("numpy", extra="local")
    if tensor.filling == "ones":
        return numpy.ones(tensor.size, dtype=numpy.float32)  # type: ignore[no-any-return]
    generator = numpy.random.Generator(numpy.random.PCG64([seed, index]))
    if tensor.filling == "signs":
        signs = generator.integers(0, 2, size=tensor.size).astype(numpy.float32) * 2 - 1
        return signs * numpy.float32(tensor.spread)  # type: ignore[no-any-return]
    drawn = generator.standard_normal(tensor.size, dtype=numpy.float32)
    drawn *= numpy.float32(tensor.spread)
    return drawn  # type: ignore[no-any-return]


def quantised(values: NDArray[Any], quantisation: Quantisation) -> NDArray[Any]:
    """Numbers as the file holds them: a matrix in the format asked for, a vector (norms, biases) as it is."""
    if values.ndim == 1:
        return values
    quants = require("gguf.quants", extra="local")
    kinds = require("gguf", extra="local").GGMLQuantizationType
    return quants.quantize(values, kinds[quantisation])  # type: ignore[no-any-return]
