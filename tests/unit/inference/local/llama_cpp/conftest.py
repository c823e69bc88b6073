"""Models loaded with llama.cpp, once for each way of running them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backend_calls import Calls


@pytest.fixture(scope="session")
def exact(tiny_model: Path) -> Iterator[Calls]:
    """The tiny model in the exact precision, eight at a time."""
    yield from _loaded(tiny_model, "exact", 8)


@pytest.fixture(scope="session")
def alone(tiny_model: Path) -> Iterator[Calls]:
    """The tiny model in the exact precision, one at a time, every prompt computed anew."""
    yield from _loaded(tiny_model, "exact", 1, prefix_cache=False)


@pytest.fixture(scope="session")
def quick(nano_model: Path) -> Iterator[Calls]:
    """The nano model in the default precision."""
    yield from _loaded(nano_model, "default", 4)


def _loaded(model: Path, precision: str, width: int, **extra: bool) -> Iterator[Calls]:
    pytest.importorskip("xllamacpp", reason="NOT RUN: the extra 'local' is not installed")
    from agent_agency.inference.local.backend import LoadOptions
    from agent_agency.inference.local.llama_cpp.load import load

    options = LoadOptions(str(model), precision=precision, width=width, context_tokens=1024, threads=1, extra=extra)
    backend = load(options)
    yield Calls(backend)
    backend.close()
