"""The header of a GGUF file, read by hand: what the model says of itself, and whether the file is whole.

The file comes from anywhere. Every count and length is held against a bound and against the file's size before
anything is read or kept; of long arrays only the length is kept. Source: the GGUF specification (ggml, docs/gguf.md).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from agent_agency.errors import EngineError, FileUnreadableError
from agent_agency.inference.models.gguf_kinds import ARRAY, BOOL, SCALARS, STRING, TENSORS

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_PAIRS = 16_384
MAX_TENSORS = 262_144
MAX_KEY = 65_535
MAX_NAME = 1024
MAX_STRING = 8 * 1024 * 1024
MAX_ITEMS = 8_000_000
MAX_DEPTH = 4
MAX_DIMENSIONS = 8
MAX_HEADER = 128 * 1024 * 1024
MAX_ALIGNMENT = 1024 * 1024
_ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class GgufArray:
    """An array of the metadata: its elements' kind and number, and at which byte they begin; they are not kept."""

    kind: int
    count: int
    start: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor: ``offset`` in bytes from where the tensors begin; ``size`` is unknown for a kind we do not know."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)

    @property
    def size(self) -> int | None:
        """Its bytes."""
        if self.kind not in TENSORS:
            return None
        _, block, bytes_each = TENSORS[self.kind]
        return self.elements // block * bytes_each


