"""Whether a token's numbers are the same whatever is computed beside it: seen by trying, for this model and machine.

Which kernel multiplies a matrix depends on its format, the processor and how many tokens stand together, and the
library tells none of it. So one prompt is computed whole, then with its last token alone, then beside another prompt.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.completion import complete
from agent_agency.inference.local.llama_cpp.door import Door
from agent_agency.inference.local.llama_cpp.prompts import Prompts
from agent_agency.inference.local.llama_cpp.slots import Slot
from agent_agency.inference.local.llama_cpp.tokens import Tokens

_STEADY = frozenset({"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q3_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"})
"""Formats of matrices with which 32 longer prompts had the same numbers alone and beside others. With Q4_K three were
up to 0.05 nat off, and one model in F16 passed the trial below and was 0.004 off then."""
_OF_VECTORS = "F32"
_LIKELIEST = 16
_SPLIT = 2
_FORCED = 1000.0
_MOST_APART = 1e-5
_TEXT = "The judge reads the rubric, weighs each piece of evidence, and says whether the change holds. " * 3


def steady(kinds: Iterable[str]) -> bool:
    """Whether all matrices of a model are in formats of which one trial tells enough."""
    matrices = set(kinds) - {_OF_VECTORS}
    return bool(matrices) and matrices <= _STEADY


def same_numbers(door: Door, prompts: Prompts, *, width: int) -> bool:
    """Whether whole, last token alone, and beside others come to the same log-probabilities, to five decimals.

    Args:
        door: to a server on which nothing runs yet.
        prompts: writes prompts for it.
        width: slots of the server.

    Raises:
        EngineError: the server failed.
    """
    tokens = prompts.tokens(_TEXT, Call())
    whole = _likeliest(door, prompts, tokens, 0, reuse=False)
    last = _likeliest(door, prompts, tokens, 0, reuse=True)
    _likeliest(door, prompts, tokens[: len(tokens) // _SPLIT], 1 % width, reuse=False)
    behind = _likeliest(door, prompts, tokens, 1 % width, reuse=True)
    others = [last, behind, *_together(door, prompts, tokens, min(width, 4))]
    return all(abs(one.get(token, 0.0) - told) <= _MOST_APART for one in others for token, told in whole.items())


def _together(door: Door, prompts: Prompts, tokens: Tokens, count: int) -> list[Mapping[int, float]]:
    """The same prompt on several slots at once, some with nothing but their last token left."""
    found: list[Mapping[int, float]] = [{} for _ in range(count)]

    def ask(number: int) -> None:
        found[number] = _likeliest(door, prompts, tokens, number, reuse=number % 2 == 0)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _likeliest(door: Door, prompts: Prompts, tokens: Tokens, slot: int, *, reuse: bool) -> Mapping[int, float]:
    body: dict[str, Any] = {
        "n_predict": 1,
        "samplers": ["temperature"],
        "temperature": 0,
        "logit_bias": [[prompts.plain(Call()), _FORCED]],
        "n_probs": _LIKELIEST,
        "cache_prompt": reuse,
    }
    told = complete(door, Slot(slot), tokens, body, Call()).probabilities[0]
    return {one["id"]: one["logprob"] for one in told["top_logprobs"]}
