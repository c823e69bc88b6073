"""GGUF files written by hand, byte by byte, so that each part can be wrong; oracle: the gguf library reads them too."""

from __future__ import annotations

import struct
from typing import Any

_KINDS = {"u8": 0, "u16": 2, "u32": 4, "i32": 5, "f32": 6, "bool": 7, "u64": 10}
_LAYOUTS = {"u8": "<B", "u16": "<H", "u32": "<I", "i32": "<i", "f32": "<f", "bool": "<B", "u64": "<Q"}


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key: str, kind: str, value: Any) -> bytes:
    """One entry of the metadata; ``kind`` is ``str``, ``strs`` or a number's name."""
    if kind == "str":
        return text(key) + struct.pack("<I", 8) + text(value)
    if kind == "strs":
        return text(key) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(text(one) for one in value)
    return text(key) + struct.pack("<I", _KINDS[kind]) + struct.pack(_LAYOUTS[kind], value)


def tensor(name: str, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def gguf(
    pairs: list[bytes],
    tensors: list[bytes],
    data: bytes = b"",
    *,
    version: int = 3,
    counts: tuple[int, int] | None = None,
    alignment: int = 32,
) -> bytes:
    """A whole file; ``counts`` are told in place of the true ones."""
    told = counts or (len(tensors), len(pairs))
    head = b"GGUF" + struct.pack("<IQQ", version, *told) + b"".join(pairs) + b"".join(tensors)
    return head + bytes(-len(head) % alignment) + data


def small_model(**changes: Any) -> bytes:
    """A whole file of one tensor of 64 numbers; ``changes`` replace or, with ``None``, drop an entry."""
    said: dict[str, tuple[str, Any] | None] = {
        "general.architecture": ("str", "llama"),
        "general.name": ("str", "small"),
        "general.license": ("str", "apache-2.0"),
        "general.file_type": ("u32", 0),
        "llama.context_length": ("u32", 8192),
        "tokenizer.ggml.tokens": ("strs", ["a", "b", "c"]),
        "tokenizer.chat_template": ("str", "{{ messages }}"),
    }
    said |= {key.replace("__", "."): value for key, value in changes.items()}
    pairs = [pair(key, *value) for key, value in said.items() if value is not None]
    return gguf(pairs, [tensor("w", (32, 2), 0, 0)], bytes(256))
