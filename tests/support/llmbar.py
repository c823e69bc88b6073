"""Where the recorded judges of LLMBar lie, and the loud skip where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

LLMBAR = Path(__file__).resolve().parents[3] / "shared" / "data" / "llmbar"
ITEMS = LLMBAR / "items.jsonl"
JUDGMENTS = LLMBAR / "judgments.jsonl.gz"

needs_llmbar = pytest.mark.skipif(
    not (ITEMS.is_file() and JUDGMENTS.is_file()),
    reason="NOT RUN: the recorded judges of LLMBar are absent (../shared/data/llmbar); panels are unproven here",
)
