"""The loud skip where the other program that fits Dawid and Skene's model is not installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

needs_crowd_kit = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("crowdkit", "nltk", "pandas", "sklearn")),
    reason="NOT RUN: crowd-kit is absent (pip install scikit-learn nltk, then pip install --no-deps crowd-kit); "
    "our Dawid-Skene is unproven against it here",
)
