"""What of a changed file is to be scanned for credentials, or why it cannot be had.

Of text the added lines; of a file that git calls binary all the text that it holds, so that neither a stray NUL byte
nor an attribute nor another encoding hides anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent_agency.change.model import AddedLine, FileChange, FileEnd, FileStatus
from agent_agency.gates.context import GateContext

MAX_CHARACTERS = 8 * 1024 * 1024
MAX_BINARY_BYTES = 4 * 1024 * 1024

_TEXT_RUN = re.compile(rb"[\t\x20-\x7e]{8,}")
_PRINTABLE = bytes([*range(0x20, 0x7F), *b"\t\r\n"])
_MOSTLY = 0.9
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Material:
    """Lines to scan; ``before`` are those of the base where git tells no added lines apart.

    ``guess`` is whether text that only looks like a credential is worth telling: not in a mere data file.
    """

    lines: Sequence[AddedLine] = ()
    before: Sequence[AddedLine] = ()
    guess: bool = True


def material_of(context: GateContext, file: FileChange) -> Material | str:
    """What to scan of a file, or in words why it cannot be scanned."""
    end = file.new
    if end is None or end.is_submodule or file.no_op:
        return Material()
    if end.is_symlink:
        return "its target is not known" if end.link_target is None else Material((AddedLine(1, end.link_target),))
    return _of_binary(context, file, end) if file.binary else _of_text(context, file, end)


def _of_text(context: GateContext, file: FileChange, end: FileEnd) -> Material | str:
    if file.added == 0:
        return Material()
    lines = context.added_lines.get(end.path)
    if lines is None or len(lines) != file.added:
        return "its added lines are not all known"
    if sum(len(line.text) for line in lines) > MAX_CHARACTERS:
        return f"more than {MAX_CHARACTERS:,} characters are added"
    return Material(lines)


def _of_binary(context: GateContext, file: FileChange, end: FileEnd) -> Material | str:
    if end.size is None or end.size > MAX_BINARY_BYTES:
        return f"it is a binary file of more than {MAX_BINARY_BYTES:,} bytes"
    data = context.read_head(end.path)
    if data is None:
        return "it could not be read at the head"
    return Material(tuple(text_lines(data)), tuple(text_lines(_before(context, file))), guess=is_mostly_text(data))


def _before(context: GateContext, file: FileChange) -> bytes:
    old = file.old
    if old is None or file.status is FileStatus.COPIED or old.size is None or old.size > MAX_BINARY_BYTES:
        return b""
    return context.read_base(old.path) or b""


def text_lines(data: bytes) -> Iterator[AddedLine]:
    """What a binary file holds of text, by line: decoded where it claims to be Unicode, and every run of ASCII.

    Runs are also looked for with NUL bytes taken out, which shows UTF-16 without its mark; a false mark hides nothing.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if encoding is not None or b"\0" not in data:
        for number, text in enumerate(data.decode(encoding or "utf-8", "replace").split("\n"), start=1):
            yield AddedLine(number, text)
    if encoding is None and b"\0" not in data:
        return
    for number, line in enumerate(data.split(b"\n"), start=1):
        for run in dict.fromkeys(_TEXT_RUN.findall(line) + _TEXT_RUN.findall(line.replace(b"\0", b""))):
            yield AddedLine(number, run.decode("ascii"))


def is_mostly_text(data: bytes) -> bool:
    """Whether at least nine in ten bytes, NUL apart, are printable ASCII."""
    bare = data.replace(b"\0", b"")
    return len(bare) - len(bare.translate(None, _PRINTABLE)) >= _MOSTLY * len(bare)
