"""Head, tail, count and digest of any stream."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.sandbox.output import KeptOutput


@given(chunks=st.lists(st.binary(max_size=40)), limit=st.integers(0, 300), part=st.integers(1, 30))
def test_head_and_tail_are_the_ends_of_what_fits(chunks: list[bytes], limit: int, part: int) -> None:
    kept = KeptOutput(limit, part)
    handed_on = b"".join(kept.add(chunk) for chunk in chunks)
    whole = b"".join(chunks)[:limit]
    assert handed_on == whole
    assert (kept.count, kept.digest) == (len(whole), f"sha256:{hashlib.sha256(whole).hexdigest()}")
    assert kept.head == whole[:part]
    assert kept.tail == whole[part:][-part:]
