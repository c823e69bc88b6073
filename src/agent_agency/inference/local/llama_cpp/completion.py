"""Completions of the server: one request's events on one slot, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.door import Door
from agent_agency.inference.local.llama_cpp.slots import Slot
from agent_agency.inference.local.llama_cpp.tokens import Tokens
from agent_agency.inference.protocol import TokenChoice


@dataclass(frozen=True, slots=True)
class Completed:
    """What the server made of a prompt.

    Args:
        text: that it wrote.
        stopped: why it ended: ``eos``, ``word`` or ``limit``.
        prompt: tokens of the prompt.
        written: tokens that it wrote.
        cached: tokens of the prompt that the slot held already.
        probabilities: of each token that it wrote, as the server tells them; empty where not asked for.
    """

    text: str
    stopped: str
    prompt: int
    written: int
    cached: int
    probabilities: tuple[Mapping[str, Any], ...]

    def choices(self) -> tuple[TokenChoice, ...]:
        """The tokens as the protocol has them."""
        return tuple(
            TokenChoice(
                one["token"],
                one["logprob"],
                tuple((other["token"], other["logprob"]) for other in one["top_logprobs"]),
            )
            for one in self.probabilities
        )


def complete(
    door: Door,
    slot: Slot,
    tokens: Tokens,
    body: Mapping[str, Any],
    call: Call,
    piece: Callable[[str], None] | None = None,
) -> Completed:
    """Have the server go on after a prompt, on one slot.

    Args:
        door: to the server.
        slot: taken before; what it holds is kept up to date.
        tokens: of the prompt.
        body: how; as the server's ``/completion``.
        call: ends it early, and frees the slot.
        piece: is told text as it comes.

    Raises:
        EngineError: refused, cancelled, or the server failed.
    """
    slot.tokens = ()
    texts: list[str] = []
    probabilities: list[Mapping[str, Any]] = []
    last: Mapping[str, Any] | None = None
    for event in door.events("/completion", {**body, "prompt": tokens, "id_slot": slot.number}, call):
        if event["content"]:
            texts.append(event["content"])
            if piece is not None:
                piece(event["content"])
        probabilities.extend(event.get("completion_probabilities", ()))
        last = event
    if last is None or not last["stop"]:
        raise EngineError("llama.cpp's answer has no end", fix="Ask again.", code="engine.failed")
    slot.tokens = tokens
    timings = last["timings"]
    return Completed(
        text="".join(texts),
        stopped=last["stop_type"],
        prompt=len(tokens),
        written=last["tokens_predicted"],
        cached=timings["cache_n"],
        probabilities=tuple(probabilities),
    )
