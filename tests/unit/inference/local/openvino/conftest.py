"""Models loaded with OpenVINO, once for each precision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backend_calls import Calls


@pytest.fixture(scope="session")
def conversions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where converted models are kept between tests."""
    pytest.importorskip("openvino_genai", reason="NOT RUN: the extra 'local' is not installed")
    return tmp_path_factory.mktemp("conversions")


@pytest.fixture(scope="session")
def exact(tiny_model: Path, conversions: Path) -> Iterator[Calls]:
    """The tiny model, computed in 32 bits throughout."""
    yield from _loaded(tiny_model, conversions, "exact")


@pytest.fixture(scope="session")
def alone(tiny_model: Path, conversions: Path) -> Iterator[Calls]:
    """The tiny model in 32 bits, every prompt computed anew."""
    yield from _loaded(tiny_model, conversions, "exact", prefix_cache=False)


@pytest.fixture(scope="session")
def quick(nano_model: Path, conversions: Path) -> Iterator[Calls]:
    """The nano model in the default precision."""
    yield from _loaded(nano_model, conversions, "default")


def _loaded(model: Path, folder: Path, precision: str, **extra: bool) -> Iterator[Calls]:
    from agent_agency.inference.local.backend import LoadOptions
    from agent_agency.inference.local.openvino.load import load

    settings = {"folder": str(folder), **extra}  # one thread: beside other work several wait for one another
    options = LoadOptions(str(model), precision=precision, width=8, context_tokens=2048, threads=1, extra=settings)
    backend = load(options)
    yield Calls(backend)
    backend.close()
