"""A folder with an OpenVINO model: which files must be there, and whether the weights are whole.

``openvino_model.xml`` says at which bytes of ``openvino_model.bin`` each constant lies; it is looked through for that
alone, without an XML parser, because the file comes from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent_agency.canonical_json import parse_json
from agent_agency.errors import EngineError, FileUnreadableError
from agent_agency.inference.models.gguf_header import truncated
from agent_agency.inference.models.model_facts import ModelFacts

MODEL = "openvino_model.xml"
WEIGHTS = "openvino_model.bin"
TOKENIZER = "openvino_tokenizer.xml"
NEEDED = (
    MODEL,
    WEIGHTS,
    TOKENIZER,
    "openvino_tokenizer.bin",
    "openvino_detokenizer.xml",
    "openvino_detokenizer.bin",
)
MAX_XML = 1024 * 1024 * 1024
MAX_JSON = 64 * 1024 * 1024
_CHUNK = 4 * 1024 * 1024
_OVERLAP = 4096
_CONSTANT = re.compile(rb"<data\b[^<>]{0,2000}>")
_ATTRIBUTE = re.compile(rb'\b(element_type|shape|offset|size)="([^"]{0,200})"')
_TEMPLATE = re.compile(rb'<chat_template value="[^"]')
_TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json")
_NAMES = {"f32": "F32", "f16": "F16", "bf16": "BF16", "i8": "INT8", "u8": "INT8", "i4": "INT4", "u4": "INT4"}


def is_openvino(path: Path) -> bool:
    """Whether a path is a folder that holds a model of OpenVINO's form."""
    return (path / MODEL).is_file()


def read_openvino(folder: Path) -> ModelFacts:
    """Read what a folder says of its model.

    Raises:
        FileUnreadableError: a file cannot be read.
        EngineError: it is no such folder, a file is missing or cut off, or the model's file contradicts itself.
    """
    if not is_openvino(folder):
        raise _wrong(folder, f"it holds no {MODEL}", "engine.not_a_model")
    absent = [name for name in NEEDED if not (folder / name).is_file()]
    if absent:
        raise _wrong(folder, f"it lacks {', '.join(absent)}", "engine.model_invalid")
    try:
        return _read(folder)
    except OSError as error:
        message = f"The model cannot be read: {error.strerror or error}"
        raise FileUnreadableError(message, fix="Make its files readable.", path=str(folder)) from error


def _read(folder: Path) -> ModelFacts:
    weights = folder / WEIGHTS
    needed, counted = _weights(folder / MODEL)
    missing = needed - weights.stat().st_size
    if missing > 0:
        raise truncated(weights, missing, within="its tensors")
    config, tokenizer = _object(folder / "config.json"), _object(folder / "tokenizer_config.json")
    kinds = tuple(sorted(counted, key=lambda kind: -counted[kind]))
    return ModelFacts(
        format="openvino",
        architecture=_text(config, "model_type"),
        name=_text(config, "_name_or_path") or folder.name,
        licence=_text(config, "license"),
        context_tokens=_number(config, "max_position_embeddings"),
        vocabulary=_number(config, "vocab_size"),
        chat_template=_has_template(folder, tokenizer),
        quantisation=kinds[0] if kinds else "",
        tensor_kinds=kinds,
        parameters=sum(counted.values()) or None,
        size=sum(one.stat().st_size for one in folder.iterdir() if one.is_file()),
    )


def _has_template(folder: Path, tokenizer: dict[str, Any]) -> bool:
    """Whether a chat template stands in any of the places where OpenVINO looks for one."""
    if tokenizer.get("chat_template") or any((folder / one).is_file() for one in _TEMPLATE_FILES):
        return True
    with (folder / TOKENIZER).open("rb") as stream:
        return _TEMPLATE.search(stream.read(MAX_JSON)) is not None


def _weights(model: Path) -> tuple[int, dict[str, int]]:
    """Bytes that the weights must have, and the numbers of each kind among them."""
    needed, counted, seen = 0, dict[str, int](), set[int]()
    for attributes in _constants(model):
        try:
            offset, size = int(attributes[b"offset"]), int(attributes[b"size"])
        except (KeyError, ValueError):
            continue
        if offset < 0 or size < 0 or offset + size >= 2**60:
            raise _wrong(model, "a constant lies where none can", "engine.model_invalid")
        needed = max(needed, offset + size)
        kind = attributes.get(b"element_type", b"").decode("ascii", "replace")
        if kind in _NAMES and offset not in seen:
            seen.add(offset)
            counted[_NAMES[kind]] = counted.get(_NAMES[kind], 0) + _elements(attributes.get(b"shape", b""))
    return needed, counted


def _constants(model: Path) -> Iterator[dict[bytes, bytes]]:
    if model.stat().st_size > MAX_XML:
        raise _wrong(model, f"it is larger than {MAX_XML:,} bytes", "engine.model_invalid")
    with model.open("rb") as stream:
        kept = stream.read(_CHUNK)
        if not kept.lstrip().startswith((b"<?xml", b"<net")):
            raise _wrong(model, f"{MODEL} is no XML", "engine.not_a_model")
        while kept:
            done = 0
            for found in _CONSTANT.finditer(kept):
                done = found.end()
                yield dict(_ATTRIBUTE.findall(found[0]))
            more = stream.read(_CHUNK)
            kept = kept[max(done, len(kept) - _OVERLAP) :] + more if more else b""


def _elements(shape: bytes) -> int:
    total = 1
    for part in shape.split(b","):
        if not part.strip().isdigit():
            return 1
        total *= int(part)
    return min(total, 2**60)


def _object(path: Path) -> dict[str, Any]:
    """A JSON file's object; empty where there is none that can be read, for it only describes."""
    if not path.is_file() or path.stat().st_size > MAX_JSON:
        return {}
    try:
        value = parse_json(path.read_bytes())
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(values: dict[str, Any], key: str) -> str:
    value = values.get(key)
    return " ".join(value.split())[:200] if isinstance(value, str) and value.isprintable() else ""


def _number(values: dict[str, Any], key: str) -> int | None:
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _wrong(path: Path, problem: str, code: str) -> EngineError:
    return EngineError(
        f"The folder is no OpenVINO model: {problem}",
        fix="Give a folder as optimum-cli export openvino writes it, or a GGUF file.",
        path=str(path),
        code=code,
    )
