"""Models with random weights for the engines' tests; see ``support.test_models``."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import test_models


@pytest.fixture(scope="session")
def nano_model() -> Path:
    """A Llama of 1 M parameters."""
    return test_models.nano_model()


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A Llama of 17 M parameters."""
    return test_models.tiny_model()
