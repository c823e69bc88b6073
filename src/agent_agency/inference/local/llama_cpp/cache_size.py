"""How much memory a token of context takes, as a file's header tells."""

from __future__ import annotations

from agent_agency.inference.models.gguf_header import GgufHeader

_BYTES_EACH = 2


def bytes_per_token(header: GgufHeader) -> int | None:
    """Bytes of keys and values that every token of a window takes; ``None`` where the header does not tell.

    Reserved for the whole window of every slot when a model is loaded.
    """
    architecture = header.text("general.architecture")

    def told(key: str) -> int | None:
        return header.number(f"{architecture}.{key}")

    heads, layers = told("attention.head_count"), told("block_count")
    kv_heads = told("attention.head_count_kv") or heads
    if not heads or not layers or not kv_heads:
        return None
    usual = (told("embedding_length") or 0) // heads
    keys, values = (told(f"attention.{part}_length") or usual for part in ("key", "value"))
    return layers * kv_heads * (keys + values) * _BYTES_EACH or None
