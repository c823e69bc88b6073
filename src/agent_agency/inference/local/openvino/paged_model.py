"""A model driven by hand: rows of tokens in, log-probabilities of chosen places out, over one shared memory.

OpenVINO's paged attention (the kernel of its continuous batching) takes rows of different lengths at once, each with
the list of blocks that hold what came before. The last matrix product, by far the widest one, is done only for places
whose probabilities are asked for.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from itertools import accumulate, chain
from math import prod
from typing import TYPE_CHECKING, Any

from agent_agency.extras import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WANTED = "wanted_places"
_CACHE = "_cache."


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence's next tokens.

    Args:
        ids: the tokens to compute.
        past: how many tokens came before.
        blocks: where keys and values of all of them lie, those to compute included.
        wanted: at which of the tokens, counted in ``ids``, the next token's log-probabilities are asked for.
    """

    ids: tuple[int, ...]
    past: int
    blocks: tuple[int, ...]
    wanted: tuple[int, ...]


class PagedModel:
    """A compiled model with its memory. Not for use from several threads at once.

    Args:
        path: of ``openvino_model.xml``.
        blocks: how many blocks of memory it has; they take room only once they are written to.
        settings: of OpenVINO's processor plugin.

    Raises:
        RuntimeError: OpenVINO cannot read, change or compile the model.
        ValueError: its graph is not one of a language model as we know them.
    """

    def __init__(self, path: str, blocks: int, settings: Mapping[str, Any]) -> None:
        self._numpy = require("numpy", extra="local")
        openvino = require("openvino", extra="local")
        core = openvino.Core()
        model = core.read_model(path)
        passes = require("openvino._offline_transformations", extra="local")
        passes.paged_attention_transformation(model)
        _narrow_to_wanted(model)
        compiled = core.compile_model(model, "CPU", dict(settings))
        self._request = compiled.create_infer_request()
        self._memory: list[Any] = []
        for port in compiled.inputs:
            if _CACHE in port.get_any_name():
                self._give_memory(openvino, port, blocks)

    def logprobs(self, rows: Sequence[Row]) -> Any:
        """Compute rows.

        Returns:
            Natural-log probabilities over the vocabulary, shape (all wanted places of all rows, vocabulary).
        """
        self._request.infer(self._inputs(rows))
        return _log_softmax(self._numpy, self._request.get_output_tensor(0).data[:, 0, :])

    def copy_block(self, source: int, target: int) -> None:
        """Copy one block of all layers."""
        for tensor in self._memory:
            tensor[target] = tensor[source]

    def _give_memory(self, openvino: Any, port: Any, blocks: int) -> None:
        """Zeroed pages: what was never written may hold no number, and a masked "no number" still spreads.

        They come from the kernel, which gives memory only to those that are written; the C library, asked for zeroed
        memory, writes all of it where it has some at hand.
        """
        shape = [size.get_length() if size.is_static else blocks for size in port.partial_shape]
        kind = self._numpy.dtype(port.element_type.to_dtype())
        pages = mmap.mmap(-1, prod(shape) * kind.itemsize)
        array = self._numpy.frombuffer(pages, kind).reshape(shape)
        self._request.set_tensor(port.get_any_name(), openvino.Tensor(array, shared_memory=True))
        self._memory.append(array)

    def _inputs(self, rows: Sequence[Row]) -> dict[str, Any]:
        lengths = [len(row.ids) for row in rows]
        begins = [0, *accumulate(lengths)]
        positions = chain.from_iterable(range(row.past, row.past + len(row.ids)) for row in rows)
        wanted = [begin + place for begin, row in zip(begins, rows, strict=False) for place in row.wanted]
        numbers = self._numpy.int32
        return {
            "input_ids": self._longs(chain.from_iterable(row.ids for row in rows)),
            "position_ids": self._longs(positions),
            "max_context_len": self._numpy.array(max(row.past + len(row.ids) for row in rows), numbers),
            "past_lens": self._numpy.array([row.past for row in rows], numbers),
            "subsequence_begins": self._numpy.array(begins, numbers),
            "block_indices": self._numpy.array([one for row in rows for one in row.blocks], numbers),
            "block_indices_begins": self._numpy.array([0, *accumulate(len(row.blocks) for row in rows)], numbers),
            _WANTED: self._longs(wanted),
        }

    def _longs(self, values: Any) -> Any:
        return self._numpy.fromiter(values, self._numpy.int64)


def _narrow_to_wanted(model: Any) -> None:
    """Put a choice of places before the product with the vocabulary.

    Raises:
        ValueError: there is no such product at the end of the graph.
    """
    numpy = require("numpy", extra="local")
    operations = require("openvino.opset13", extra="local")
    product = model.get_results()[0].input_value(0).get_node()
    while product.get_type_name() != "MatMul":
        if not product.get_input_size():
            raise ValueError("its graph does not end in a product with the vocabulary")
        product = product.input_value(0).get_node()
    wanted = operations.parameter([-1], numpy.int64, name=_WANTED)
    wanted.output(0).set_names({_WANTED})
    chosen = operations.gather(product.input_value(0), wanted, operations.constant(numpy.int64(0)))
    product.input(0).replace_source_output(chosen.output(0))
    model.add_parameters([wanted])
    model.validate_nodes_and_infer_types()


def _log_softmax(numpy: Any, logits: Any) -> Any:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - numpy.log(numpy.exp(shifted).sum(axis=-1, keepdims=True, dtype=numpy.float64))
