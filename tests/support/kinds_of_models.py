"""Models of random weights of other kinds than the test model's: the nano model with parts of its file changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.test_models import nano_model

BEGIN = "{% for m in messages %}"
END = "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
TURN = "{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
NO_SYSTEM = (
    f"{{% if messages[0].role == 'system' %}}{{{{ raise_exception('No system') }}}}{{% endif %}}{BEGIN}{TURN}{END}"
)
DROPS_SYSTEM = f"{BEGIN}{{% if m.role != 'system' %}}{TURN}{{% endif %}}{END}"
THINKS = (
    f"{BEGIN}{TURN}{END}{{% if add_generation_prompt and enable_thinking is defined and enable_thinking is false %}}"
    "{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}"
)
DATED = (
    "{% if not date_string is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    f"{{{{ '<|im_start|>system\\nToday: ' + date_string + '<|im_end|>\\n' }}}}{BEGIN}{TURN}{END}"
)
_SKIPPED = ("GGUF.", "general.architecture")


def changed_model(
    out: Path, values: Mapping[str, Any], tensors: Mapping[str, Any] | None = None, architecture: str = "llama"
) -> Path:
    """Write the nano model with other values of its metadata (``None`` drops one), and further tensors.

    Args:
        out: the file.
        values: by key; a key that begins with a dot is the architecture's.
        tensors: by name, as arrays of 32-bit floats.
        architecture: that the file names; settings are renamed with it.
    """
    gguf = pytest.importorskip("gguf", reason="NOT RUN: the extra 'local' is not installed, which makes the model")
    reader, writer = gguf.GGUFReader(nano_model()), gguf.GGUFWriter(out, architecture)
    said = {key if key[0] != "." else f"{architecture}{key}": value for key, value in values.items()}
    for key, field in reader.fields.items():
        name = key.replace("llama.", f"{architecture}.", 1) if key.startswith("llama.") else key
        if name.startswith(_SKIPPED) or name in said:
            continue
        kinds = field.types
        writer.add_key_value(name, field.contents(), kinds[0], kinds[-1] if len(kinds) > 1 else None)
    for key, value in said.items():
        if value is not None:
            _add(gguf, writer, key, value)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    for name, array in (tensors or {}).items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def sentence_pieces() -> dict[str, Any]:
    """The metadata of a SentencePiece tokenizer with bytes to fall back on, in the size of the nano model's."""
    gguf = pytest.importorskip("gguf", reason="NOT RUN: the extra 'local' is not installed, which makes the model")
    words = gguf.GGUFReader(nano_model()).fields["tokenizer.ggml.tokens"].contents()
    marks = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]
    own = [f"<0x{byte:02X}>" for byte in range(256)]
    pieces = dict.fromkeys(word.replace("\u0120", "\u2581") for word in words if word.isascii() or "\u0120" in word)
    kept = [one for one in pieces if not one.startswith("<|")][: len(words) - len(marks) - len(own)]
    unused = [f"<unused{number}>" for number in range(len(words) - len(marks) - len(own) - len(kept))]
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.merges": None,
        "tokenizer.ggml.tokens": [*marks, *own, *kept, *unused],
        "tokenizer.ggml.scores": [
            *(0.0 for _ in (*marks, *own)),
            *(-float(rank) for rank in range(len(kept + unused))),
        ],
        "tokenizer.ggml.token_type": [2, 3, 3, 3, 3, *(6 for _ in own), *(1 for _ in kept), *(5 for _ in unused)],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.padding_token_id": None,
        "tokenizer.ggml.add_bos_token": None,
        "tokenizer.chat_template": (
            "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}{{ ' ' + m.content + eos_token }}"
            "{% else %}{{ '[INST] ' + m.content + ' [/INST]' }}{% endif %}{% endfor %}"
        ),
    }


def _add(gguf: Any, writer: Any, key: str, value: Any) -> None:
    kinds = gguf.GGUFValueType
    if isinstance(value, list):
        inner = {str: kinds.STRING, float: kinds.FLOAT32, int: kinds.INT32}[type(value[0])]
        writer.add_key_value(key, value, kinds.ARRAY, inner)
        return
    kind = {str: kinds.STRING, bool: kinds.BOOL, float: kinds.FLOAT32, int: kinds.UINT32}[type(value)]
    writer.add_key_value(key, value, kind)