Value = int | float | bool | str | GgufArray


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What stands before the tensors.

    Args:
        version: of the format.
        values: the metadata, by key.
        tensors: in the file's order.
        data_start: the byte at which the tensors begin.
        size: of the file, in bytes.
    """

    version: int
    values: Mapping[str, Value]
    tensors: tuple[GgufTensor, ...]
    data_start: int
    size: int

    @property
    def needed(self) -> int:
        """Bytes that the file must have for its tensors; of a tensor of a kind unknown to us only its beginning."""
        ends = (tensor.offset + (tensor.size or 0) for tensor in self.tensors)
        return self.data_start + max(ends, default=0)

    @property
    def missing(self) -> int:
        """Bytes that are not there; 0 for a whole file."""
        return max(0, self.needed - self.size)

    def text(self, key: str) -> str:
        """A text of the metadata; empty where there is none."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """A whole number of the metadata that is not negative."""
        value = self.values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def read_gguf(path: Path) -> GgufHeader:
    """Read a file's header.

    Raises:
        FileUnreadableError: the file cannot be read.
        EngineError: it is no GGUF file (``engine.not_a_model``), ends within its header (``engine.model_truncated``),
            or its header contradicts itself or is beyond all bounds (``engine.model_invalid``).
    """
    try:
        with path.open("rb") as stream:
            return _Reader(stream, os.fstat(stream.fileno()).st_size).header()
    except _ShortError as short:
        raise truncated(path, short.missing, within="its header") from None
    except _OtherError as other:
        raise EngineError(
            f"The file is no model: {other}",
            fix="Give a GGUF file, or a folder with an OpenVINO model.",
            path=str(path),
            code="engine.not_a_model",
        ) from None
    except _InvalidError as wrong:
        raise EngineError(
            f"The model's header cannot be used: {wrong}",
            fix="Get the file anew from where it was made.",
            path=str(path),
            code="engine.model_invalid",
        ) from None
    except OSError as error:
        message = f"The model cannot be read: {error.strerror or error}"
        raise FileUnreadableError(message, fix="Give a readable file.", path=str(path)) from error


def truncated(path: Path, missing: int, *, within: str) -> EngineError:
    """The error of a file that ends too early."""
    return EngineError(
        f"The model's file is cut off within {within}: at least {missing:,} bytes are missing",
        fix="Copy or download it again; agency engine add URL goes on where a download broke off.",
        path=str(path),
        code="engine.model_truncated",
    )


class _ShortError(Exception):
    """The file ends ``missing`` bytes before something ends."""

    def __init__(self, missing: int) -> None:
        super().__init__(missing)
        self.missing = missing


class _InvalidError(Exception):
    """The header is wrong; the message is a clause."""


class _OtherError(Exception):
    """It is another kind of file; the message is a clause."""


class _Reader:
    """Reads one header from its beginning."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self._at = 0
        self._walked = 0

    def header(self) -> GgufHeader:
        version = self._version()
        tensors, pairs = self._count("tensors", MAX_TENSORS), self._count("metadata", MAX_PAIRS)
        values: dict[str, Value] = {}
        for _ in range(pairs):
            key = self._key()
            if key in values:
                raise _InvalidError(f"the key {key[:80]!r} stands there twice")
            values[key] = self._value(self._unsigned("<I"), 0)
        alignment = self._alignment(values)
        listed = tuple(self._tensor(alignment) for _ in range(tensors))
        names = {tensor.name for tensor in listed}
        if len(names) < len(listed):
            raise _InvalidError("two tensors have one name")
        _refuse_overlaps(listed)
        start = -(-self._at // alignment) * alignment
        return GgufHeader(version, MappingProxyType(values), listed, start, self._size)

    def _version(self) -> int:
        magic = self._stream.read(4)
        if magic != MAGIC:
            raise _OtherError(_what_begins_with(magic + self._stream.read(60)))
        self._at = 4
        version = self._unsigned("<I")
        if version in VERSIONS:
            return version
        if version & 0xFFFF == 0:
            raise _InvalidError("it is made for machines of the other byte order")
        raise _InvalidError(
            f"it is of version {version} of the format, and {VERSIONS[0]} and {VERSIONS[1]} can be read"
        )

    def _alignment(self, values: Mapping[str, Value]) -> int:
        alignment = values.get("general.alignment", _ALIGNMENT)
        if not isinstance(alignment, int) or isinstance(alignment, bool) or not 0 < alignment <= MAX_ALIGNMENT:
            raise _InvalidError("its alignment is no number that tensors can be aligned to")
        if alignment & (alignment - 1):
            raise _InvalidError(f"its alignment of {alignment} is no power of two")
        return alignment

    def _tensor(self, alignment: int) -> GgufTensor:
        name = self._string(MAX_NAME, "a tensor's name")
        dimensions = self._unsigned("<I")
        if not 0 < dimensions <= MAX_DIMENSIONS:
            raise _InvalidError(f"the tensor {name[:80]!r} has {dimensions:,} dimensions")
        shape = tuple(self._unsigned("<Q") for _ in range(dimensions))
        kind, offset = self._unsigned("<I"), self._unsigned("<Q")
        if any(not 0 < one < 2**40 for one in shape) or prod(shape) >= 2**48:
            raise _InvalidError(f"the tensor {name[:80]!r} has a shape that no model has")
        if kind in TENSORS and shape[0] % TENSORS[kind][1]:
            raise _InvalidError(f"the rows of the tensor {name[:80]!r} are no whole blocks")
        if offset % alignment or offset >= 2**60:
            raise _InvalidError(f"the tensor {name[:80]!r} begins where none can")
        return GgufTensor(name, shape, kind, offset)

    def _value(self, kind: int, depth: int) -> Value:
        if kind == STRING:
            return self._string(MAX_STRING, "a text", keep=True)
        if kind == ARRAY:
            return self._array(depth)
        if kind not in SCALARS:
            raise _InvalidError(f"a value is of the kind {kind}, which the format does not have")
        layout = SCALARS[kind]
        value: int | float = struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        return bool(value) if kind == BOOL else value

    def _array(self, depth: int) -> GgufArray:
        kind, count = self._unsigned("<I"), self._count("arrays", MAX_ITEMS - self._walked)
        start = self._at
        if kind in SCALARS:
            self._skip(count * struct.calcsize(SCALARS[kind]))
            return GgufArray(kind, count, start)
        self._walked += count
        if kind == STRING:
            for _ in range(count):
                self._skip_string()
        elif kind == ARRAY and depth < MAX_DEPTH:
            for _ in range(count):
                self._array(depth + 1)
        else:
            raise _InvalidError("an array holds what no array may hold")
        return GgufArray(kind, count, start)

    def _key(self) -> str:
        return self._string(MAX_KEY, "a key")

    def _string(self, most: int, what: str, *, keep: bool = False) -> str:
        length = self._unsigned("<Q")
        if length > most:
            raise _InvalidError(f"{what} is {length:,} bytes long")
        data = self._take(length)
        try:
            return data.decode("utf-8", "replace" if keep else "strict")
        except UnicodeDecodeError:
            raise _InvalidError(f"{what} is not UTF-8") from None

    def _skip_string(self) -> None:
        length = self._unsigned("<Q")
        if length > MAX_STRING:
            raise _InvalidError(f"a text is {length:,} bytes long")
        self._take(length)

    def _count(self, what: str, most: int) -> int:
        count = self._unsigned("<Q")
        if count > most:
            raise _InvalidError(f"it says that {what} have {count:,} entries, and none has more than {most:,}")
        return count

    def _unsigned(self, layout: str) -> int:
        value: int = struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        return value

    def _take(self, length: int) -> bytes:
        self._reach(length)
        data = self._stream.read(length)
        if len(data) < length:
            raise _ShortError(length - len(data))
        return data

    def _skip(self, length: int) -> None:
        self._reach(length)
        self._stream.seek(length, os.SEEK_CUR)

    def _reach(self, length: int) -> None:
        """Move on, if the file and the bound of a header go that far."""
        self._at += length
        if self._at > self._size:
            raise _ShortError(self._at - self._size)
        if self._at > MAX_HEADER:
            raise _InvalidError(f"it is larger than {MAX_HEADER:,} bytes")


def _refuse_overlaps(tensors: tuple[GgufTensor, ...]) -> None:
    reached = 0
    for tensor in sorted(tensors, key=lambda one: one.offset):
        if tensor.offset < reached:
            raise _InvalidError(f"the tensor {tensor.name[:80]!r} lies over another one")
        reached = tensor.offset + (tensor.size or 1)


def _what_begins_with(data: bytes) -> str:
    if not data:
        return "it is empty"
    head = data.lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "it is a page for people, as servers send in place of a file"
    if head.startswith((b"version https://git-lfs", b"version https://hawser")):
        return "it is a pointer of git-lfs, and the file itself was not fetched"
    if head.startswith(b"{"):
        return "it begins as JSON does"
    if data.startswith(b"PK"):
        return "it is an archive; unpack it first"
    return "it does not begin as GGUF files do"
