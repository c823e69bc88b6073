"""vLLM: OpenAI's protocol, a repetition penalty, and a tokenizer that applies the chat template.

Source: vLLM's documentation of its OpenAI-compatible server ("Extra parameters", "Tokenizer API").
"""

from __future__ import annotations

from types import MappingProxyType

from agent_agency.inference.dialects.dialect import Ask
from agent_agency.inference.dialects.openai import OpenAiDialect
from agent_agency.inference.protocol import Message
from agent_agency.inference.untrusted_json import as_count


class VllmDialect(OpenAiDialect):
    """A vLLM server; it refuses a prompt that does not fit."""

    backend = "vllm"
    keeps_open = True
    penalty_key = "repetition_penalty"
    own_defaults = MappingProxyType({"top_k": -1, "min_p": 0.0})  # else those of the model's generation_config.json

    def count(self, ask: Ask, model: str, messages: tuple[Message, ...]) -> int | None:
        """Tokens of the prompt, the template's included."""
        turns = [{"role": one.role, "content": one.content} for one in messages]
        told = ask("POST", "/tokenize", {"model": model, "messages": turns})
        return as_count(told.get("count"), "the tokenizer's count")
