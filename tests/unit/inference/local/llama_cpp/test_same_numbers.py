from __future__ import annotations

import pytest

from agent_agency.inference.local.llama_cpp.same_numbers import steady


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        (("Q8_0", "F32"), True),
        (("Q5_K", "Q6_K", "F32"), True),
        (("Q4_K", "Q6_K", "F32"), False),
        (("F16", "F32"), False),
        (("BF16", "F32"), False),
        (("F32",), False),
        (("kind 99",), False),
    ],
)
def test_exact_answers_together_only_in_formats_that_were_seen_to_be_steady(
    kinds: tuple[str, ...], found: bool
) -> None:
    assert steady(kinds) is found
