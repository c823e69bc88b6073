"""Whether two engines answered alike: by their verdicts where they give one, else by their words."""

from __future__ import annotations

import json

from agent_agency.inference.labels import LabelReply
from agent_agency.inference.protocol import Reply

Answer = Reply | LabelReply


def same_verdict(old: Answer, new: Answer) -> bool:
    """Whether two answers to one request say the same.

    Scored labels agree where the likeliest label (per token) is the same one. JSON answers agree on their member
    ``verdict`` where both have one, else as a whole; other answers word for word, spaces apart.
    """
    if isinstance(old, LabelReply) and isinstance(new, LabelReply):
        return _likeliest(old) == _likeliest(new)
    if isinstance(old, Reply) and isinstance(new, Reply):
        return _said(old.text) == _said(new.text)
    return False


def _likeliest(reply: LabelReply) -> str:
    return max(reply.scores, key=lambda one: one.mean_logprob).label


def _said(text: str) -> object:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return " ".join(text.split())
    if isinstance(value, dict) and isinstance(value.get("verdict"), str):
        return value["verdict"]
    return value
