"""What a model's file says of the model, whatever its format."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_agency.errors import EngineError, FileUnreadableError
from agent_agency.inference.models.gguf_header import GgufHeader, read_gguf, truncated
from agent_agency.inference.models.gguf_kinds import FILES, TENSORS
from agent_agency.inference.models.openvino_reads import not_for_openvino

SHORT_CONTEXT = 4096
"""Tokens below which a rubric with demonstrations and an item may not fit; said when a model is added."""
MAX_CONTEXT = 2**31 - 1
"""Tokens that engines can count to."""
_SHOWN = 200
_NO_WRITERS = frozenset({"bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "t5encoder", "clip"})
_OTHER_TYPES = frozenset({"adapter", "mmproj", "imatrix", "vocab"})


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a file says of its model.

    Args:
        format: ``gguf`` for one file, ``openvino`` for a folder.
        architecture: as the format names it, such as ``llama``; empty where it is not told.
        name: as its maker named it; empty where it is not told.
        licence: as the file says; empty where it says nothing.
        context_tokens: the window that it was made for; ``None`` where it is not told.
        vocabulary: tokens; ``None`` where it is not told.
        chat_template: whether it says how a conversation is written for it.
        quantisation: as people name it, such as ``Q8_0``; empty where it is not told.
        tensor_kinds: every format of its tensors, the most common (by elements) first.
        parameters: how many numbers its tensors hold; ``None`` where it is not told.
        size: bytes of all its files.
        not_openvino: why OpenVINO cannot run it, or would run it wrongly, as a clause; empty where it can.
    """

    format: Literal["gguf", "openvino"]
    architecture: str
    name: str
    licence: str
    context_tokens: int | None
    vocabulary: int | None
    chat_template: bool
    quantisation: str
    tensor_kinds: tuple[str, ...]
    parameters: int | None
    size: int
    not_openvino: str = ""

    def warnings(self) -> tuple[str, ...]:
        """What a person should know before judging with it, in a sentence each."""
        told = []
        if not self.chat_template:
            told.append("It shows no chat template: where OpenVINO finds none either, it will not be loaded.")
        if self.context_tokens is None:
            told.append("It does not say how many tokens it can read; the engine's own limit will hold.")
        elif self.context_tokens < SHORT_CONTEXT:
            told.append(f"Its context of {self.context_tokens:,} tokens is short: long rubrics and items will not fit.")
        if not self.licence:
            told.append("Its file names no licence: find out from its maker what you may do with it.")
        return tuple(told)


def read_model(path: Path) -> ModelFacts:
    """Read what a GGUF file or an OpenVINO folder says, and see that it is whole.

    Raises:
        FileUnreadableError: it is not there or cannot be read.
        EngineError: it is no model (``engine.not_a_model``), cut off (``engine.model_truncated``), one part of several
            (``engine.model_split``), or wrong in itself (``engine.model_invalid``).
    """
    try:
        return _read(path)
    except OSError as error:  # as where a folder above it may not be entered
        message = f"The model cannot be read: {error.strerror or error}"
        raise FileUnreadableError(message, fix="Give a readable file.", path=str(path)) from error


def _read(path: Path) -> ModelFacts:
    if path.is_dir():
        from agent_agency.inference.models.openvino_folder import read_openvino

        return read_openvino(path)
    if not path.exists():
        raise FileUnreadableError("The model's file is not there", fix="Give a file that exists.", path=str(path))
    if not path.is_file():
        raise FileUnreadableError("The model is no regular file", fix="Give a regular file.", path=str(path))
    header = read_gguf(path)
    _refuse_other_files(header, path)
    if header.missing:
        raise truncated(path, header.missing, within="its tensors")
    facts = _facts(header)
    if facts.context_tokens is not None and facts.context_tokens > MAX_CONTEXT:
        raise EngineError(
            f"The model's header cannot be used: it names a context of {facts.context_tokens:,} tokens",
            fix="Get the file anew from where it was made.",
            path=str(path),
            code="engine.model_invalid",
        )
    return facts


def refuse_without_template(facts: ModelFacts, path: Path) -> None:
    """Refuse a GGUF file that does not say how messages are written for its model; no engine here makes that up.

    Of a folder only OpenVINO itself can tell, when it is loaded.

    Raises:
        EngineError: ``engine.no_chat_template``.
    """
    if facts.format == "gguf" and not facts.chat_template:
        raise no_template(str(path))


def no_template(path: str) -> EngineError:
    """The error of a model that nobody knows how to put messages to."""
    return EngineError(
        "The model has no chat template, so nobody knows how messages are written for it",
        fix="Take a model made for conversations (its name often ends in -Instruct, -Chat or -it).",
        path=path,
        code="engine.no_chat_template",
    )


def _refuse_other_files(header: GgufHeader, path: Path) -> None:
    architecture, kind = header.text("general.architecture"), header.text("general.type")
    parts = header.number("split.count") or 1
    if parts > 1:
        raise EngineError(
            f"The file is one part of {parts:,} of a model",
            fix="Join the parts with llama-gguf-split --merge, and give the whole file.",
            path=str(path),
            code="engine.model_split",
        )
    if kind in _OTHER_TYPES:
        problem = f"it holds only what GGUF calls {kind!r}"
    elif architecture in _NO_WRITERS:
        problem = f"models of the architecture {architecture!r} write no text"
    elif not header.tensors:
        problem = "it holds no tensors"
    elif not architecture:
        problem = "it names no architecture"
    else:
        return
    raise EngineError(
        f"The file is no model that answers: {problem}",
        fix="Give a GGUF file of a model that writes text.",
        path=str(path),
        code="engine.not_a_model",
    )


def _facts(header: GgufHeader) -> ModelFacts:
    architecture = header.text("general.architecture")
    return ModelFacts(
        format="gguf",
        architecture=_shown(architecture),
        name=_shown(header.text("general.name")),
        licence=_licence(header),
        context_tokens=header.number(f"{architecture}.context_length"),
        vocabulary=_vocabulary(header, architecture),
        chat_template=bool(header.text("tokenizer.chat_template").strip()),
        quantisation=_quantisation(header),
        tensor_kinds=_kinds(header),
        parameters=sum(tensor.elements for tensor in header.tensors),
        size=header.size,
        not_openvino=not_for_openvino(header),
    )


def _licence(header: GgufHeader) -> str:
    told = (header.text(f"general.license{end}") for end in ("", ".name", ".link"))
    return ", ".join(dict.fromkeys(_shown(one) for one in told if one.strip()))


def _vocabulary(header: GgufHeader, architecture: str) -> int | None:
    tokens = header.values.get("tokenizer.ggml.tokens")
    counted = getattr(tokens, "count", None)
    return counted if isinstance(counted, int) else header.number(f"{architecture}.vocab_size")


def _kinds(header: GgufHeader) -> tuple[str, ...]:
    counted: Counter[str] = Counter()
    for tensor in header.tensors:
        counted[TENSORS[tensor.kind][0] if tensor.kind in TENSORS else f"kind {tensor.kind}"] += tensor.elements
    return tuple(name for name, _ in counted.most_common())


def _quantisation(header: GgufHeader) -> str:
    told = header.number("general.file_type")
    return FILES[told] if told is not None and told in FILES else _kinds(header)[0]


def _shown(text: str) -> str:
    """A text of the file's, on one line and not longer than people read."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
