"""llama-server of llama.cpp: OpenAI's protocol, a repeat penalty, and template and tokenizer to ask.

Source: the README of llama.cpp's server (``/apply-template``, ``/tokenize``, ``/props``).
"""

from __future__ import annotations

from types import MappingProxyType

from agent_agency.inference.dialects.dialect import Ask
from agent_agency.inference.dialects.openai import OpenAiDialect
from agent_agency.inference.protocol import Message
from agent_agency.inference.untrusted_json import as_text, bad_answer


class LlamaServerDialect(OpenAiDialect):
    """A llama-server; it refuses a prompt that does not fit."""

    backend = "llama-server"
    most_logprobs = 1024  # it has no bound of its own
    penalty_key = "repeat_penalty"
    own_defaults = MappingProxyType({"top_k": 0, "min_p": 0.0})  # else 40 and 0.05

    def count(self, ask: Ask, model: str, messages: tuple[Message, ...]) -> int | None:  # noqa: ARG002 - the seam's
        """Tokens of the prompt, the template's included."""
        turns = [{"role": one.role, "content": one.content} for one in messages]
        prompt = as_text(ask("POST", "/apply-template", {"messages": turns}).get("prompt"), "the templated prompt")
        told = ask("POST", "/tokenize", {"content": prompt, "add_special": False, "parse_special": True})
        tokens = told.get("tokens")
        if not isinstance(tokens, list):
            raise bad_answer("the tokenizer's answer holds no list of tokens")
        return len(tokens)
