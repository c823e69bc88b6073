"""Where the conformance data lies, and the loud skip where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

CAWS = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "caws"
SARIF_SCHEMA = CAWS.parent / "sarif-schema-2.1.0.json"

needs_caws = pytest.mark.skipif(
    not CAWS.is_dir(),
    reason="NOT RUN: the CAWS conformance cases are absent (../shared/conformance/caws); parity is unproven here",
)
