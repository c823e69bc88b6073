from __future__ import annotations

import pytest

from agent_agency.inference.local.test_model.shapes import DEFAULT_SHAPE, SHAPES, Shape
from agent_agency.inference.local.test_model.tensors import parameter_count


def test_the_default_has_at_least_100_million_parameters() -> None:
    assert parameter_count(SHAPES[DEFAULT_SHAPE]) == 134_515_008


@pytest.mark.parametrize(("name", "millions"), [("qwen05", 494.0), ("tiny", 16.6), ("nano", 1.0)])
def test_a_shape_has_the_parameters_of_the_model_whose_sizes_it_has(name: str, millions: float) -> None:
    assert parameter_count(SHAPES[name]) / 1e6 == pytest.approx(millions, abs=0.1)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=lambda shape: shape.name)
def test_every_matrix_is_made_of_whole_blocks(shape: Shape) -> None:
    assert shape.heads % shape.kv_heads == 0
    for width in (shape.hidden, shape.feed_forward, shape.heads * shape.head_size):
        assert width % 32 == 0
