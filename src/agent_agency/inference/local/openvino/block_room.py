"""How many requests the memory for keys and values holds to their end.

OpenVINO GenAI (2026.4.1) lets requests in as long as their next tokens find blocks, and gives up those that find none
later. So a request is let in only where its prompt and its longest answer fit beside those of all that run. What
requests share is counted for each of them: it may be forgotten while they run, and be computed anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent_agency.inference.local.openvino.blocks import blocks_for

_AT_HAND = 1
"""One more block for each request: that into which a shared, half-filled one is copied."""


def blocks_needed(tokens: int) -> int:
    """Blocks that a request of so many tokens, answer included, takes at most."""
    return blocks_for(tokens) + _AT_HAND


class BlockRoom:
    """The blocks of a pipeline.

    Args:
        blocks: how many there are.
    """

    def __init__(self, blocks: int) -> None:
        self._blocks = blocks

    def holds(self, tokens: int, running: Iterable[int]) -> bool:
        """Whether a request fits beside those that run; alone it may always try.

        Args:
            tokens: of its prompt and its longest answer.
            running: the same of each request that runs.
        """
        taken = sum(map(blocks_needed, running))
        return not taken or taken + blocks_needed(tokens) <= self._blocks
